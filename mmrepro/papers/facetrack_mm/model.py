"""The captioner: tokens of the whole picture, a limited number of face tokens, a projector, a decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import Captioner, DecoderSettings, Vocabulary
from mmrepro.papers.facetrack_mm.scene import EXPRESSIONS

INSTRUCTIONS = ("describe", "first", "last")
WORDS = (*INSTRUCTIONS, "then", *EXPRESSIONS)


class ViewEncoder(nn.Module):
    """Turn views of 32 x 32 grey pixels into vectors: what is seen, wherever it is seen.

    Convolutions, then the mean and the largest response of each filter over the view, so that an expression
    is recognised anywhere in a picture, with nothing said of whose it is.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.filters = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(32, 48, 3, padding=1),
            nn.GELU(),
        )
        self.join = nn.Linear(2 * 48, width)

    def forward(self, views: Tensor) -> Tensor:
        """Encode grey values from 0 to 255, (..., 32, 32), as vectors (..., width)."""
        flat = views.reshape(-1, 1, *views.shape[-2:]).float() / 64 - 2
        responses = self.filters(flat)
        encoded: Tensor = self.join(torch.cat([responses.mean((2, 3)), responses.amax((2, 3))], 1))
        return encoded.view(*views.shape[:-2], -1)


class Branch(nn.Module):
    """One stream of encoded views as tokens: pooled over time to a limited number, then projected."""

    def __init__(self, frames: int, parts: int, tokens: int, encoded: int, width: int) -> None:
        super().__init__()
        self.steps = tokens // parts
        if tokens % parts or not self.steps or frames % self.steps:
            raise MMReproError(
                f"{tokens} tokens cannot be shared by {frames} frames of {parts} parts; give {parts} times a "
                f"divisor of {frames}."
            )
        self.projector = nn.Sequential(
            nn.LayerNorm(encoded), nn.Linear(encoded, width), nn.GELU(), nn.Linear(width, width)
        )
        self.place = nn.Parameter(torch.randn(tokens, width) * 0.02)

    def forward(self, encoded: Tensor) -> Tensor:
        """Turn encoded views (batch, frames, parts, encoded) into tokens (batch, tokens, width).

        Neighbouring frames are averaged down to the number of tokens.
        """
        batch, frames, parts, size = encoded.shape
        pooled = encoded.view(batch, self.steps, frames // self.steps, parts, size).mean(2)
        tokens: Tensor = self.projector(pooled.reshape(batch, -1, size)) + self.place
        return tokens


class FaceCaptioner(nn.Module):
    """FaceTrack-MM in small: a branch of the whole picture, a branch of one face, and a decoder.

    Both branches read views that a frozen encoder has encoded; only projectors and decoder are trained.

    Parameters
    ----------
    frames
        Frames a clip.
    parts, whole_tokens
        Parts of a frame, and tokens, of the first branch; 0 tokens leave it out.
    face_tokens
        Of the second branch; 0 leaves it out. A model without both sees nothing.
    encoded
        Numbers that the encoder gives for a view.
    """

    def __init__(
        self,
        frames: int,
        parts: int,
        whole_tokens: int,
        face_tokens: int,
        encoded: int,
        settings: DecoderSettings,
    ) -> None:
        super().__init__()
        self.vocabulary = Vocabulary(WORDS)
        self.captioner = Captioner(self.vocabulary, settings)
        self.width = settings.width
        self.whole = Branch(frames, parts, whole_tokens, encoded, self.width) if whole_tokens else None
        self.face = Branch(frames, 1, face_tokens, encoded, self.width) if face_tokens else None

    def tokens(self, whole: Tensor, face: Tensor) -> Tensor:
        """Return the visual tokens of a batch, (batch, tokens, width), the whole picture's first.

        Parameters
        ----------
        whole, face
            Encoded views, (batch, frames, parts, encoded); a branch that the model lacks ignores its own.
        """
        pairs = ((self.whole, whole), (self.face, face))
        streams = [branch(views) for branch, views in pairs if branch is not None]
        return torch.cat(streams, 1) if streams else whole.new_zeros(len(whole), 0, self.width)

    def forward(self, whole: Tensor, face: Tensor, words: Tensor) -> Tensor:
        """Return the mean loss of a word; `words` (batch, length) begin with an instruction."""
        return self.captioner.loss(self.tokens(whole, face), words)

    @torch.no_grad()
    def tell(self, whole: Tensor, face: Tensor, instruction: str, max_words: int = 12) -> list[str]:
        """Follow an instruction for every clip of a batch."""
        prompt = torch.full((len(whole), 1), self.vocabulary.number(instruction), device=whole.device)
        told = self.captioner.generate(self.tokens(whole, face), prompt, max_words=max_words)
        return self.vocabulary.decode(told)
