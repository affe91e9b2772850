"""The simulation against the real game: orbits, steps, burns, roll, scores, prompts.

Positions in the game's logs are read up to one tick of its physics apart, which at orbital speed is 43 m.
The functions here therefore tell errors before and after whole ticks are taken out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from mmrepro.papers.space_operator.action import TICK
from mmrepro.papers.space_operator.craft import delta_v
from mmrepro.papers.space_operator.frames import body_axes, prograde, turned
from mmrepro.papers.space_operator.logs import LoggedState, PromptRow, PublishedRow
from mmrepro.papers.space_operator.orbit import State, position, propagate, velocity
from mmrepro.papers.space_operator.scenario import scenario
from mmrepro.papers.space_operator.score import pursuit_score
from mmrepro.papers.space_operator.vector import (
    Vector,
    dot,
    into,
    norm,
    subtract,
    unit,
)


@dataclass(frozen=True)
class Offset:
    """How far a logged state lies from a computed one.

    Attributes
    ----------
    raw
        Distance in m as logged.
    ticks
        Whole ticks of 20 ms by which the log runs ahead.
    left
        Distance in m after those are taken out.
    """

    raw: float
    ticks: int
    left: float


def ticks_along(computed: State, logged: State) -> float:
    """Return by how many ticks of motion a logged state runs ahead of a computed one."""
    along = velocity(computed)
    return dot(subtract(position(logged), position(computed)), along) / dot(along, along) / TICK


def offset(computed: State, logged: State) -> Offset:
    """Compare two states of the same moment, allowing for whole ticks."""
    apart = norm(subtract(position(logged), position(computed)))
    ticks = round(ticks_along(computed, logged))
    moved = position(propagate(computed, ticks * TICK)) if ticks else position(computed)
    return Offset(apart, ticks, norm(subtract(position(logged), moved)))


def save_file_offsets(log: Sequence[LoggedState]) -> tuple[Offset, Offset]:
    """Compare the first logged states of pursuer and evader of PE1 I3 with the save file's orbits."""
    pursuer, evader = scenario("PE1_E1_I3").states(log[0].time)
    return offset(pursuer, log[0].pursuer), offset(evader, log[0].evader)


def evader_offsets(log: Sequence[LoggedState]) -> list[Offset]:
    """Predict each logged state of the passive evader from the one before."""
    return [
        offset(propagate(before.evader, after.time - before.time), after.evader)
        for before, after in itertools.pairwise(log)
    ]


@dataclass(frozen=True)
class Reading:
    """When the two craft were read at a logged moment.

    Attributes
    ----------
    pursuer, evader
        Ticks by which each runs ahead of two-body motion from the first moment on.
    """

    pursuer: float
    evader: float

    @property
    def late(self) -> bool:
        """Whether the evader was read a tick later than the pursuer."""
        return round(self.evader) > round(self.pursuer)


def read_times(log: Sequence[LoggedState]) -> list[Reading]:
    """Find when the craft of each moment were read.

    Each moment is predicted from the one before, and whole ticks add up. In the first moment both are taken
    to be of the same tick.
    """
    found, ahead = [Reading(0.0, 0.0)], [0, 0]
    for before, after in itertools.pairwise(log):
        told = []
        for place, who in enumerate(("pursuer", "evader")):
            moved = propagate(getattr(before, who), after.time - before.time)
            ticks = ticks_along(moved, getattr(after, who))
            told.append(ahead[place] + ticks)
            ahead[place] += round(ticks)
        found.append(Reading(*told))
    return found


def late_share(log: Sequence[LoggedState]) -> float:
    """Return the share of moments in which the evader was read a tick later than the pursuer."""
    return sum(reading.late for reading in read_times(log)) / len(log)


@dataclass(frozen=True)
class RealBurn:
    """A burn of the real game, seen from the states before and after.

    Attributes
    ----------
    throttle
        Forward, right, down.
    gained
        Change of velocity in m/s, gravity taken out.
    expected
        Its size by the rocket equation from the logged masses, in m/s.
    before
        The state that it began from.
    """

    throttle: Vector
    gained: Vector
    expected: float
    before: LoggedState


