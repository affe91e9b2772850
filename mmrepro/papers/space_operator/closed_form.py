"""What must hold whatever the game does: what is conserved, what arrives, and what others compute."""

from __future__ import annotations

from collections.abc import Sequence

from mmrepro.papers.space_operator.frames import hill_state
from mmrepro.papers.space_operator.orbit import (
    MU,
    angular_momentum,
    clohessy_wiltshire,
    coast,
    energy,
    lambert,
    position,
    propagate,
)
from mmrepro.papers.space_operator.scenario import scenario
from mmrepro.papers.space_operator.vector import dot, norm, subtract


def energy_change(name: str = "PE1_E1_I3", duration: float = 240.0) -> float:
    """Return the relative change of energy of a craft that coasts through a flight of so many s."""
    (state, *_) = scenario(name).states(0.0)
    return abs(energy(coast(state, duration)) / energy(state) - 1)


def transfer_miss(name: str = "PE1_E1_I3", durations: Sequence[float] = (30.0, 60.0, 130.0, 240.0)) -> float:
    """Fly transfers to the evader that solve Lambert's problem, step by step; the worst miss in m."""
    own, target = scenario(name).states(0.0)
    misses = []
    for duration in durations:
        there = position(propagate(target, duration))
        start, _ = lambert(position(own), there, duration)
        flown = coast((*position(own), *start), duration)
        misses.append(norm(subtract(position(flown), there)))
    return max(misses)


def momentum_change(name: str = "PE1_E1_I3", duration: float = 240.0) -> float:
    """Return the relative change of the angular momentum of a craft that coasts for so many s."""
    (state, *_) = scenario(name).states(0.0)
    before, after = angular_momentum(state), angular_momentum(coast(state, duration))
    return norm(subtract(after, before)) / norm(before)


def linear_error(name: str = "PE1_E1_I3", time: float = 60.0) -> float:
    """Return how far Clohessy and Wiltshire's linear equations stray from two bodies by `time` in s, in m."""
    own, target = scenario(name).states(0.0)
    motion = norm(angular_momentum(target)) / dot(position(target), position(target))
    linear = clohessy_wiltshire(hill_state(own, target), motion, time)
    exact = hill_state(propagate(own, time), propagate(target, time))
    return norm(subtract(position(exact), linear))


def boundary_gap(name: str = "PE1_E1_I3", duration: float = 130.0) -> float:
    """Return how far our solution of Lambert's problem is from scipy's of the boundary problem, in m/s."""
    import numpy as np
    from scipy.integrate import solve_bvp

    own, target = scenario(name).states(0.0)
    start, end = position(own), position(propagate(target, duration))
    times = np.linspace(0, duration, 40)
    # Kilometres and km/s keep scipy's relative tolerance meaningful in every row.
    guess = np.array([propagate(own, time) for time in times.tolist()]).T / 1e3
    solved = solve_bvp(
        lambda _, y: np.vstack([y[3:], -MU / 1e9 * y[:3] / np.linalg.norm(y[:3], axis=0) ** 3]),
        lambda a, b: np.r_[a[:3] - np.array(start) / 1e3, b[:3] - np.array(end) / 1e3],
        times,
        guess,
        tol=1e-10,
        max_nodes=20_000,
    )
    ours, _ = lambert(start, end, duration)
    x, y, z = (solved.y[3:, 0] * 1e3).tolist()
    return norm(subtract(ours, (x, y, z)))
