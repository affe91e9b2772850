"""Faces in pictures with MTCNN, where facenet-pytorch and PyAV are installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

NEEDED = ("facenet_pytorch", "av")
INSTALL = "python -m pip install --no-deps av facenet-pytorch"
LANDMARKS = ("left eye", "right eye", "nose", "left mouth", "right mouth")


def missing_packages() -> list[str]:
    """Name the optional packages that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def require_detector() -> None:
    """Raise MMReproError where the detector is not installed, with the command that mends it."""
    missing = missing_packages()
    if missing:
        raise MMReproError(f"No face detector here, for {' and '.join(missing)} are missing: {INSTALL}")


def find_faces(images: Sequence[NDArray[np.uint8]], least_probability: float = 0.9) -> pd.DataFrame:
    """Find every face of every image with MTCNN (Zhang et al. 2016).

    Parameters
    ----------
    images
        RGB, each (height, width, 3).
    least_probability
        Faces below it are left out.

    Returns
    -------
    DataFrame
        frame, probability, left, top, right, bottom (pixels), and x and y of five landmarks; the most
        probable face of a frame comes first, and a frame without a face is missing.
    """
    from facenet_pytorch import MTCNN

    model = MTCNN(keep_all=True, device="cpu")
    sides = ("left", "top", "right", "bottom")
    rows = []
    for number, image in enumerate(images):
        boxes, scores, points = model.detect(image, landmarks=True)
        for face in [] if boxes is None else np.argsort(-scores):
            if scores[face] < least_probability:
                continue
            marks = {
                f"{name} {axis}": float(points[face][row][column])
                for row, name in enumerate(LANDMARKS)
                for column, axis in enumerate("xy")
            }
            place = dict(zip(sides, map(float, boxes[face]), strict=True))
            rows.append({"frame": number, "probability": float(scores[face]), **place, **marks})
    columns = ["frame", "probability", *sides, *(f"{name} {axis}" for name in LANDMARKS for axis in "xy")]
    return pd.DataFrame(rows, columns=columns)
