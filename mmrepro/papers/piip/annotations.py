"""Annotated images of whichever detection data a run uses, and a table of their boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmrepro.data.local import LocalData
from mmrepro.papers.piip.boxes import Annotation
from mmrepro.papers.piip.cells import CLASSES, SPLITS, load_cells
from mmrepro.papers.piip.coco import load_coco


def load_annotations(source: LocalData) -> tuple[dict[str, list[Annotation]], list[str]]:
    """Read every split of BCCD, or COCO's training and validation images as ``train`` and ``test``.

    Returns
    -------
    tuple
        Split -> annotated images, and the names of the classes in the order of their labels.
    """
    if source.name == "bccd":
        return {split: load_cells(source, split) for split in SPLITS}, list(CLASSES.values())
    beside = source.path(source.files[0])
    train, _ = load_coco(beside, "train")
    test, classes = load_coco(beside, "val")
    return {"train": train, "test": test}, classes


def box_frame(annotations: Sequence[Annotation], classes: Sequence[str]) -> pd.DataFrame:
    """Tabulate every box: image, class and size, the square root of its area in pixels of the original."""
    rows = [
        {"image": each.name, "class": classes[label], "size": float(np.sqrt(area))}
        for each in annotations
        for label, area in zip(each.boxes.labels, each.boxes.areas, strict=True)
    ]
    return pd.DataFrame(rows, columns=["image", "class", "size"])
