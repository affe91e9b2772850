"""The operator as a policy: a causal decoder that reads telemetry, the picture or both, and says a burn."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import Captioner, DecoderSettings, Vocabulary
from mmrepro.papers.space_operator.eye import Eye
from mmrepro.papers.space_operator.picture import Picture
from mmrepro.papers.space_operator.prompt import ASK, LANGUAGE, WORDS, Telemetry, constrained, spelled
from mmrepro.papers.space_operator.teacher import Decisions
from mmrepro.training.batches import Batch, Tensors

Senses = Literal["text", "picture", "both"]
Look = Callable[[Picture], Picture]
"""What is done to a batch of pictures before the operator sees them: a control, such as blanking."""
_LINE = len(spelled(Telemetry((0.0, 0.0, 0.0), 0.0, 0.0, True).line()).split())
_AT_ONCE = 256


class Operator(nn.Module):
    """A small vision-language model in the pilot's seat: visual tokens, telemetry, then three words.

    Parameters
    ----------
    senses
        What it is given; the decoder is the same.
    eye
        Its eye, which stays as it is; only what is made of its tokens is learned. One that only reads
        telemetry needs none.

    Raises
    ------
    MMReproError
        For senses that it lacks, or where pictures and telemetry do not fit into the decoder.
    """

    def __init__(self, senses: Senses, settings: DecoderSettings, eye: Eye | None = None) -> None:
        super().__init__()
        if senses not in ("text", "picture", "both"):
            raise MMReproError(f"an operator cannot have {senses!r}; give it 'text', 'picture' or 'both'.")
        if senses != "text" and eye is None:
            raise MMReproError(f"an operator with the senses {senses!r} needs an eye; give one.")
        self.senses = senses
        self.vocabulary = Vocabulary(WORDS)
        self.eye, self.projector = None, None
        if senses != "text" and eye is not None:
            self.eye = copy.deepcopy(eye).eval().requires_grad_(False)
            self.projector = nn.Sequential(
                nn.LayerNorm(eye.width), nn.Linear(eye.width, settings.width), nn.GELU(),
                nn.Linear(settings.width, settings.width),
            )  # fmt: skip
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

    def look(self, pictures: Picture) -> Tensor:
        """Return what the eye makes of pictures, (batch, tokens, width of the eye); empty without an eye."""
        if self.eye is not None:
            return self.eye.look(pictures)
        return torch.zeros(len(pictures), 0, self.decoder.settings.width)

    def examples(self, decisions: Decisions) -> Tensors:
        """Return what `loss` takes, an example a moment."""
        return Tensors(self.look(decisions.pictures), self.words(decisions.lines, decisions.replies))

    def loss(self, seen: Tensor, words: Tensor) -> Tensor:
        """Return the mean negative log-likelihood of a reply's word; a scalar."""
        return self.decoder.loss(self._visual(seen), words, self.prompt_length)

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
            visual = self._visual(self.look(pictures[part]).to(device))
            words = self.words(lines[part]).to(device)
            for axis in range(len(LANGUAGE)):
                logits = self.decoder.logits(visual, words)[:, -1]
                allowed = logits if free else constrained(logits, axis, self.vocabulary)
                words = torch.cat([words, allowed.argmax(-1, keepdim=True)], dim=1)
            said += self.vocabulary.decode(words[:, self.prompt_length :])
        return said

    @torch.no_grad()
    def log_probability(self, pictures: Picture, lines: Sequence[str], replies: Sequence[str]) -> Tensor:
        """Return how probable each reply is in its situation: log-probabilities in nats, (batch,)."""
        device = self.decoder.decoder.device
        visual = self._visual(self.look(pictures).to(device))
        words = self.words(lines, replies).to(device)
        found, _ = self.decoder.log_probability(visual, words, self.prompt_length)
        return found

    def _visual(self, seen: Tensor) -> Tensor:
        """Return visual tokens for the decoder, (batch, tokens, width)."""
        if self.projector is None:
            return seen
        tokens: Tensor = self.projector(seen)
        return tokens


def imitation_loss(operator: nn.Module, batch: Batch) -> Tensor:
    """Return the loss of behaviour cloning, as `training.loop.fit` takes it."""
    loss: Tensor = operator.loss(*batch)  # type: ignore[operator]
    return loss


def agreement(operator: Operator, decisions: Decisions, look: Look | None = None) -> float:
    """Return the share of moments in which the operator says all three words as the teacher does."""
    pictures = look(decisions.pictures) if look is not None else decisions.pictures
    said = operator.reply(pictures, decisions.lines)
    return float(np.mean([one == other for one, other in zip(said, decisions.replies, strict=True)]))
