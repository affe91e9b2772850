"""A small video-language model: a timm encoder looks at frames, a projector makes tokens, a Llama tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import Captioner, DecoderSettings, Vocabulary
from mmrepro.papers.tarsier2 import captions
from mmrepro.papers.tarsier2.renderer import FRAMES, SIDE
from mmrepro.papers.tarsier2.settings import Settings

_GRID = 4  # side of the map that the encoder makes of a frame
_AT_ONCE = 512  # videos told at once
# Times start further apart than is usual for learnt positions: order is what a video adds to a picture.
_TIME_SPREAD = 0.2


class FrameEncoder(nn.Module):
    """See a frame and what changed since the one before: timm's configurable convolutional network.

    A vision transformer, the paper's choice, did not learn within the budget of trial runs.
    """

    def __init__(self, stem_width: int, map_width: int, width: int) -> None:
        super().__init__()
        from timm.models.byobnet import ByoBlockCfg, ByobNet, ByoModelCfg

        blocks = tuple(
            ByoBlockCfg(type="basic", d=1, c=map_width, s=stride, gs=0, br=1.0) for stride in (2, 1)
        )
        plan = ByoModelCfg(
            blocks=blocks, stem_chs=stem_width, stem_type="3x3", stem_pool="", norm_layer="groupnorm1"
        )
        self.network: Any = ByobNet(plan, num_classes=0, in_chans=6, global_pool="")
        # The projector sees the whole map, as Qwen2-VL's sees neighbouring patches: where a ball is matters.
        size = map_width * _GRID**2
        self.projector = nn.Sequential(
            nn.LayerNorm(size), nn.Linear(size, width), nn.GELU(), nn.Linear(width, width)
        )
        self.to(memory_format=torch.channels_last)  # a third faster on a CPU

    def forward(self, videos: Tensor) -> Tensor:
        """Turn videos (batch, frames, side, side, 3) of bytes into tokens (batch, frames, width)."""
        frames = videos.permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
        seen = torch.cat([frames, 2 * (frames - before)], dim=2).flatten(0, 1)
        maps = self.network(seen.contiguous(memory_format=torch.channels_last))
        tokens: Tensor = self.projector(maps.flatten(1))
        return tokens.view(len(videos), videos.shape[1], -1)


class VideoDescriber(nn.Module):
    """Frame encoder, projector, times and caption decoder.

    Attributes
    ----------
    encoder, captioner
        What sees and what tells.
    times
        Added to the token of each frame, (frames, width).
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        plan = DecoderSettings(
            width=settings.width,
            depth=settings.depth,
            num_heads=settings.num_heads,
            max_length=settings.max_length,
        )
        self.encoder = FrameEncoder(settings.stem_width, settings.map_width, settings.width)
        self.times = nn.Parameter(torch.randn(FRAMES, settings.width) * _TIME_SPREAD)
        self.captioner = Captioner(Vocabulary(captions.words()), plan)

    def forward(self, videos: Tensor) -> Tensor:
        """Return the visual tokens of videos (batch, frames, side, side, 3), (batch, frames, width).

        Raises
        ------
        MMReproError
            For videos of another size, or of more frames than the model takes.
        """
        if videos.shape[1] > FRAMES:
            raise MMReproError(
                f"The video has {videos.shape[1]} frames and the model takes {FRAMES}; choose frames first."
            )
        if videos.shape[2:] != (SIDE, SIDE, 3):
            raise MMReproError(
                f"Frames are {tuple(videos.shape[2:])}; the model reads {(SIDE, SIDE, 3)}, RGB."
            )
        tokens: Tensor = self.encoder(videos) + self.times[: videos.shape[1]]
        return tokens

    def words(self, texts: Sequence[str], asked: str) -> Tensor:
        """Number captions after the word that says what is asked for, (captions, 1 + length)."""
        vocabulary = self.captioner.vocabulary
        told = vocabulary.encode(texts)
        return torch.cat([torch.full((len(told), 1), vocabulary.number(asked)), told], dim=1)

    def tell(
        self,
        videos: Tensor,
        asked: str,
        *,
        max_words: int,
        temperature: float | None = None,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> list[str]:
        """Describe videos, the most probable word each time, or sampled where a temperature is given."""
        told: list[str] = []
        number, device = self.captioner.vocabulary.number(asked), self.times.device
        with torch.no_grad():
            for place, part in enumerate(videos.split(_AT_ONCE)):
                prompt = torch.full((len(part), 1), number, device=device)
                numbers = self.captioner.generate(
                    self(part.to(device)),
                    prompt,
                    max_words=max_words,
                    temperature=temperature,
                    top_p=top_p,
                    seed=seed + place,
                )
                told += self.captioner.vocabulary.decode(numbers)
        return told
