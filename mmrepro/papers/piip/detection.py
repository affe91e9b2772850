"""Training detectors on annotated images, and what is kept of each run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset, default_collate

from mmrepro.data.picture import opened_picture
from mmrepro.papers.piip.boxes import Annotation, Boxes, resized
from mmrepro.papers.piip.detector import build_detector, detect
from mmrepro.papers.piip.precision import Precision, average_precision
from mmrepro.papers.piip.settings import Settings
from mmrepro.papers.piip.systems import schedule_of
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import fit, make_accelerator
from mmrepro.training.parallel import Each
from mmrepro.training.seed import seed_everything
from mmrepro.training.share import drawn

GROUPS = 12  # of test images, for the interval over them
_ZOOMS = (0.75, 1.25)
_LEAST = 2.0  # pixels of a box's sides that zooming must leave


class AnnotatedImages(Dataset[Batch]):
    """Images with boxes in the pixels of `size`.

    Each is uint8 (3, h, w), boxes (most, 4) and labels (most,), -1 where there is no box.
    """

    def __init__(self, annotations: Sequence[Annotation], size: tuple[int, int]) -> None:
        self.annotations, self.size = list(annotations), size
        self.most = max([1, *(len(each.boxes.labels) for each in annotations)])

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, row: int) -> Batch:
        """Decode one image, shrunk to the size."""
        each = self.annotations[row]
        with opened_picture(each.path) as image:
            image.draft(
                "RGB", (self.size[1] * 2, self.size[0] * 2)
            )  # a JPEG is decoded at a fraction for less
            shrunk = image.convert("RGB").resize(self.size[::-1], Image.Resampling.BOX)
        pixels = torch.from_numpy(np.array(shrunk)).permute(2, 0, 1).contiguous()
        moved = resized(each.boxes, each.size, self.size)
        boxes, labels = torch.zeros(self.most, 4), torch.full((self.most,), -1)
        boxes[: len(each.boxes.labels)] = torch.from_numpy(moved.corners)
        labels[: len(each.boxes.labels)] = torch.from_numpy(moved.labels)
        return pixels, boxes, labels

    def in_memory(self) -> Tensors:
        """Decode everything once."""
        return Tensors(*default_collate([self[row] for row in range(len(self))]))


@dataclass(frozen=True)
class Task:
    """What every run of a chapter trains and is tested on."""

    train: Dataset[Batch]
    test: Dataset[Batch]
    truth: list[Boxes]
    sizes: list[tuple[int, int]]
    classes: tuple[str, ...]
    settings: Settings

    def pictures(self, count: int) -> Tensor:
        """Return the first test images as kept, uint8, shape (count, 3, h, w)."""
        return torch.stack([self.test[row][0] for row in range(min(count, len(self.sizes)))])


@dataclass(frozen=True)
class Run:
    """One system trained with one seed.

    Attributes
    ----------
    precision, found
        How well, and what, it detects on the test images.
    seconds
        CPU seconds of training; of the rest, where it went on after a kill.
    """

    system: str
    seed: int
    precision: Precision
    found: list[Boxes]
    history: pd.DataFrame
    weights: dict[str, Tensor]
    seconds: float


def make_task(
    train: Sequence[Annotation], test: Sequence[Annotation], classes: Sequence[str], settings: Settings
) -> Task:
    """Decode the images, all of them at once where the settings say so."""

    def images(split: Sequence[Annotation]) -> Dataset[Batch]:
        found = AnnotatedImages(split, settings.image_size)
        return found.in_memory() if settings.in_memory else found

    return Task(
        images(train),
        images(test),
        [each.boxes for each in test],
        [each.size for each in test],
        tuple(classes),
        settings,
    )


def train_systems(task: Task, each: Each = map, systems: Sequence[str] | None = None) -> list[Run]:
    """Train every system with every seed; the order of images and flips is the seed's, alike for all.

    `each` is the `map` that runs the jobs, as `parallel.workers` gives it.
    """
    settings = task.settings
    jobs = [(name, seed) for name in systems or settings.systems for seed in settings.seeds]
    runs = []
    for run in each(partial(train, task), jobs):
        runs.append(run)
        if run.seed == settings.seeds[-1]:
            print(f"{run.system}, seeds trained: {len(settings.seeds)}", flush=True)
    return runs


def train(task: Task, job: tuple[str, int]) -> Run:
    """Train one system with one seed and test it."""
    (name, seed), settings = job, task.settings
    system = settings.systems[name]
    seed_everything(seed, settings.threads)
    detector = build_detector(system, settings, len(task.classes))
    plan = schedule_of(settings, system.longer)
    started = time.process_time()
    history = fit(
        detector,
        task.train,
        partial(detection_loss, multi_scale=system.multi_scale),
        plan,
        seed=seed,
        accelerator=make_accelerator(settings.device),
    )
    seconds = time.process_time() - started
    found = detect(detector, task.test, task.sizes)
    precision = average_precision(task.truth, found, task.classes, GROUPS)
    weights = {key: value.detach().cpu() for key, value in detector.state_dict().items()}
    return Run(name, seed, precision, found, history.assign(system=name, seed=seed), weights, seconds)


def detection_loss(net: nn.Module, batch: Batch, *, multi_scale: bool = False) -> Tensor:
    """Return the detector's loss on a batch, flipped at random, and zoomed where asked."""
    pixels, boxes, labels = batch
    images = pixels.float() / 255
    if multi_scale:
        images, boxes, labels = zoomed(images, boxes, labels, float(torch.empty(()).uniform_(*_ZOOMS)))
    every = torch.ones(len(images), dtype=torch.bool, device=images.device)
    chances = drawn(lambda count: torch.rand(count, 2, device=images.device), every)
    images, boxes = flipped(images, boxes, chances < 0.5)
    targets = [
        {"boxes": corners[kinds >= 0], "labels": kinds[kinds >= 0]}
        for corners, kinds in zip(boxes, labels, strict=True)
    ]
    losses: dict[str, Tensor] = net(list(images), targets)
    return torch.stack(list(losses.values())).sum()


def flipped(images: Tensor, boxes: Tensor, choice: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror images (b, 3, h, w) and boxes (b, n, 4): `choice` (b, 2) says left-right and top-bottom."""
    for axis in (0, 1):
        flip, length = choice[:, axis], images.shape[-1 - axis]
        images = torch.where(flip[:, None, None, None], images.flip(-1 - axis), images)
        mirrored = boxes.clone()
        mirrored[..., axis] = length - boxes[..., axis + 2]
        mirrored[..., axis + 2] = length - boxes[..., axis]
        boxes = torch.where(flip[:, None, None], mirrored, boxes)
    return images, boxes


def zoomed(images: Tensor, boxes: Tensor, labels: Tensor, factor: float) -> tuple[Tensor, Tensor, Tensor]:
    """Zoom around the centre and keep the size: grey where nothing is, boxes that leave lose their label."""
    height, width = images.shape[-2:]
    tall, wide = round(height * factor), round(width * factor)
    large = functional.interpolate(images, (tall, wide), mode="bilinear", align_corners=False)
    top, left = (height - tall) // 2, (width - wide) // 2
    padded = functional.pad(large, (left, width - wide - left, top, height - tall - top), value=0.5)
    scale = boxes.new_tensor([wide / width, tall / height] * 2)
    moved = boxes * scale + boxes.new_tensor([left, top] * 2)
    moved = torch.minimum(moved.clamp(min=0), boxes.new_tensor([width, height] * 2))
    small = (moved[..., 2:] - moved[..., :2]).amin(-1) < _LEAST
    return padded, moved, labels.masked_fill(small, -1)
