"""Detection on the merged map: torchvision's FCOS, which sees the pyramid as one feature level."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.fcos import FCOS, FCOSHead

from mmrepro.papers.piip.boxes import Boxes, resized
from mmrepro.papers.piip.branch import Grid
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.settings import Settings, System
from mmrepro.papers.piip.systems import build_pyramid
from mmrepro.training.batches import Batch, batches
from mmrepro.training.share import batch_mean


class MergedMap(nn.Module):
    """A pyramid as the backbone that torchvision's detectors ask for.

    The head's grid is the same for every system: a pyramid must not profit from a head on a finer map.

    Attributes
    ----------
    keep
        Branches that are heard when merging; None hears all.
    """

    def __init__(self, pyramid: PIIP, merging: str, width: int, grid: Grid) -> None:
        super().__init__()
        self.pyramid, self.grid, self.out_channels = pyramid, grid, width
        self.merging = pyramid.merging("dense" if merging == "dense" else "pooled")
        self.narrow = nn.Conv2d(self.merging.width, width, 1)
        self.keep: Sequence[int] | None = None

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """Turn images (b, 3, h, w) into one map (b, width, *grid) under the name of the only level."""
        merged = self.merging(self.pyramid(images), self.keep)
        if tuple(merged.shape[-2:]) != self.grid:
            merged = functional.interpolate(merged, self.grid, mode="bilinear", align_corners=False)
        return OrderedDict([("0", functional.gelu(self.narrow(merged)))])


class Head(FCOSHead):  # type: ignore[misc]
    """torchvision's head, whose losses are divided by the places on the map that lie in boxes."""

    def compute_loss(
        self,
        targets: list[dict[str, Tensor]],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Tensor]:
        """Return the parts of the loss."""
        losses = super().compute_loss(targets, head_outputs, anchors, matched_idxs)
        inside = (torch.stack(matched_idxs) >= 0).sum()
        return {name: batch_mean(loss, inside) for name, loss in losses.items()}


def build_detector(system: System, settings: Settings, classes: int) -> FCOS:
    """Build FCOS on the merged map of a system."""
    backbone = MergedMap(
        build_pyramid(system, settings), settings.merging, settings.head_width, settings.head_grid
    )
    stride = settings.image_size[0] / settings.head_grid[0]
    # torchvision's head has 32 groups in its norms, so width a multiple of 32 there.
    return FCOS(
        backbone,
        classes,
        min_size=min(settings.image_size),
        max_size=max(settings.image_size),
        image_mean=[0.5] * 3,
        image_std=[0.25] * 3,
        anchor_generator=AnchorGenerator(((round(stride),),), ((1.0,),)),
        head=Head(settings.head_width, 1, classes, num_convs=settings.head_layers),
        score_thresh=0.05,
        nms_thresh=0.5,
        detections_per_img=30,
        _skip_resize=True,  # images come at their size; its resizing would cost as much as a branch
    )


def merged_map(detector: FCOS) -> MergedMap:
    """Return the pyramid with its merging inside a detector."""
    return cast(MergedMap, detector.backbone)


@torch.inference_mode()
def detect(detector: FCOS, images: Dataset[Batch], sizes: Sequence[Grid], batch: int = 36) -> list[Boxes]:
    """Detect boxes on images and return them in the pixels of the originals.

    Parameters
    ----------
    images
        Of each first the pixels as kept, uint8, shape (3, h, w).
    sizes
        Height and width of each original.
    """
    detector.eval()
    device = next(detector.parameters()).device
    found: list[Boxes] = []
    for pixels, *_ in batches(images, batch):
        own = (pixels.shape[-2], pixels.shape[-1])
        for each in detector([image.to(device).float() / 255 for image in pixels]):
            boxes = Boxes(*(each[name].cpu().numpy() for name in ("boxes", "labels", "scores")))
            found.append(resized(boxes, own, sizes[len(found)]))
    return found
