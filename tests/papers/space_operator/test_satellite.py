import math

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.satellite import FACES, Scene, normal, pieces, rotation


def test_turns_are_about_x_then_y_then_z():
    assert rotation(math.pi / 2, 0, 0) @ [0, 1, 0] == pytest.approx([0, 0, 1])
    assert rotation(0, math.pi / 2, 0) @ [0, 0, 1] == pytest.approx([1, 0, 0])
    assert rotation(0, 0, math.pi / 2) @ [1, 0, 0] == pytest.approx([0, 1, 0])
    assert rotation(0.3, 0.4, 0.5) @ rotation(0.3, 0.4, 0.5).T == pytest.approx(np.eye(3))


@pytest.mark.parametrize("place", range(4))
def test_the_face_turned_to_the_camera_is_named(place):
    scene = Scene(pitch=place * math.pi / 2 + 0.5, yaw=0.4, roll=0.3)
    assert scene.face == FACES[place]
    assert normal(scene, scene.face)[2] > 0.7


def test_a_missing_panel_leaves_its_boom():
    whole, broken = len(pieces(Scene())), len(pieces(Scene(fault="missing", side="left")))
    assert whole - broken == 4  # two halves, two sides each


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"fault": "lost", "side": "left"}, "there is no fault 'lost'"),
        ({"fault": "bent"}, "'bent' and panel 'neither' do not go together"),
        ({"side": "left"}, "'none' and panel 'left' do not go together"),
        ({"sun": (1.0, 1.0, 0.0)}, "is not of length 1"),
    ],
)
def test_impossible_scenes_are_told(wrong, sentence):
    with pytest.raises(MMReproError, match=sentence):
        Scene(**wrong)
