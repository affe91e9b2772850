import importlib.util

import pytest

from mmrepro.papers.cg_mer import face


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "av" else object())
    assert face.missing_packages() == ["av"]


@pytest.mark.skipif(bool(face.missing_packages()), reason="facenet-pytorch and av are not installed")
def test_a_grey_picture_has_no_face():
    import numpy as np

    assert face.detect([np.full((120, 160, 3), 128, dtype=np.uint8)]).empty
