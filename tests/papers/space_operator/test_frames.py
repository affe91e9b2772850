import math

import numpy as np
import pytest

from mmrepro.papers.space_operator.frames import body_axes, hill_axes, hill_state, ntw_axes, prograde, turned
from mmrepro.papers.space_operator.orbit import Elements
from mmrepro.papers.space_operator.vector import angle, into, out_of

ECCENTRIC = Elements(754500.0, 0.2, 30.0, 40.0, 50.0, 1.0).state(0.0)
CIRCLE = (750000.0, 0.0, 0.0, 0.0, 2170.0, 0.0)


@pytest.mark.parametrize(
    "axes",
    [ntw_axes(ECCENTRIC), hill_axes(ECCENTRIC), body_axes(ECCENTRIC, (1.0, 2.0, -3.0), 0.3)],
    ids=["ntw", "hill", "body"],
)
def test_frames_are_orthonormal_and_right_handed(axes):
    matrix = np.array(axes)
    assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)
    assert out_of(axes, into(axes, (1.0, -2.0, 5.0))) == pytest.approx((1.0, -2.0, 5.0))


def test_on_a_circle_n_is_radial_t_along_and_w_normal():
    assert ntw_axes(CIRCLE) == pytest.approx(np.eye(3))
    assert hill_axes(CIRCLE) == pytest.approx(np.eye(3))


def test_on_an_ellipse_t_keeps_to_the_velocity():
    assert into(ntw_axes(ECCENTRIC), ECCENTRIC[3:]) == pytest.approx(
        (0, math.hypot(*ECCENTRIC[3:]), 0), abs=1e-9
    )


def test_body_axes_by_hand():
    # Nose along the orbit, no roll: right is the orbit's normal, down is forward x right.
    forward, right, down = body_axes(CIRCLE, (0.0, 5.0, 0.0), 0.0)
    assert (forward, right, down) == pytest.approx(np.array([(0, 1, 0), (0, 0, 1), (1, 0, 0)]))
    _, right, _ = body_axes(CIRCLE, (0.0, 5.0, 0.0), math.atan2(0.6, 0.8))
    assert right == pytest.approx((-0.6, 0.0, 0.8))


def test_turning_is_the_shortest_way():
    axes = body_axes(ECCENTRIC, (1.0, 2.0, -3.0))
    toward = (0.5, 2.5, -2.0)
    new = turned(axes, toward)
    matrix = np.array(new).T @ np.array(axes)
    assert new[0] == pytest.approx(np.array(toward) / np.linalg.norm(toward))
    # A rotation's trace tells its angle: no more than between the two directions.
    assert math.acos((np.trace(matrix) - 1) / 2) == pytest.approx(angle(axes[0], toward))
    assert np.array(turned(new, axes[0])) == pytest.approx(np.array(axes))


def test_turning_straight_back_stays_a_frame():
    new = np.array(turned(((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0)), (-2.0, 0.0, 0.0)))
    assert new @ new.T == pytest.approx(np.eye(3))
    assert np.linalg.det(new) == pytest.approx(1.0)


def test_the_rotating_frame_sees_a_companion_on_the_same_circle_at_rest():
    target = Elements(750000.0, 0.0, 10.0, 0.0, 0.0, 0.0)
    behind = Elements(750000.0, 0.0, 10.0, 0.0, 0.0, -0.001)
    seen = hill_state(behind.state(7.0), target.state(7.0))
    assert seen[:3] == pytest.approx((-0.375, -750.0, 0.0), abs=1e-2)
    assert seen[3:] == pytest.approx((0, 0, 0), abs=1e-8)


def test_prograde_by_hand():
    own, target = (7e5, 0.0, 0.0, 3.0, 4.0, 0.0), (7e5, 100.0, 0.0, 0.0, 0.0, 0.0)
    axes = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0))  # forward, right, down
    assert prograde(own, target, axes) == pytest.approx((0.6, 0.8, 0.0))
    assert prograde(own, own, axes) == (0.0, 0.0, 0.0)
