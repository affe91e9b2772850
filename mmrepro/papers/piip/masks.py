"""Images with a class for every pixel, in ADE20K's layout, and a segmenter on the merged map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from mmrepro.data.picture import opened_picture
from mmrepro.errors import MMReproError
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.settings import SegmentationSettings, Settings
from mmrepro.papers.piip.systems import build_pyramid, schedule_of
from mmrepro.training.batches import Batch, batches
from mmrepro.training.loop import fit, make_accelerator
from mmrepro.training.parallel import Each
from mmrepro.training.seed import seed_everything
from mmrepro.training.share import batch_mean

IGNORED = 255


def list_masks(folder: Path, split: str) -> list[tuple[Path, Path]]:
    """Pair ``images/<split>/<name>.jpg`` with ``annotations/<split>/<name>.png``.

    Raises
    ------
    MMReproError
        When the folder holds no image, or an image has no mask.
    """
    images = sorted((folder / "images" / split).glob("*.jpg"))
    if not images:
        raise MMReproError(
            f"{folder / 'images' / split} holds no .jpg image; unpack ADEChallengeData2016 there."
        )
    pairs = [(image, folder / "annotations" / split / f"{image.stem}.png") for image in images]
    for image, mask in pairs:
        if not mask.is_file():
            raise MMReproError(f"The image {image.name} has no mask {mask}.")
    return pairs


class MaskedImages(Dataset[Batch]):
    """Images, uint8 (3, h, w), with class numbers (h, w): the file's 0 is ignored, 1 is class 0."""

    def __init__(self, pairs: Sequence[tuple[Path, Path]], size: tuple[int, int], classes: int) -> None:
        self.pairs, self.size, self.classes = list(pairs), size, classes

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, row: int) -> Batch:
        """Decode one image and its mask, resized to `size`."""
        image, mask = self.pairs[row]
        with opened_picture(image) as opened:
            pixels = np.array(opened.convert("RGB").resize(self.size[::-1], Image.Resampling.BILINEAR))
        with opened_picture(mask) as opened:
            labels = np.array(opened.resize(self.size[::-1], Image.Resampling.NEAREST)).astype(np.int64)
        if labels.ndim != 2 or labels.max() > self.classes:
            raise MMReproError(
                f"{mask.name} must hold one number a pixel, from 0 (ignored) to {self.classes}; "
                f"its largest is {labels.max()}."
            )
        return torch.from_numpy(pixels).permute(2, 0, 1), torch.from_numpy(
            np.where(labels, labels - 1, IGNORED)
        )


class Segmenter(nn.Module):
    """The paper's dense merging, one linear layer a place, enlarged to the image."""

    def __init__(self, pyramid: PIIP, classes: int) -> None:
        super().__init__()
        self.pyramid, self.merging = pyramid, pyramid.merging("dense")
        self.head = nn.Conv2d(self.merging.width, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (b, 3, h, w) into scores (b, classes, h, w)."""
        scores = self.head(self.merging(self.pyramid(images)))
        return functional.interpolate(scores, images.shape[-2:], mode="bilinear", align_corners=False)


def mask_loss(net: nn.Module, batch: Batch) -> Tensor:
    """Return the cross-entropy of every pixel that is not ignored."""
    pixels, labels = batch
    scores, count = net(pixels.float() / 127.5 - 1), (labels != IGNORED).sum()
    loss = functional.cross_entropy(scores, labels, ignore_index=IGNORED, reduction="sum")
    return batch_mean(loss / count.clamp_min(1), count)


def mean_iou(truth: Tensor, found: Tensor, classes: int) -> float:
    """Return the mean over classes that occur of intersection over union (%), ignored pixels left out."""
    counted = truth != IGNORED
    pairs = truth[counted] * classes + found[counted]
    table = torch.bincount(pairs, minlength=classes**2).view(classes, classes).double()
    union = table.sum(0) + table.sum(1) - table.diag()
    return float(100 * (table.diag() / union)[union > 0].mean())


@dataclass(frozen=True)
class Segmentation:
    """One segmenter after training: its mean intersection over union (%)."""

    system: str
    seed: int
    miou: float


def train_segmenters(
    train: MaskedImages, test: MaskedImages, settings: Settings, asked: SegmentationSettings, each: Each = map
) -> list[Segmentation]:
    """Train every system with the first seeds; `each` is the `map` that runs the jobs."""
    jobs = [(name, seed) for name in asked.systems for seed in settings.seeds[: asked.runs]]
    return list(each(partial(_train, train, test, settings, asked), jobs))


def _train(
    train: MaskedImages,
    test: MaskedImages,
    settings: Settings,
    asked: SegmentationSettings,
    job: tuple[str, int],
) -> Segmentation:
    name, seed = job
    seed_everything(seed, settings.threads)
    model = Segmenter(build_pyramid(asked.systems[name], settings), asked.classes)
    fit(model, train, mask_loss, schedule_of(asked), seed=seed, accelerator=make_accelerator(settings.device))
    model.eval()
    device = next(model.parameters()).device
    truth, found = [], []
    with torch.inference_mode():
        for pixels, labels in batches(test, asked.batch_size, loaders=asked.loaders):
            truth.append(labels.flatten())
            found.append(model(pixels.to(device).float() / 127.5 - 1).argmax(1).cpu().flatten())
    return Segmentation(name, seed, mean_iou(torch.cat(truth), torch.cat(found), asked.classes))
