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


def write_clip(path, shades, rate=10):
    """Write a clip of one grey frame a shade."""
    import av

    with av.open(str(path), "w") as container:
        track = container.add_stream("mpeg4", rate=rate)
        track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
        for shade in shades:
            image = np.full((48, 64, 3), shade, dtype=np.uint8)
            container.mux(track.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(track.encode())


def test_frames_are_evenly_spaced_in_order_and_know_their_time(tmp_path):
    shades = np.linspace(20, 220, 11).astype(int)
    write_clip(tmp_path / "clip.mp4", shades)
    images, times = face.read_frames(tmp_path / "clip.mp4", 3)
    assert [image.shape for image in images] == [(48, 64, 3)] * 3
    assert np.allclose([image.mean() for image in images], shades[[0, 5, 10]], atol=6)
    assert times == pytest.approx([0.0, 0.5, 1.0])


def test_more_frames_than_there_are_gives_them_all(tmp_path):
    write_clip(tmp_path / "clip.mp4", [50, 100, 150])
    assert len(face.read_frames(tmp_path / "clip.mp4", 99)[0]) == 3


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
