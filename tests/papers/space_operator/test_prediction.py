import math

import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.orbit import MU, propagate
from mmrepro.papers.space_operator.prediction import prediction_error

AXIS, BEHIND = 7.0e5, 100.0
MOTION = math.sqrt(MU / AXIS**3)
TARGET = (AXIS, 0.0, 0.0, 0.0, AXIS * MOTION, 0.0)


def follower():
    """A craft on the target's own circle, `BEHIND` metres after it: it never comes nearer."""
    return propagate(TARGET, -BEHIND / (AXIS * MOTION))


@pytest.mark.parametrize("time", [10.0, 60.0, 240.0])
def test_who_follows_on_the_same_circle_is_foretold_to_stay_only_in_the_turning_frame(time):
    """A still frame sees the follower fall: by hand, along both axes of the linear equations."""
    sine, cosine = math.sin(MOTION * time), math.cos(MOTION * time)
    by_hand = BEHIND * math.hypot(sine, 2 * (1 - cosine))
    assert prediction_error("turning frame", follower(), TARGET, time) < 0.1
    assert prediction_error("frame taken for still", follower(), TARGET, time) == pytest.approx(
        by_hand, rel=0.01
    )


def test_a_straight_line_leaves_out_the_curve_of_the_orbit():
    """Two craft on one circle turn about each other; by hand, the chord of that turn less its tangent."""
    turn = MOTION * 240
    by_hand = BEHIND * math.hypot(math.cos(turn) - 1, math.sin(turn) - turn)
    assert prediction_error("straight line", follower(), TARGET, 240.0) == pytest.approx(by_hand, rel=0.01)


def test_where_both_are_at_one_place_the_frame_turns_nothing():
    x, y, z, u, v, w = TARGET
    pushed = (x, y, z, u + 1.0, v, w)
    errors = [
        prediction_error(frame, pushed, TARGET, 60.0) for frame in ("turning frame", "frame taken for still")
    ]
    assert errors[0] == errors[1]


def test_another_frame_is_refused_with_the_nearest_one():
    with pytest.raises(MMReproError, match="turning frame"):
        prediction_error("turnin frame", follower(), TARGET, 60.0)
