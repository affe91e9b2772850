"""Faces in a clip with MTCNN, where facenet-pytorch and PyAV are installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

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


def read_frames(path: Path, count: int) -> tuple[list[NDArray[np.uint8]], NDArray[np.float64]]:
    """Decode `count` evenly spaced frames.

    Returns
    -------
    tuple
        RGB images of shape (height, width, 3), and their times in seconds, shape (count,).
    """
    import av

    with av.open(str(path)) as container:
        track = container.streams.video[0]
        total = track.frames or sum(1 for _ in container.decode(video=0))
        wanted = set(np.linspace(0, total - 1, min(count, total)).astype(int).tolist())
        container.seek(0)
        images, times = [], []
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                images.append(np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8))
                times.append(float(frame.time or 0.0))
    return images, np.array(times)


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
