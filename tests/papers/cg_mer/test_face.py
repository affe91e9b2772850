import importlib.util

import numpy as np
import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import face, figures

detector = pytest.mark.skipif(
    importlib.util.find_spec("facenet_pytorch") is None, reason="facenet-pytorch is not installed"
)


def test_what_is_missing_is_named_with_the_command_that_mends_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "av" else object())
    assert face.missing_packages() == ["av"]
    with pytest.raises(MMReproError, match="av are missing: python -m pip install"):
        face.require_detector()


@detector
def test_a_grey_picture_has_no_face():
    assert face.detect([np.full((120, 160, 3), 128, dtype=np.uint8)]).empty


@detector
def test_a_real_face_is_found_where_it_is():
    from matplotlib import cbook
    from PIL import Image

    # The portrait that comes with matplotlib, 512 x 600 pixels.
    with cbook.get_sample_data("grace_hopper.jpg") as stream:
        portrait = np.array(Image.open(stream).convert("RGB"))
    grey = np.full((120, 160, 3), 128, dtype=np.uint8)
    found = face.detect([grey, portrait])
    assert found["frame"].tolist() == [1]
    row = found.iloc[0]
    assert row["probability"] > 0.99
    assert row["left"] < row["left eye x"] < row["nose x"] < row["right eye x"] < row["right"]
    assert row["top"] < row["left eye y"] < row["nose y"] < row["left mouth y"] < row["bottom"]


def test_the_track_of_a_face_is_drawn_at_its_times():
    marks = {f"{name} {axis}": [5.0, 6.0] for name in face.LANDMARKS for axis in "xy"}
    box = {"left": [1.0, 2.0], "right": [9.0, 9.0], "top": [1.0, 1.0], "bottom": [11.0, 13.0]}
    faces = pd.DataFrame({"frame": [0, 2], **box, **marks})
    figure = figures.face_track(np.zeros((20, 20, 3), np.uint8), faces, np.array([0.0, 0.5, 1.0]))
    nose, height = figure.axes[1].lines
    assert nose.get_xydata().tolist() == [[0.0, 5.0], [1.0, 6.0]]
    assert height.get_xydata().tolist() == [[0.0, 10.0], [1.0, 12.0]]
