"""Average precision of boxes by pycocotools, also with test images left out."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrepro.papers.piip.boxes import Boxes

_SIZES = ("small", "medium", "large")  # below 32 x 32 pixels, below 96 x 96, larger


@dataclass(frozen=True)
class Precision:
    """AP in percent, averaged over IoU 0.50 to 0.95.

    Attributes
    ----------
    scores
        ``AP``, ``AP50``, ``AP small`` / ``medium`` / ``large``, and ``AP <class>``. A size or class
        without any box is left out.
    without
        The scores but those by size with one group of images left out each, shape (groups,), for a jackknife.
    """

    scores: dict[str, float]
    without: dict[str, NDArray[np.float64]]


def average_precision(
    truth: Sequence[Boxes], found: Sequence[Boxes], classes: Sequence[str], groups: int = 0
) -> Precision:
    """Score detections of some images.

    Parameters
    ----------
    truth, found
        Annotated and detected boxes of each image, in pixels of the original image, since sizes refer to it.
    groups
        Into how many groups the images are cut for `Precision.without`; 0 leaves it empty.
    """
    evaluation = _evaluated(truth, found, classes)
    scores = _scores(evaluation, classes)
    evaluation.params.areaRng = evaluation.params.areaRng[:1]  # groups are left out for all sizes together
    whole = list(evaluation.evalImgs)
    without: dict[str, list[float]] = {name: [] for name in scores if name.removeprefix("AP ") not in _SIZES}
    for group in range(groups):
        places = np.arange(len(truth)) % groups == group
        # One entry a class, size and image, the image last; those without a value are skipped.
        evaluation.evalImgs = [None if places[row % len(truth)] else each for row, each in enumerate(whole)]
        left = _scores(evaluation, classes)
        for name, values in without.items():
            values.append(left.get(name, np.nan))
    return Precision(scores, {name: np.array(values) for name, values in without.items() if values})


def _evaluated(truth: Sequence[Boxes], found: Sequence[Boxes], classes: Sequence[str]) -> Any:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    coco, detections = COCO(), COCO()
    frame = {
        "images": [{"id": number} for number in range(len(truth))],
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        for target, boxes in ((coco, truth), (detections, found)):
            target.dataset = {**frame, "annotations": list(_entries(boxes))}
            target.createIndex()
        evaluation = COCOeval(coco, detections, "bbox")
        evaluation.params.maxDets = [100]
        evaluation.evaluate()
    return evaluation


def _entries(images: Sequence[Boxes]) -> Any:
    number = 0
    for image, boxes in enumerate(images):
        scores = np.ones(len(boxes.labels)) if boxes.scores is None else boxes.scores
        for corners, label, score in zip(boxes.corners, boxes.labels, scores, strict=True):
            number += 1
            left, top, right, bottom = (float(edge) for edge in corners)
            box = [left, top, right - left, bottom - top]
            yield {
                "id": number, "image_id": image, "category_id": int(label), "score": float(score),
                "bbox": box, "area": box[2] * box[3], "iscrowd": 0,
            }  # fmt: skip


def _scores(evaluation: Any, classes: Sequence[str]) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.accumulate()
    precision = evaluation.eval["precision"][..., 0]  # IoU, recall, class, size; -1 where there is no box
    cuts = {"AP": precision[:, :, :, 0], "AP50": precision[:1, :, :, 0]}
    sizes = range(1, precision.shape[-1])
    cuts |= {f"AP {_SIZES[place - 1]}": precision[:, :, :, place] for place in sizes}
    cuts |= {f"AP {name}": precision[:, :, place, 0] for place, name in enumerate(classes)}
    return {name: 100 * float(cut[cut > -1].mean()) for name, cut in cuts.items() if (cut > -1).any()}
