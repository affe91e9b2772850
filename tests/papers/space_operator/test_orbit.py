import math

import numpy as np
import pytest
from scipy.integrate import solve_bvp, solve_ivp

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.frames import hill_state
from mmrepro.papers.space_operator.orbit import (
    MU,
    Elements,
    angular_momentum,
    clohessy_wiltshire,
    coast,
    energy,
    lambert,
    position,
    propagate,
    rk4,
    stumpff,
    velocity,
)
from mmrepro.papers.space_operator.vector import add, norm, subtract

ELLIPSE = Elements(754500.0, 0.2, 30.0, 40.0, 50.0, 1.0)


def gravity(_, y):
    return np.r_[y[3:], -MU * y[:3] / np.linalg.norm(y[:3]) ** 3]


def miss(a, b):
    return norm(subtract(position(a), position(b)))


def test_a_circle_starts_on_the_x_axis_and_flies_at_the_circular_speed():
    state = Elements(750000.0, 0.0, 0.0, 0.0, 0.0, 0.0).state(0.0)
    assert state == pytest.approx((750000.0, 0, 0, 0, math.sqrt(MU / 750000.0), 0))


def test_periapsis_node_and_inclination_by_hand():
    # Node on y, orbit upright: from the node, a quarter turn along the orbit stands on z.
    state = Elements(1e6, 0.5, 90.0, 90.0, 90.0, 0.0).state(0.0)
    assert position(state) == pytest.approx((0, 0, 0.5e6), abs=1e-6)
    assert velocity(state) == pytest.approx((0, -math.sqrt(MU / 1e6 * 3), 0), abs=1e-6)


def test_an_orbit_returns_after_its_period():
    period = math.tau * math.sqrt(ELLIPSE.semi_major_axis**3 / MU)
    assert miss(ELLIPSE.state(0.0), ELLIPSE.state(period)) < 1e-5


@pytest.mark.parametrize("axis, eccentricity", [(0.0, 0.0), (7e5, 1.0), (7e5, -0.1), (math.nan, 0.1)])
def test_no_ellipse_is_told(axis, eccentricity):
    with pytest.raises(MMReproError, match="no ellipse"):
        Elements(axis, eccentricity, 0, 0, 0, 0)


@pytest.mark.parametrize("orbit", [ELLIPSE, Elements(750000.0, 0.0, 1e-4, 0, 0, 5.9)])
def test_steps_keep_energy_and_momentum_and_follow_kepler(orbit):
    state = orbit.state(0.0)
    after = coast(state, 240.0, 0.25)
    assert energy(after) == pytest.approx(energy(state), rel=1e-11)
    assert angular_momentum(after) == pytest.approx(
        angular_momentum(state), rel=1e-11, abs=1e-3
    )  # of 1e9 m^2/s
    assert miss(after, orbit.state(240.0)) < 1e-4


def test_steps_converge_with_order_four():
    start, exact = ELLIPSE.state(0.0), ELLIPSE.state(240.0)
    errors = [miss(coast(start, 240.0, dt), exact) for dt in (16.0, 8.0)]
    assert 12 < errors[0] / errors[1] < 20


def test_a_step_with_thrust_agrees_with_scipy():
    state, push = ELLIPSE.state(0.0), (0.3, -0.8, 0.5)
    ours = state
    for _ in range(40):
        ours = rk4(ours, push, 0.25)
    theirs = solve_ivp(
        lambda t, y: gravity(t, y) + np.r_[0, 0, 0, push], (0, 10), state, rtol=1e-12, atol=1e-9
    )
    assert ours == pytest.approx(tuple(theirs.y[:, -1]), abs=1e-5)


def test_universal_variables_follow_kepler_and_fly_back():
    for duration in (1e-3, 60.0, 1500.0):
        there = propagate(ELLIPSE.state(0.0), duration)
        assert miss(there, ELLIPSE.state(duration)) < 1e-5
        assert miss(propagate(there, -duration), ELLIPSE.state(0.0)) < 1e-5


