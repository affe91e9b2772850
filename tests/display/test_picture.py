import base64
import io

import numpy as np
import pytest
from PIL import Image

from mmrepro.display.picture import data_url

PICTURE = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)


def opened(address, kind):
    head, _, content = address.partition(",")
    assert head == f"data:image/{kind};base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def test_png_holds_the_picture_exactly():
    assert np.array_equal(np.asarray(opened(data_url(PICTURE, "PNG"), "png")), PICTURE)
    view = PICTURE[:, ::-1]  # no copy, and no order that an encoder could take as it is
    assert np.array_equal(np.asarray(opened(data_url(view, "PNG"), "png")), view)


@pytest.mark.parametrize("size", [(24, 12), (3, 4)])
def test_webp_comes_in_the_size_asked_for(size):
    assert opened(data_url(PICTURE, size=size), "webp").size == size
    assert opened(data_url(PICTURE), "webp").size == (6, 8)


def test_less_quality_is_less_to_send():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert len(data_url(noise, quality=20)) < len(data_url(noise, quality=90))
