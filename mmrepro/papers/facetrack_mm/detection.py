"""Faces in single frames: connected patches of skin in drawn clips, MTCNN in real pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrepro.modeling.face_detector import find_faces
from mmrepro.papers.facetrack_mm import tracking
from mmrepro.papers.facetrack_mm.tracking import Boxes

LEAST_AREA = 150  # pixels of a patch that may be a face
LOOKS_WEIGHT = 1.0


def skin_patches(frames: NDArray[np.uint8]) -> list[Boxes]:
    """Find the bright patches of a drawn clip, with scikit-image and SciPy.

    One threshold a clip (Otsu) parts skin from background. Faces that touch become one patch, and a face at
    the edge a smaller one: the errors that a tracker has to live with.

    Parameters
    ----------
    frames
        Shape (frames, pixels, pixels).

    Returns
    -------
    list
        Boxes by frame, each (faces, 4).
    """
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    smooth = ndimage.uniform_filter(frames.astype(np.float32), (0, 3, 3))
    bright = smooth > float(threshold_otsu(smooth))  # type: ignore[no-untyped-call]
    found = []
    for mask in bright:
        labels, _ = ndimage.label(ndimage.binary_fill_holes(mask))
        boxes = [
            (columns.start, rows.start, columns.stop, rows.stop)
            for rows, columns in ndimage.find_objects(labels)
            if (rows.stop - rows.start) * (columns.stop - columns.start) >= LEAST_AREA
        ]
        found.append(np.array(boxes, dtype=np.float64).reshape(-1, 4))
    return found


def brightness(frames: NDArray[Any], detections: list[Boxes]) -> list[NDArray[np.float64]]:
    """Return the median grey value of every box, from 0 to 1: what tells one face from another here.

    Parameters
    ----------
    frames
        Grey pictures, shape (frames, height, width).
    """
    height, width = frames.shape[1:]
    looks = []
    for frame, boxes in zip(frames, detections, strict=True):
        inside = np.clip(boxes, 0, [width, height, width, height]).astype(int)
        parts = [frame[top:bottom, left:right] for left, top, right, bottom in inside]
        looks.append(np.array([np.median(part) / 255 if part.size else 0.0 for part in parts]))
    return looks


def real_faces(images: Sequence[NDArray[np.uint8]]) -> list[Boxes]:
    """Find real faces with MTCNN, boxes by picture, each (faces, 4)."""
    found = find_faces(images)
    sides = ["left", "top", "right", "bottom"]
    return [found.loc[found["frame"] == frame, sides].to_numpy(float) for frame in range(len(images))]


def grey(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Return RGB pictures of one size as grey values, shape (pictures, height, width)."""
    return np.stack([image.mean(axis=2) for image in images])


def said(boxes: Boxes) -> str:
    """Say in how many frames, (frames, 4), a face is followed, and what happens where there is none."""
    count = int(np.isfinite(boxes).all(axis=1).sum())
    if count == 0:
        return f"No face was found in {len(boxes)} frames: only the whole picture can be shown."
    return f"A face is followed in {count} of {len(boxes)} frames."


def track_clip(frames: NDArray[np.uint8]) -> Boxes:
    """Find and join the faces of a drawn clip, shape (tracks, frames, 4)."""
    found = skin_patches(frames)
    return tracking.track(found, brightness(frames, found), LOOKS_WEIGHT)


def follow_clips(frames: NDArray[np.uint8]) -> Boxes:
    """Find, track and follow the main character of every drawn clip, shape (clips, frames, 4)."""
    return np.stack([tracking.followed(track_clip(clip), len(clip)) for clip in frames])
