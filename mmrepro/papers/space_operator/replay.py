"""The flight of a real language model, flown again: its actions at their real times."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmrepro.papers.space_operator.action import TICK, Action
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Flight, Rules
from mmrepro.papers.space_operator.logs import Decision

GAP = 0.04
"""Seconds without thrust between burns of the real flights, from the spacing of logged times."""


@dataclass(frozen=True)
class ReplayedMoment:
    """A moment of the language model's flight, real and simulated: m, m/s and units."""

    time: float
    real: tuple[float, float, float]
    simulated: tuple[float, float, float]


def replay(decisions: Sequence[Decision], roll: float | None = None) -> list[ReplayedMoment]:
    """Fly the real model's actions at their real times.

    The game repeats an action until the next arrives, and reads a queue: the action given upon one
    observation is in force from the next on.

    Parameters
    ----------
    roll
        Of the craft at the start in radians; None for the one that real burns tell.
    """
    env = SpaceEnv("PE1_E1_I3", start=decisions[0].time, rules=Rules(dt=0.1))
    env.reset(options={} if roll is None else {"roll": roll})
    flight = env.flight
    flight.coast(decisions[0].latency)
    held, found = decisions[0], []
    for before, now in itertools.pairwise(decisions):
        if now.shown:
            while flight.time < now.time - 0.15 and not flight.over:
                _burn(flight, held, now.time)
            flight.coast(max(0.0, now.time - flight.time))
            units = flight.agent.propellant_units
            found.append(
                ReplayedMoment(
                    now.time,
                    (now.distance, now.speed, now.propellant),
                    (flight.true.distance, flight.true.speed, units),
                )
            )
        else:
            _burn(flight, before, math.inf)
        held = before
    return found


def _burn(flight: Flight, decision: Decision, end: float) -> None:
    """Perform one burst of an action, cut off at a mission time, and the pause after it."""
    action = Action(decision.throttle, decision.duration)
    force = action.force(flight.agent.state, flight.axes)
    flight.burn(force, min(decision.duration, end - flight.time))
    flight.coast(max(0.0, min(GAP, end - flight.time)))


@dataclass(frozen=True)
class ReplayCheck:
    """How far the simulated flight strays from the real one.

    Attributes
    ----------
    moments
        Logged moments compared.
    worst_distance, last_distance
        Errors of the distance to the evader in m: the greatest, and at the last moment.
    worst_speed, worst_propellant
        Greatest errors in m/s and in units.
    near_whole_ticks
        Share of moments whose distance is right within 10 m once a whole tick is taken out or put in.
    """

    moments: int
    worst_distance: float
    last_distance: float
    worst_speed: float
    worst_propellant: float
    near_whole_ticks: float


def check_replay(moments: Sequence[ReplayedMoment], orbital_speed: float = 2170.0) -> ReplayCheck:
    """Sum a replay up.

    Parameters
    ----------
    orbital_speed
        In m/s; a tick at it is how far apart the game may read the two craft.
    """
    errors = [[real - ours for real, ours in zip(each.real, each.simulated, strict=True)] for each in moments]
    distances = [error[0] for error in errors]
    tick = orbital_speed * TICK
    near = [min(abs(each), abs(abs(each) - tick)) < 10 for each in distances]
    return ReplayCheck(
        len(errors),
        max(map(abs, distances)),
        abs(distances[-1]),
        max(abs(error[1]) for error in errors),
        max(abs(error[2]) for error in errors),
        sum(near) / len(near),
    )
