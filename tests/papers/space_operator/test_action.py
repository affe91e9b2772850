import math

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.action import INERTIAL, NEWTONS, NTW, Action, read_action
from mmrepro.papers.space_operator.frames import body_axes, ntw_axes
from mmrepro.papers.space_operator.vector import out_of

STATE = (750000.0, 0.0, 0.0, 0.0, 2170.0, 0.0)
AXES = body_axes(STATE, (1.0, 2.0, 0.5))


def test_both_forms_mean_the_same():
    bare = read_action([1, -0.5, 0, 2])
    assert bare == read_action({"burn_vec": np.array([1, -0.5, 0, 2]), "vec_type": 0, "ref_frame": 0})
    assert bare == read_action({"burn_vec": (1, -0.5, 0, 2)}) == Action((1.0, -0.5, 0.0), 2.0)
    assert bare.force(STATE, AXES) == (8000.0, -2000.0, 0.0)


def test_newtons_are_newtons_up_to_what_the_nozzles_give():
    asked = read_action({"burn_vec": [100, -200, 8000, 1], "vec_type": 1})
    assert asked.force(STATE, AXES) == (100.0, -200.0, 4000.0)


def test_a_vector_in_another_frame_is_turned_into_the_body():
    vector = (300.0, -200.0, 100.0)
    inertial = Action(vector, 1.0, NEWTONS, INERTIAL).force(STATE, AXES)
    assert out_of(AXES, inertial) == pytest.approx(vector)
    orbit = Action(vector, 1.0, NEWTONS, NTW).force(STATE, AXES)
    assert out_of(AXES, orbit) == pytest.approx(out_of(ntw_axes(STATE), vector))


@pytest.mark.parametrize(
    "given, told",
    [
        ([1, 0, 0], "four finite numbers"),
        ([1, 0, 0, 1, 1], "four finite numbers"),
        ([1, math.nan, 0, 1], "four finite numbers"),
        ([1, math.inf, 0, 1], "four finite numbers"),
        (None, "four finite numbers"),
        (3.0, "four finite numbers"),
        (["full", 0, 0, 1], "four finite numbers"),
        ([1.5, 0, 0, 1], "from -1 to 1"),
        ({"burn_vec": [9000, 0, 0, 1], "vec_type": 1}, "from -8000 to 8000"),
        ([1, 0, 0, 0], "cannot last 0 s"),
        ([1, 0, 0, -1], "cannot last -1 s"),
        ([1, 0, 0, 11], "cannot last 11 s"),
        ({"burn_vec": [1, 0, 0, 1], "ref_frame": 3}, "ref_frame is 3 .* 0 .body., 1 .inertial., 2 .NTW."),
        ({"burn_vec": [1, 0, 0, 1], "ref_frame": "ntw"}, "ref_frame is 'ntw'"),
        ({"burn_vec": [1, 0, 0, 1], "vec_type": 2}, "vec_type is 2"),
        ({"throttle": [1, 0, 0, 1]}, "needs burn_vec"),
        ({"burn_vec": [1, 0, 0, 1], "frame": 0}, "needs burn_vec"),
        ({}, "needs burn_vec"),
    ],
)
def test_a_bad_action_gets_one_sentence(given, told):
    with pytest.raises(MMReproError, match=told) as caught:
        read_action(given)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
