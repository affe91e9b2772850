"""Frames of a video file, decoded with PyAV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    from collections.abc import Iterable

Frames = list[NDArray[np.uint8]]


def read_frames(path: Path, count: int | None = None) -> tuple[Frames, NDArray[np.float64]]:
    """Decode `count` frames, evenly spaced by their number, or all of them.

    Returns
    -------
    tuple
        RGB images of shape (height, width, 3), and their times in seconds, shape (frames,). Times are the
        file's own, so a variable frame rate shows in them.

    Raises
    ------
    MMReproError
        For a file that is missing, is no video, breaks off, or has no frame.
    """
    import av

    if not path.is_file():
        raise MMReproError(f"There is no video {path}; check the folder and the name.")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise MMReproError(f"{path.name} has no video stream; give a video file.")
            total = container.streams.video[0].frames or sum(1 for _ in container.decode(video=0))
            container.seek(0)
            images, times = _decode(container.decode(video=0), _wanted(total, count), path.name)
    except (av.error.FFmpegError, EOFError, LookupError, MemoryError, OverflowError, ValueError) as error:
        raise MMReproError(
            f"{path.name} cannot be decoded as a video ({error}); is it whole? Fetch it again."
        ) from None
    if not images:
        raise MMReproError(f"{path.name} has no frame; give a video with at least one.")
    return images, times


def _wanted(total: int, count: int | None) -> set[int] | None:
    if count is None or total == 0:
        return None
    return set(np.linspace(0, total - 1, min(count, total)).astype(int).tolist())


def _decode(stream: Iterable[Any], wanted: set[int] | None, name: str) -> tuple[Frames, NDArray[np.float64]]:
    images, times, left = [], [], psutil.virtual_memory().available
    for number, frame in enumerate(stream):
        if wanted is None or number in wanted:
            left -= 3 * frame.width * frame.height  # whatever the file says of itself
            if left < 0:
                raise MMReproError(f"The frames of {name} do not fit into memory; ask for fewer of them.")
            images.append(np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8))
            times.append(float(frame.time or 0.0))
    return images, np.array(times)