def test_universal_variables_on_a_hyperbola_agree_with_scipy():
    state = (750000.0, 0.0, 0.0, 500.0, 3500.0, 100.0)
    theirs = solve_ivp(gravity, (0, 300), state, rtol=1e-12, atol=1e-8)
    assert propagate(state, 300.0) == pytest.approx(tuple(theirs.y[:, -1]), abs=1e-3)


def test_stumpff_functions_join_smoothly():
    for edge in (1e-3, -1e-3):
        assert stumpff(edge * 0.999999) == pytest.approx(stumpff(edge * 1.000001), rel=1e-8)


@pytest.mark.parametrize("duration", [5.0, 60.0, 240.0, 900.0])
def test_lambert_recovers_the_velocity_of_a_known_arc(duration):
    start, end = ELLIPSE.state(0.0), ELLIPSE.state(duration)
    first, last = lambert(position(start), position(end), duration)
    assert first == pytest.approx(velocity(start), abs=1e-5)
    assert last == pytest.approx(velocity(end), abs=1e-5)


def test_lambert_agrees_with_scipys_boundary_value_solution():
    start = position(ELLIPSE.state(0.0))
    end = add(position(ELLIPSE.state(200.0)), (900.0, -2000.0, 300.0))
    times = np.linspace(0, 200, 40)
    guess = np.array([ELLIPSE.state(time) for time in times]).T
    # Kilometres and km/s keep scipy's relative tolerance meaningful in every row.
    solved = solve_bvp(
        lambda t, y: np.vstack([y[3:], -MU / 1e9 * y[:3] / np.linalg.norm(y[:3], axis=0) ** 3]),
        lambda a, b: np.r_[a[:3] - np.array(start) / 1e3, b[:3] - np.array(end) / 1e3],
        times,
        guess / 1e3,
        tol=1e-10,
        max_nodes=20000,
    )
    assert solved.success
    assert lambert(start, end, 200.0)[0] == pytest.approx(tuple(solved.y[3:, 0] * 1e3), abs=1e-4)


def test_lambert_recovers_a_hyperbola():
    state = (750000.0, 0.0, 0.0, 500.0, 3500.0, 100.0)
    there = propagate(state, 300.0)
    assert lambert(position(state), position(there), 300.0)[0] == pytest.approx(velocity(state), abs=1e-5)


def test_lambert_carries_a_meeting_over_many_arcs():
    rng = np.random.default_rng(0)
    for _ in range(200):
        duration = rng.uniform(2, 400)
        start = position(ELLIPSE.state(rng.uniform(0, 2000)))
        end = add(position(ELLIPSE.state(rng.uniform(0, 2000))), tuple(rng.normal(0, 3000, 3)))
        if np.dot(start, end) < 0:
            continue
        first, _ = lambert(start, end, duration)
        assert norm(subtract(position(propagate((*start, *first), duration)), end)) < 1e-2


def test_lambert_refuses_half_a_turn():
    with pytest.raises(MMReproError, match="half a turn"):
        lambert((7e5, 0.0, 0.0), (-7.1e5, 0.0, 0.0), 900.0)


def test_lambert_refuses_no_time():
    with pytest.raises(MMReproError, match="cannot take 0 s"):
        lambert((7e5, 0, 0), (7e5, 1e3, 0), 0.0)


def test_clohessy_wiltshire_is_the_limit_of_two_bodies():
    target = Elements(750000.0, 0.0, 0.0, 0, 0, 0).state(0.0)
    motion = math.sqrt(MU / 750000.0**3)
    errors = []
    for size in (1000.0, 100.0):
        near = (
            target[0] + size,
            target[1] - 2 * size,
            size / 2,
            target[3] + size / 500,
            target[4],
            size / 300,
        )
        exact = hill_state(propagate(near, 200.0), propagate(target, 200.0))
        linear = clohessy_wiltshire(hill_state(near, target), motion, 200.0)
        errors.append(norm(subtract(position(exact), linear)))
    assert errors[1] < 0.2  # m, of some 300
    assert 80 < errors[0] / errors[1] < 120  # what is left out is of second order
