"""Agents that fly without learning: from the idle one to Lambert's problem solved at every step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.craft import LIMITS
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Flight
from mmrepro.papers.space_operator.orbit import lambert, position, propagate, velocity
from mmrepro.papers.space_operator.vector import Vector, dot, into, norm, subtract

Told = Sequence[float] | dict[str, Any]
"""An action in either form that the environment reads."""


class Agent(Protocol):
    """Decides on the next burn."""

    name: str

    def begin(self, flight: Flight) -> None:
        """Prepare for a new flight."""

    def act(self, flight: Flight) -> Told:
        """Return the next action."""


class View(NamedTuple):
    """The target as seen from the craft.

    Attributes
    ----------
    distance, speed
        In m, and relative in m/s.
    drift
        Velocity of the target relative to the craft along forward, right, down, in m/s.
    approaching
        Whether the distance shrinks.
    """

    distance: float
    speed: float
    drift: Vector
    approaching: bool


def view(flight: Flight) -> View:
    """Look at the target."""
    own, target = flight.agent.state, flight.target.state
    apart = subtract(position(target), position(own))
    drift = subtract(velocity(target), velocity(own))
    return View(norm(apart), norm(drift), into(flight.axes, drift), dot(apart, drift) < 0)


class _Steady:
    """An agent that needs no preparation."""

    def begin(self, flight: Flight) -> None:
        """Prepare nothing."""


class Inactive(_Steady):
    """Never burns."""

    name = "inactive"

    def act(self, flight: Flight) -> Told:
        """Return no burn."""
        return (0.0, 0.0, 0.0, 1.0)


class Random(_Steady):
    """Draws every throttle, and burns of up to 2 s."""

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def act(self, flight: Flight) -> Told:
        """Return a random burn."""
        forward, right, down = self._rng.uniform(-1, 1, 3).tolist()
        return (forward, right, down, self._rng.uniform(0.02, 2))


class Naive(_Steady):
    """Burns forward, which is towards the target, always."""

    name = "naive"

    def act(self, flight: Flight) -> Told:
        """Return a full burn."""
        return (1.0, 0.0, 0.0, 1.0)


class Prograde(_Steady):
    """Burns along its orbit, always."""

    name = "prograde"

    def act(self, flight: Flight) -> Told:
        """Return a full burn in the frame of the orbit."""
        return {"burn_vec": (0.0, LIMITS[0], 0.0, 1.0), "vec_type": 1, "ref_frame": 2}


@dataclass
class Navball(_Steady):
    """The authors' rule-based teacher: full thrust sideways against the drift, on or off, and a late brake.

    Attributes
    ----------
    duration
        Of a burn in s.
    brisk
        Speed in m/s above which it brakes near the target.
    dead
        Sideways parts of the direction of motion that it leaves alone.
    rate
        It coasts or brakes once this times the seconds to the target is below the speed, in m/s^2.
    """

    duration: float = 0.5
    brisk: float = 40.0
    dead: float = 0.03
    rate: float = 0.1
    name = "navball"

    def act(self, flight: Flight) -> Told:
        """Return a burn of full throttles."""
        seen = view(flight)
        speed = max(seen.speed, 1e-9)
        _, right, down = (each / speed for each in seen.drift)
        sideways = (0.0, 0.0)
        if abs(right) > self.dead or abs(down) > self.dead:
            sideways = (1.0 if right > 0 else -1.0, 1.0 if down > 0 else -1.0)
        forward = 1.0
        if seen.approaching and seen.distance / speed * self.rate < seen.speed:
            forward = -1.0 if seen.speed > self.brisk else 0.0
        return (forward, *sideways, self.duration)


@dataclass
class Expert(_Steady):
    """Full throttles or none in each direction, with a braking profile down to the capture.

    Attributes
    ----------
    duration
        Of a burn in s.
    fastest
        Closing speed far away, in m/s.
    brake
        Deceleration of the profile in m/s^2.
    dead
        Sideways drift in m/s that it leaves alone.
    halt
        Distance in m at which the profile ends.
    """

    duration: float = 0.5
    fastest: float = 22.0
    brake: float = 0.25
    dead: float = 0.16
    halt: float = 6.0
    name = "expert"

    def throttle(self, seen: View, aside: tuple[float, float] = (0.0, 0.0)) -> tuple[int, int, int]:
        """Return the throttles forward, right and down, each -1, 0 or 1.

        Parameters
        ----------
        aside
            Speed in m/s that it is to have past the target, to the right and down.
        """
        ahead, right, down = seen.drift
        wanted = min(self.fastest, math.sqrt(2 * self.brake * max(seen.distance - self.halt, 0.0)) + 1.0)
        lag = wanted + ahead
        return _sign(lag, 0.6), _sign(right + aside[0], self.dead), _sign(down + aside[1], self.dead)

    def act(self, flight: Flight) -> Told:
        """Return a burn of full throttles."""
        forward, right, down = self.throttle(view(flight))
        return (forward, right, down, self.duration)


def _sign(value: float, dead: float) -> int:
    return 0 if abs(value) <= dead else int(math.copysign(1, value))


@dataclass
class LambertMPC:
    """Solves Lambert's problem to where the target will be, anew at every step, and burns the difference.

    Attributes
    ----------
    transfer
        Time of the first transfer in s.
    duration
        Of a burn in s.
    brake
        Deceleration in m/s^2 that keeps the approach slow enough to stop; it stretches the transfer.
    """

    transfer: float = 130.0
    duration: float = 0.5
    brake: float = 0.35
    name = "lambert-mpc"
    _arrival: float = math.inf

    def begin(self, flight: Flight) -> None:
        """Set the time of arrival."""
        self._arrival = flight.time + self.transfer

    def act(self, flight: Flight) -> Told:
        """Return the burn that comes closest to the change of velocity that is needed."""
        own, left = flight.agent.state, self._time_left(flight)
        there = position(propagate(flight.target.state, left))
        needed, _ = lambert(position(own), there, left)
        change = into(flight.axes, subtract(needed, velocity(own)))
        force = [each * flight.agent.mass / self.duration for each in change]
        throttle = [each / limit for each, limit in zip(force, LIMITS, strict=True)]
        # Too much is scaled as a whole, so that the direction stays; too little is not worth a burn.
        most = max(1.0, *map(abs, throttle))
        forward, right, down = (0.0 if abs(each / most) < 0.02 else each / most for each in throttle)
        return (forward, right, down, self.duration)

    def _time_left(self, flight: Flight) -> float:
        """Return the seconds to arrival, set anew where too few are left to get there or to stop."""
        seen, left = view(flight), self._arrival - flight.time
        if left < 1.0:
            left = max(4.0, seen.distance / max(2.0, 0.7 * seen.speed))
        fastest = math.sqrt(2 * self.brake * max(seen.distance - 4.0, 0.0)) + 0.8
        if seen.speed > fastest:
            left = max(left, seen.distance / fastest)
        self._arrival = flight.time + left
        return left


def fly(
    env: SpaceEnv,
    agent: Agent,
    seed: int | None = None,
    options: dict[str, Any] | None = None,
    most: int = 100_000,
) -> dict[str, Any]:
    """Fly until the flight is over, in at most `most` actions.

    Returns
    -------
    dict
        What the environment reports at the end, and `decisions`, the number of actions.

    Raises
    ------
    MMReproError
        If the flight is not over by then.
    """
    _, information = env.reset(seed=seed, options=options)
    agent.begin(env.flight)
    for decisions in range(1, most + 1):
        *_, information = env.step(agent.act(env.flight))
        if env.flight.over:
            return information | {"decisions": decisions}
    raise MMReproError(
        f"the flight of the agent {agent.name!r} is not over after {most:,} actions; its burns may be too "
        "short."
    )
