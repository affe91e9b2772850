"""The encoder of views, trained on single frames before any captioner, then frozen for all of them.

Every kind of view has an equal share in it, so that no branch of the captioner is favoured by what its
encoder has seen before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.papers.facetrack_mm.model import ViewEncoder
from mmrepro.papers.facetrack_mm.scene import EXPRESSIONS, Clips, draw_clips
from mmrepro.papers.facetrack_mm.settings import Settings
from mmrepro.papers.facetrack_mm.views import GRIDS, face_views, whole_views
from mmrepro.resume import resumable
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.seed import seed_everything

_NAMES = list(EXPRESSIONS)
ENCODER_SEED = 424_242  # far from every seed of a run
_BATCH = 512  # views encoded at once


class FrameClassifier(nn.Module):
    """Say which expressions the main character shows in a view."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.encoder = ViewEncoder(width)
        self.head = nn.Linear(width, len(_NAMES))

    def forward(self, views: Tensor) -> Tensor:
        """Return logits of each expression, (batch, expressions), for views (batch, 32, 32)."""
        logits: Tensor = self.head(functional.gelu(self.encoder(views)))
        return logits


def shown_expressions(clips: Clips) -> NDArray[np.float32]:
    """Return what the main character shows, (clips, frames, expressions); nothing while it is away."""
    shown = np.zeros((*clips.frames.shape[:2], len(_NAMES)), dtype=np.float32)
    for row, scripts in enumerate(clips.scripts):
        for event in scripts[0]:
            shown[row, event.first : event.last + 1, _NAMES.index(event.expression)] = 1
    shown[np.isnan(clips.boxes[:, :, 0, 0])] = 0
    return shown


def part_targets(clips: Clips, parts: int) -> NDArray[np.float32]:
    """Return what each part of a frame shows, (clips, frames, parts, expressions).

    An expression belongs to the part that holds the centre of the main character's box.
    """
    shown, main = shown_expressions(clips), clips.boxes[:, :, 0]
    size = clips.frames.shape[-1]
    rows, columns = GRIDS[parts]
    centre = np.nan_to_num((main[..., :2] + main[..., 2:]) / 2)
    column = np.clip(centre[..., 0] * columns // size, 0, columns - 1)
    row = np.clip(centre[..., 1] * rows // size, 0, rows - 1)
    here = (row * columns + column)[..., None] == np.arange(parts)
    return np.asarray(here[..., None] * shown[:, :, None], dtype=np.float32)


def jittered(boxes: NDArray[np.float64], rng: np.random.Generator, most: float = 0.15) -> NDArray[np.float64]:
    """Move every side of boxes (..., 4) by up to `most` of the box's own, as a detector's boxes are off."""
    sides = np.concatenate([boxes[..., 2:] - boxes[..., :2]] * 2, axis=-1)
    return np.asarray(boxes + sides * rng.uniform(-most, most, boxes.shape))


def training_views(clips: Clips, seed: int) -> tuple[Tensor, Tensor]:
    """Return views (n, 32, 32) and their expressions (n, expressions), as many of each kind of view."""
    kinds = [(whole_views(clips.frames, parts), part_targets(clips, parts)) for parts in GRIDS]
    rng = np.random.default_rng(seed)
    faces = face_views(clips.frames, jittered(clips.boxes[:, :, 0], rng))
    kinds.append((faces, shown_expressions(clips)[:, :, None]))
    views, targets = [], []
    for seen, shown in kinds:
        flat, wanted = seen.reshape(-1, *seen.shape[-2:]), shown.reshape(-1, len(_NAMES))
        drawn = rng.permutation(len(flat))[: clips.frames.shape[0] * clips.frames.shape[1]]
        views.append(flat[drawn])
        targets.append(wanted[drawn])
    return torch.from_numpy(np.concatenate(views)), torch.from_numpy(np.concatenate(targets))


@resumable
def pretrain(settings: Settings) -> FrameClassifier:
    """Train the classifier of single frames on clips of its own and return it, frozen.

    It is trained once for all seeds, as the paper's encoders are given.
    """
    seed = ENCODER_SEED
    clips = draw_clips(settings.encoder_clips, settings.frames, seed, several=settings.several)
    seed_everything(seed, settings.threads)
    model = FrameClassifier(settings.encoded)
    plan = TrainingSettings(
        epochs=settings.encoder_epochs, lr=2e-3, weight_decay=0.01, batch_size=128, warm_up=0.05
    )
    data = Tensors(*training_views(clips, seed))
    fit(model, data, _frame_loss, plan, seed=seed, accelerator=make_accelerator(settings.device))
    return model.eval().requires_grad_(False)


def _frame_loss(net: nn.Module, batch: Batch) -> Tensor:
    views, targets = batch
    return functional.binary_cross_entropy_with_logits(net(views), targets)


@torch.inference_mode()
def encode(encoder: ViewEncoder, views: NDArray[np.uint8]) -> Tensor:
    """Encode views (..., 32, 32) as (..., width), on the encoder's device."""
    device = next(encoder.parameters()).device
    flat = torch.from_numpy(views.reshape(-1, *views.shape[-2:]))
    parts = [encoder(part.to(device)) for part in flat.split(_BATCH)]
    return torch.cat(parts).view(*views.shape[:-2], -1).clone()


@dataclass(frozen=True)
class Encoded:
    """Encoded views of some clips: whole frames by number of parts, and faces by whose boxes they follow."""

    whole: dict[int, Tensor]
    face: dict[str, Tensor]


def encode_clips(encoder: ViewEncoder, clips: Clips, detected: NDArray[np.float64]) -> Encoded:
    """Encode every view of the clips that an arm may ask for.

    Parameters
    ----------
    detected
        The boxes that the tracker follows, shape (clips, frames, 4).
    """
    boxes = {"true": clips.boxes[:, :, 0], "detected": detected, "wrong": clips.boxes[:, :, 1]}
    return Encoded(
        {parts: encode(encoder, whole_views(clips.frames, parts)) for parts in GRIDS},
        {whose: encode(encoder, face_views(clips.frames, each)) for whose, each in boxes.items()},
    )
