"""Faces in a clip with MTCNN, where facenet-pytorch and PyAV are installed."""

from __future__ import annotations

import importlib.util

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


def detect(images: list[NDArray[np.uint8]]) -> pd.DataFrame:
    """Find the most probable face of every image.

    Returns
    -------
    DataFrame
        frame, probability, left, top, right, bottom (pixels), and x and y of five landmarks; a frame
        without a face is missing.
    """
    from facenet_pytorch import MTCNN

    model = MTCNN(select_largest=True, device="cpu")
    rows = []
    for number, image in enumerate(images):
        boxes, scores, points = model.detect(image, landmarks=True)
        if boxes is None:
            continue
        best = int(np.argmax(scores))
        place = dict(zip(("left", "top", "right", "bottom"), map(float, boxes[best]), strict=True))
        marks = {
            f"{name} {axis}": float(points[best][row][column])
            for row, name in enumerate(LANDMARKS)
            for column, axis in enumerate("xy")
        }
        rows.append({"frame": number, "probability": float(scores[best]), **place, **marks})
    return pd.DataFrame(rows)
