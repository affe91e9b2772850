"""What a flight is worth: closest approaches and the two scores of the games. Lower is better in both."""

from __future__ import annotations

import math
from typing import NamedTuple

from mmrepro.papers.space_operator.orbit import State


class Approach(NamedTuple):
    """The closest approach of two craft.

    Attributes
    ----------
    distance
        In m.
    speed
        Relative, in m/s.
    propellant_kg
        Burnt by the agent until then.
    time
        Mission time in s.
    """

    distance: float
    speed: float
    propellant_kg: float
    time: float


def pursuit_score(approach: Approach) -> float:
    """Score PE1: distance, speed, propellant and time, all at the closest approach."""
    return (
        (0.1 * approach.distance) ** 2
        + math.pow(0.5 * approach.speed, 1.5)
        + math.pow(0.1 * approach.propellant_kg, 1.25)
        + 0.01 * approach.time
    )


def guarded_score(lady_distance: float, guard_distance: float) -> float:
    """Score LBG1 by the closest distances, in m, of the bandit to the lady and to the guard."""
    return lady_distance**2 + 1e6 / (guard_distance + 0.1)


class Watch:
    """Keeps the closest approach of two craft.

    Parameters
    ----------
    between
        Whether to look also between two moments, where the craft are taken to move along a straight line
        relative to each other: at the step of the simulation the bend is a matter of centimetres.

    Attributes
    ----------
    square, speed
        Square of the distance in m^2 and relative speed in m/s at the last moment.
    """

    __slots__ = ("_best", "_between", "_last", "_rate", "_time", "_used", "speed", "square")

    def __init__(self, between: bool = True) -> None:
        self._between = between
        self._best = (math.inf, math.inf, 0.0, 0.0)
        self._last = (0.0, 0.0, 0.0)
        self._rate, self._time, self._used = 0.0, 0.0, 0.0
        self.square, self.speed = math.inf, 0.0

    def see(self, own: State, other: State, time: float, used: float) -> None:
        """Take note of two states.

        Parameters
        ----------
        time
            Mission time in s.
        used
            Propellant in kg that the agent has burnt.
        """
        a, b, c, d, e, f = own
        x, y, z, u, v, w = other
        x, y, z, u, v, w = x - a, y - b, z - c, u - d, v - e, w - f
        self.speed = math.sqrt(u * u + v * v + w * w)
        rate, square = x * u + y * v + z * w, x * x + y * y + z * z
        if self._between and rate >= 0.0 > self._rate:
            self._pass((x, y, z), self.speed, time, used)
        if square < self._best[0]:
            self._best = (square, self.speed, used, time)
        self._last, self._rate, self._time, self._used, self.square = (x, y, z), rate, time, used, square

    def _pass(self, now: tuple[float, float, float], speed: float, time: float, used: float) -> None:
        """Look for a closest point between the last moment and this one."""
        last = self._last
        way = [end - start for start, end in zip(last, now, strict=True)]
        length = sum(each * each for each in way)
        if length == 0.0:
            return
        share = min(1.0, max(0.0, -sum(each * step for each, step in zip(last, way, strict=True)) / length))
        square = sum((each + share * step) ** 2 for each, step in zip(last, way, strict=True))
        if square < self._best[0]:
            self._best = (
                square,
                speed,
                self._used + share * (used - self._used),
                self._time + share * (time - self._time),
            )

    @property
    def distance(self) -> float:
        """Distance now, in m."""
        return math.sqrt(self.square)

    @property
    def least(self) -> float:
        """Square of the closest distance, in m^2."""
        return self._best[0]

    @property
    def closest(self) -> Approach:
        """The closest approach so far."""
        square, speed, used, time = self._best
        return Approach(math.sqrt(square), speed, used, time)
