import importlib.util

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.modeling import face_detector

detector = pytest.mark.skipif(
    importlib.util.find_spec("facenet_pytorch") is None, reason="facenet-pytorch is not installed"
)


def test_what_is_missing_is_named_with_the_command_that_mends_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "av" else object())
    assert face_detector.missing_packages() == ["av"]
    with pytest.raises(MMReproError, match="av are missing: python -m pip install"):
        face_detector.require_detector()


@detector
def test_a_grey_picture_has_no_face():
    assert face_detector.find_faces([np.full((120, 160, 3), 128, dtype=np.uint8)]).empty


@detector
def test_a_real_face_is_found_where_it_is():
    from matplotlib import cbook
    from PIL import Image

    # The portrait that comes with matplotlib, 512 x 600 pixels.
    with cbook.get_sample_data("grace_hopper.jpg") as stream:
        portrait = np.array(Image.open(stream).convert("RGB"))
    grey = np.full((120, 160, 3), 128, dtype=np.uint8)
    found = face_detector.find_faces([grey, portrait])
    assert found["frame"].tolist() == [1]
    row = found.iloc[0]
    assert row["probability"] > 0.99
    assert row["left"] < row["left eye x"] < row["nose x"] < row["right eye x"] < row["right"]
    assert row["top"] < row["left eye y"] < row["nose y"] < row["left mouth y"] < row["bottom"]


@detector
def test_two_faces_in_one_picture_are_two_rows_the_surest_first():
    from matplotlib import cbook
    from PIL import Image
    from skimage import data

    with cbook.get_sample_data("grace_hopper.jpg") as stream:
        one = np.array(Image.open(stream).convert("RGB"))[:512, :512]
    found = face_detector.find_faces([np.hstack([one, data.astronaut()])])
    assert found["frame"].tolist() == [0, 0]
    assert found["probability"].is_monotonic_decreasing
    assert sorted(found["left"] // 512) == [0, 1]
    assert face_detector.find_faces([one], least_probability=1.1).empty