def real_burns(log: Sequence[LoggedState], least: float = 0.25) -> list[RealBurn]:
    """Find burns along one axis, of at least `least` m/s, between states that follow each other closely."""
    found = []
    for before, after in itertools.pairwise(log):
        spent = delta_v(before.mass, after.mass)
        if spent < least or after.time - before.time > 0.7 or before.throttle != after.throttle:
            continue
        free = propagate(before.pursuer, after.time - before.time)
        # A tick of the log is a tick of gravity too: take it out by position, where it is plain.
        free = propagate(free, offset(free, after.pursuer).ticks * TICK)
        gained = subtract(velocity(after.pursuer), velocity(free))
        found.append(RealBurn(before.throttle, gained, spent, before))
    return found


@dataclass(frozen=True)
class BurnCheck:
    """Real burns against the model of the engines; medians over burns.

    Attributes
    ----------
    count
        Burns.
    gained, expected
        In m/s.
    along_nose
        Share of a lateral burn that falls along the nose, which should be none.
    roll_degrees
        Roll at the start of the flight that the burns tell, and the spread of it (half the range that
        holds the middle half).
    """

    count: int
    gained: float
    expected: float
    along_nose: float
    roll_degrees: float
    roll_spread: float


def check_burns(log: Sequence[LoggedState]) -> BurnCheck:
    """Compare the lateral burns of a log with the rocket equation, the nose's direction and one roll."""
    burns = [burn for burn in real_burns(log) if burn.throttle[0] == 0]
    noses = [unit(subtract(position(b.before.evader), position(b.before.pursuer))) for b in burns]
    shares = [abs(dot(unit(burn.gained), nose)) for burn, nose in zip(burns, noses, strict=True)]
    rolls = sorted(_roll(burn) for burn in burns)
    quarter = len(rolls) // 4
    return BurnCheck(
        len(burns),
        median(norm(burn.gained) for burn in burns),
        median(burn.expected for burn in burns),
        median(shares),
        median(rolls),
        (rolls[-1 - quarter] - rolls[quarter]) / 2,
    )


def _roll(burn: RealBurn) -> float:
    """Return the angle in degrees by which right leans from the orbit's normal towards the planet."""
    _, right, down = burn.throttle
    nose = unit(subtract(position(burn.before.evader), position(burn.before.pursuer)))
    flat = body_axes(burn.before.pursuer, nose, 0.0)
    _, y, z = into(flat, unit(burn.gained))
    # Of the axis that was asked for, seen in axes without roll.
    return (math.degrees(math.atan2(down, right) - math.atan2(z, y)) + 180) % 360 - 180


def score_errors(rows: Sequence[PublishedRow]) -> list[float]:
    """Return the relative errors of our score on the authors' own rows."""
    return [abs(pursuit_score(row.approach) / row.score - 1) for row in rows]


@dataclass(frozen=True)
class PromptCheck:
    """What a prompt at a mission time should say: m, m/s, and the direction right, forward, down."""

    lady: float
    guard: float
    speed: float
    prograde: Vector


def expected_prompt(name: str, time: float) -> PromptCheck:
    """Return what the game should print for a craft that has not burnt, at a mission time in s."""
    start = scenario(name).states(0.0)
    own, lady, guard = scenario(name).states(time)
    axes = turned(
        body_axes(start[0], subtract(position(start[1]), position(start[0]))),
        subtract(position(lady), position(own)),
    )
    return PromptCheck(
        norm(subtract(position(lady), position(own))),
        norm(subtract(position(guard), position(own))),
        norm(subtract(velocity(lady), velocity(own))),
        prograde(own, lady, axes),
    )


def closing_errors(prompts: Sequence[PromptRow], longest: float = 6.0) -> list[float]:
    """Compare the change of distance between prompts with speed times the forward part of prograde; m.

    Holds only if the vector is in the order right, forward, down, with forward along the nose.

    Parameters
    ----------
    longest
        Seconds between prompts up to which the closing speed is taken to change evenly.
    """
    found = []
    for before, after in itertools.pairwise(prompts):
        span = after.time - before.time
        if span <= longest:
            closing = [each.speed * each.prograde[1] for each in (before, after)]
            found.append(after.lady - before.lady + span * sum(closing) / 2)
    return found
