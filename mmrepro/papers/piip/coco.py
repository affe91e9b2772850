"""COCO 2017, the paper's detection data, from files that the reader supplies."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.boxes import Annotation, Boxes, checked


def load_coco(annotations: Path, split: str) -> tuple[list[Annotation], list[str]]:
    """Read ``instances_<split>2017.json`` beside `annotations`; crowds and boxes without area are left out.

    Parameters
    ----------
    annotations
        Any file of the folder ``annotations``, which lies beside ``train2017`` and ``val2017``.
    split
        ``train`` or ``val``.

    Returns
    -------
    tuple
        Annotated images, and the names of the classes in the order of their labels.

    Raises
    ------
    MMReproError
        When the file or an image is missing, or the file is not in COCO's format.
    """
    from pycocotools.coco import COCO

    path, images = annotations.parent / f"instances_{split}2017.json", annotations.parents[1] / f"{split}2017"
    if not path.is_file():
        raise MMReproError(f"There is no {path}; unpack COCO's annotations_trainval2017.zip there.")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it tells its progress
            coco = COCO(path)
        categories = sorted(coco.loadCats(coco.getCatIds()), key=lambda each: each["id"])
    except (json.JSONDecodeError, KeyError, AssertionError):
        raise MMReproError(f"{path} is not in the format of COCO's instances.") from None
    labels = {each["id"]: place for place, each in enumerate(categories)}
    found = [_annotation(coco, number, images, labels) for number in sorted(coco.getImgIds())]
    return found, [each["name"] for each in categories]


def _annotation(coco: object, number: int, images: Path, labels: dict[int, int]) -> Annotation:
    entry = coco.loadImgs(number)[0]  # type: ignore[attr-defined]
    path = images / entry["file_name"]
    if not path.is_file():
        raise MMReproError(f"COCO's annotations name {entry['file_name']}, which is not in {images}.")
    objects = coco.loadAnns(coco.getAnnIds(number, iscrowd=False))  # type: ignore[attr-defined]
    boxes = np.array([each["bbox"] for each in objects], dtype=np.float32).reshape(-1, 4)
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1)
    size = (int(entry["height"]), int(entry["width"]))
    # Some of COCO's boxes leave their image by a rounding error.
    np.clip(corners, 0, np.array([size[1], size[0]] * 2, dtype=np.float32), out=corners)
    kept = checked(corners, size, entry["file_name"], drop_degenerate=True)
    kinds = np.array([labels[each["category_id"]] for each in objects], dtype=np.int64)
    return Annotation(path.stem, path, size, Boxes(corners[kept], kinds[kept]), int((~kept).sum()))
