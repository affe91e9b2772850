"""Image files from outside: opened if they are whole and of a size that memory can hold."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from mmrepro.errors import MMReproError

MOST_PIXELS = 100_000_000
_BROKEN = (
    OSError,  # unknown, cut off
    SyntaxError,  # as Pillow calls a broken PNG
    ValueError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)


@contextmanager
def opened_picture(path: Path) -> Iterator[Image.Image]:
    """Open an image file; it is decoded within the block, and what breaks there is told as the file's fault.

    Raises
    ------
    MMReproError
        When there is no such file, or it is no image, is cut off, or has more than `MOST_PIXELS`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # refused below
            picture = Image.open(path)
        with picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise MMReproError(
                    f"{path} has {picture.width:,} × {picture.height:,} pixels, too many to open."
                )
            yield picture
    except FileNotFoundError:
        raise MMReproError(f"There is no image {path}; fetch the data again.") from None
    except _BROKEN as error:
        told = " ".join(str(error).split())[:200] or type(error).__name__
        raise MMReproError(f"{path} is not a readable image ({told}); fetch it again.") from None
