"""What must hold whatever the game does: energy over a flight, and transfers that arrive."""

from __future__ import annotations

from collections.abc import Sequence

from mmrepro.papers.space_operator.orbit import coast, energy, lambert, position, propagate
from mmrepro.papers.space_operator.scenario import scenario
from mmrepro.papers.space_operator.vector import norm, subtract


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
