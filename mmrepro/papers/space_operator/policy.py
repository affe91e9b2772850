"""The operator as a policy: a causal decoder that reads telemetry, the picture or both, and says a burn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import Captioner, DecoderSettings, Vocabulary
from mmrepro.papers.space_operator.picture import SIZE, Picture
from mmrepro.papers.space_operator.prompt import ASK, LANGUAGE, WORDS, Telemetry, constrained, spelled
from mmrepro.papers.space_operator.teacher import Decisions
from mmrepro.training.loop import Batch, Tensors

Senses = Literal["text", "picture", "both"]
Look = Callable[[Picture], Picture]
"""What is done to a batch of pictures before the operator sees them: a control, such as blanking."""
STRIDE = 32
_LINE = len(spelled(Telemetry((0.0, 0.0, 0.0), 0.0, 0.0, True).line()).split())
_AT_ONCE = 256


class Eye(nn.Module):
    """Turn a picture into visual tokens, each of a patch of 32 x 32 pixels and some of its neighbours.

    Raises
    ------
    MMReproError
        For pictures that do not divide into patches.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        if size % STRIDE:
            raise MMReproError(
                f"a picture of {size} pixels does not divide into patches; give a multiple of {STRIDE}."
            )
        self.size, self.tokens = size, (size // STRIDE) ** 2
        half, whole = max(8, width // 4), max(16, width // 2)
        self.patches = nn.Sequential(
            nn.Conv2d(3, half, 4, stride=4),
            nn.GELU(),
            nn.Conv2d(half, whole, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(whole, width, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
        )
        self.place = nn.Parameter(0.02 * torch.randn(self.tokens, width))

    def forward(self, pictures: Tensor) -> Tensor:
        """Look at pictures (batch, size, size, 3) of 0 to 255; tokens (batch, tokens, width).

        Raises
        ------
        MMReproError
            For pictures of another size.
        """
        if pictures.shape[1:] != (self.size, self.size, 3):
            raise MMReproError(
                f"pictures of shape {tuple(pictures.shape[1:])} were shown to an operator made for "
                f"({self.size}, {self.size}, 3); draw them with size={self.size}."
            )
        seen = self.patches(pictures.float().permute(0, 3, 1, 2) / 127.5 - 1)
        tokens: Tensor = seen.flatten(2).transpose(1, 2) + self.place
        return tokens


class Operator(nn.Module):
    """A small vision-language model in the pilot's seat: visual tokens, telemetry, then three words.

    Parameters
    ----------
    senses
        What it is given; the decoder is the same.
    size
        Of pictures in pixels.

    Raises
    ------
    MMReproError
        For senses that it lacks, or where pictures and telemetry do not fit into the decoder.
    """

    def __init__(self, senses: Senses, settings: DecoderSettings, size: int = SIZE) -> None:
        super().__init__()
        if senses not in ("text", "picture", "both"):
            raise MMReproError(f"an operator cannot have {senses!r}; give it 'text', 'picture' or 'both'.")
        self.senses = senses
        self.vocabulary = Vocabulary(WORDS)
        self.eye = None if senses == "text" else Eye(size, settings.width)
        self.prompt_length = 1 if senses == "picture" else _LINE + 1
        length = self.prompt_length + len(LANGUAGE) + (self.eye.tokens if self.eye is not None else 0)
        if length > settings.max_length:
            raise MMReproError(
                f"picture, telemetry and reply take {length} tokens and the decoder holds "
                f"{settings.max_length}; raise max_length or draw smaller pictures."
            )
        self.decoder = Captioner(self.vocabulary, settings)

    def words(self, lines: Sequence[str], replies: Sequence[str] | None = None) -> Tensor:
        """Number prompts, and replies after them where given, (batch, length).

        Raises
        ------
        MMReproError
            For telemetry that is not as long as the prompt has room for.
        """
        prompts = [ASK if self.senses == "picture" else f"{spelled(line)} {ASK}" for line in lines]
        for prompt in prompts:
            if len(prompt.split()) != self.prompt_length:
                raise MMReproError(
                    f"telemetry of {len(prompt.split()) - 1} words was given where a prompt has room for "
                    f"{self.prompt_length - 1}: {prompt!r}; write it with Telemetry.line()."
                )
        if replies is not None:
            prompts = [f"{prompt} {reply}" for prompt, reply in zip(prompts, replies, strict=True)]
        return self.vocabulary.encode(prompts)[:, :-1]  # without the mark of an end

    def pictures(self, pictures: Picture) -> Tensor:
        """Return pictures as a tensor, empty for an operator that does not look."""
        return torch.from_numpy(pictures) if self.eye is not None else torch.zeros(len(pictures), 0)

    def examples(self, decisions: Decisions) -> Tensors:
        """Return what `loss` takes, an example a moment."""
        return Tensors(self.pictures(decisions.pictures), self.words(decisions.lines, decisions.replies))

    def loss(self, pictures: Tensor, words: Tensor) -> Tensor:
        """Return the mean negative log-likelihood of a reply's word; a scalar."""
        return self.decoder.loss(self._look(pictures), words, self.prompt_length)

    @torch.no_grad()
    def reply(self, pictures: Picture, lines: Sequence[str], *, free: bool = False) -> list[str]:
        """Say the most probable reply in each situation, word by word.

        Parameters
        ----------
        pictures
            Shape (batch, size, size, 3); an operator that does not look takes only their number.
        free
            Let every word of the vocabulary be said, so that a reply may be malformed.
        """
        device = self.decoder.decoder.device
        said = []
        for start in range(0, len(lines), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            visual = self._look(self.pictures(pictures[part]).to(device))
            words = self.words(lines[part]).to(device)
            for axis in range(len(LANGUAGE)):
                logits = self.decoder.logits(visual, words)[:, -1]
                allowed = logits if free else constrained(logits, axis, self.vocabulary)
                words = torch.cat([words, allowed.argmax(-1, keepdim=True)], dim=1)
            said += self.vocabulary.decode(words[:, self.prompt_length :])
        return said

    def _look(self, pictures: Tensor) -> Tensor:
        """Return visual tokens (batch, tokens, width), none for an operator that does not look."""
        if self.eye is not None:
            tokens: Tensor = self.eye(pictures)
            return tokens
        return torch.zeros(len(pictures), 0, self.decoder.settings.width, device=pictures.device)


def imitation_loss(operator: nn.Module, batch: Batch) -> Tensor:
    """Return the loss of behaviour cloning, as `training.loop.fit` takes it."""
    loss: Tensor = operator.loss(*batch)  # type: ignore[operator]
    return loss


def agreement(operator: Operator, decisions: Decisions, look: Look | None = None) -> float:
    """Return the share of moments in which the operator says all three words as the teacher does."""
    pictures = look(decisions.pictures) if look is not None else decisions.pictures
    said = operator.reply(pictures, decisions.lines)
    return float(np.mean([one == other for one, other in zip(said, decisions.replies, strict=True)]))
