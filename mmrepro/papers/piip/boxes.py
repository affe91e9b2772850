"""Boxes with labels, annotated images, and what makes a box wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError


@dataclass(frozen=True)
class Boxes:
    """Boxes of one image.

    Attributes
    ----------
    corners
        Left, top, right, bottom in pixels, shape (n, 4).
    labels
        Class numbers from 0, shape (n,).
    scores
        Of detections, shape (n,); None for annotations.
    """

    corners: NDArray[np.float32]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32] | None = None

    @property
    def areas(self) -> NDArray[np.float32]:
        """Area of each box in square pixels."""
        width, height = (self.corners[:, edge + 2] - self.corners[:, edge] for edge in (0, 1))
        return np.asarray(width * height, dtype=np.float32)


@dataclass(frozen=True)
class Annotation:
    """One annotated image: its file, size (height, width) and boxes in its own pixels.

    `degenerate` counts the boxes without area that were left out.
    """

    name: str
    path: Path
    size: tuple[int, int]
    boxes: Boxes
    degenerate: int = 0


def checked(
    corners: NDArray[np.float32], size: tuple[int, int], place: str, drop_degenerate: bool
) -> NDArray[np.bool_]:
    """Say which boxes have an area, after refusing those that are wrong.

    Parameters
    ----------
    size
        Height and width of the image.
    place
        Where the boxes stand, for the error.
    drop_degenerate
        Whether a box without area is left out; else it is an error.

    Raises
    ------
    MMReproError
        For a box without area (unless dropped) or one that leaves the image.
    """
    kept = np.ones(len(corners), dtype=bool)
    for row, (left, top, right, bottom) in enumerate(corners.tolist()):
        told = f"{place}: the box {left:g}, {top:g}, {right:g}, {bottom:g}"
        kept[row] = right > left and bottom > top
        if not (kept[row] or drop_degenerate):
            raise MMReproError(
                f"{told} has no area; boxes are left, top, right, bottom (not width and height). Drop it "
                "with drop_degenerate=True or mend the file."
            )
        if left < 0 or top < 0 or right > size[1] or bottom > size[0]:
            raise MMReproError(f"{told} leaves the image of {size[1]} x {size[0]} pixels; mend the file.")
    return kept


def resized(boxes: Boxes, before: tuple[int, int], after: tuple[int, int]) -> Boxes:
    """Move boxes from an image of the size `before`, (height, width), to the same of the size `after`."""
    scale = np.array([after[1] / before[1], after[0] / before[0]] * 2, dtype=np.float32)
    return replace(boxes, corners=boxes.corners * scale)


def thinned(annotations: Sequence[Annotation], count: int | None) -> list[Annotation]:
    """Keep `count` annotations, evenly spaced; None keeps all."""
    if count is None or count >= len(annotations):
        return list(annotations)
    return [annotations[row] for row in np.linspace(0, len(annotations) - 1, count).astype(int)]
