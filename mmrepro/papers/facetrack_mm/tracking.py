"""From boxes in single frames to tracks of persons, and from tracks to the main character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""Left, top, right, bottom in pixels, shape (..., 4); NaN where there is none."""

LEAST_OVERLAP = 0.1  # IoU below which a box cannot continue a track
PATIENCE = 3  # frames that a track may miss its face


def overlaps(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """Return the intersection over union of every box with every other, shape (boxes, others)."""
    import torch
    from torchvision.ops import box_iou

    found: Boxes = box_iou(torch.from_numpy(boxes), torch.from_numpy(others)).numpy()
    return found


@dataclass
class _Track:
    boxes: Any  # (frames, 4)
    look: float  # of its last box
    last: int

    def expected(self, frame: int) -> Any:
        """Move on from the last box as the two before it moved; the size stays."""
        seen = np.flatnonzero(~np.isnan(self.boxes[:, 0]))[-2:]
        if len(seen) < 2:
            return self.boxes[self.last]
        centres = (self.boxes[seen, :2] + self.boxes[seen, 2:]) / 2
        step = (centres[1] - centres[0]) / (seen[1] - seen[0]) * (frame - seen[1])
        return self.boxes[self.last] + np.tile(step, 2)


def track(
    detections: Sequence[Boxes],
    looks: Sequence[NDArray[np.float64]] | None = None,
    weight: float = 0.0,
    patience: int = PATIENCE,
) -> Boxes:
    """Join boxes of successive frames into tracks: the cheapest assignment, frame by frame.

    The cost of a box for a track is one less the overlap with where the track is expected, plus `weight`
    times the difference in looks. A face that comes back within `patience` frames near where it
    is expected keeps its track; later it begins another.

    Parameters
    ----------
    detections
        Boxes by frame, each (faces, 4).
    looks
        A number for each box that tells faces apart, such as mean brightness from 0 to 1; each (faces,).
    weight
        Of looks against overlap.
    patience
        Frames that a track may miss its face.

    Returns
    -------
    array
        Boxes by track, shape (tracks, frames, 4), NaN in frames without the track.
    """
    from scipy.optimize import linear_sum_assignment

    tracks: list[_Track] = []
    for frame, boxes in enumerate(detections):
        seen = looks[frame] if looks is not None else np.zeros(len(boxes))
        alive = [each for each in tracks if frame - each.last <= patience + 1]
        free = set(range(len(boxes)))
        if alive and len(boxes):
            expected = np.stack([each.expected(frame) for each in alive])
            overlap = overlaps(expected, boxes)
            apart = np.abs(np.array([each.look for each in alive])[:, None] - seen[None])
            rows, columns = linear_sum_assignment(1 - overlap + weight * apart)
            for row, column in zip(rows, columns, strict=True):
                if overlap[row, column] >= LEAST_OVERLAP:
                    alive[row].boxes[frame] = boxes[column]
                    alive[row].last, alive[row].look = frame, float(seen[column])
                    free.discard(column)
        for column in sorted(free):
            own = np.full((len(detections), 4), np.nan)
            own[frame] = boxes[column]
            tracks.append(_Track(own, float(seen[column]), frame))
    return np.stack([each.boxes for each in tracks]) if tracks else np.zeros((0, len(detections), 4))


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """Return the area of each box, shape (...); 0 where there is none."""
    sides = boxes[..., 2:] - boxes[..., :2]
    return np.asarray(np.nan_to_num(sides[..., 0] * sides[..., 1]), dtype=np.float64)


def main_character(tracks: Boxes) -> int | None:
    """Choose the track that covers most of the picture over all frames; None without tracks.

    The paper does not say how its main character is found; this is our rule.
    """
    return int(areas(tracks).sum(axis=1).argmax()) if len(tracks) else None


def followed(tracks: Boxes, frames: int) -> Boxes:
    """Return the main character's boxes, shape (frames, 4), with gaps bridged in straight lines.

    Before its first and after its last box the face has not been seen: those frames stay NaN, as all do where
    nobody was found.
    """
    chosen = main_character(tracks)
    if chosen is None:
        return np.full((frames, 4), np.nan)
    boxes: Boxes = np.array(tracks[chosen])
    seen = np.flatnonzero(~np.isnan(boxes[:, 0]))
    inner = np.arange(seen[0], seen[-1] + 1)
    for side in range(4):
        boxes[inner, side] = np.interp(inner, seen, boxes[seen, side])
    return boxes


@dataclass(frozen=True)
class TrackingScore:
    """How well tracks follow persons, as MOTChallenge counts it.

    Attributes
    ----------
    switches
        Times that a person's track became another one.
    misses, false_positives
        Boxes of persons without a track's box, and the reverse.
    truths
        Boxes of persons in all.
    """

    switches: int
    misses: int
    false_positives: int
    truths: int

    @property
    def accuracy(self) -> float:
        """MOTA: one less all errors over all boxes of persons."""
        return 1 - (self.switches + self.misses + self.false_positives) / max(self.truths, 1)


def score_tracks(truth: Boxes, tracks: Boxes, least_overlap: float = 0.5) -> TrackingScore:
    """Count switches, misses and false positives with py-motmetrics.

    Parameters
    ----------
    truth, tracks
        Shape (persons, frames, 4) and (tracks, frames, 4), NaN where there is no box.
    """
    import motmetrics

    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in range(truth.shape[1]):
        real = np.flatnonzero(~np.isnan(truth[:, frame, 0]))
        found = np.flatnonzero(~np.isnan(tracks[:, frame, 0]))
        distance = 1 - overlaps(truth[real, frame], tracks[found, frame])
        distance[distance > 1 - least_overlap] = np.nan
        accumulator.update(real, found, distance)
    summary = motmetrics.metrics.create().compute(
        accumulator, metrics=["num_switches", "num_misses", "num_false_positives", "num_objects"]
    )
    return TrackingScore(*(int(summary[name].iloc[0]) for name in summary.columns))
