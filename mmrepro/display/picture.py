"""Pictures inside figures and HTML: they travel as addresses that hold them, so a page needs no network."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def data_url(
    picture: NDArray[np.uint8],
    form: Literal["WEBP", "PNG"] = "WEBP",
    *,
    quality: int = 60,
    size: tuple[int, int] | None = None,
) -> str:
    """Return a picture as a ``data:`` address.

    Parameters
    ----------
    picture
        Grey levels (height, width) or colours (height, width, 3).
    form
        WebP is small, PNG quick and exact.
    quality
        Of WebP, 0 to 100.
    size
        Width and height in pixels to shrink or stretch it to.
    """
    import numpy as np
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture))
    if size is not None:
        image = image.resize(size, Image.Resampling.BOX)
    stream = io.BytesIO()
    image.save(stream, form, **({"quality": quality, "method": 6} if form == "WEBP" else {}))
    return f"data:image/{form.lower()};base64,{base64.b64encode(stream.getvalue()).decode()}"
