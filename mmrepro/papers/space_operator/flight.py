"""A flight in progress: the agent's craft, whom it seeks, who guards, and the clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.action import TICK
from mmrepro.papers.space_operator.craft import Craft, flow
from mmrepro.papers.space_operator.frames import ROLL, body_axes, turned
from mmrepro.papers.space_operator.opponents import Opponent
from mmrepro.papers.space_operator.orbit import State, drifted, position
from mmrepro.papers.space_operator.score import Watch, guarded_score, pursuit_score
from mmrepro.papers.space_operator.vector import ZERO, Vector, out_of, subtract

Kind = Literal["sampled", "true"]
"""Closest approaches as the game measures them, and those of the whole flight."""


@dataclass(frozen=True)
class Rules:
    """When a flight ends, and how finely it is computed.

    Attributes
    ----------
    capture
        Distance in m at which the target is caught; a guard catches the agent at the same.
    timeout
        Mission time in s.
    dt
        Longest step in s. Within reach of a capture the game's own tick is used.

    Raises
    ------
    MMReproError
        For a rule that would never let time pass or a flight end.
    """

    capture: float = 5.0
    timeout: float = 240.0
    dt: float = 0.25

    def __post_init__(self) -> None:
        for told, value in (("capture", self.capture), ("timeout", self.timeout), ("dt", self.dt)):
            if not 0 < value < math.inf:
                raise MMReproError(f"{told} is {value:g} in the rules of a flight; give a number above 0.")


class Flight:
    """All craft of a scenario, advanced together.

    Parameters
    ----------
    agent, target, guard
        The craft; without a guard, `guard` is None.
    target_policy, guard_policy
        Who flies them.
    time
        Mission time at the start, in s.
    roll
        Of the agent's craft at the start, in radians; see `frames.body_axes`.

    Attributes
    ----------
    axes
        The body's forward, right and down; the nose points at the target, as the game's autopilot holds it.
    true, sampled
        Closest approaches to the target: of the whole flight, and among the moments at which a burn ended,
        which is what the game reports.
    captured, caught, over
        Whether the target was captured, the agent was caught by the guard, and the flight is over.
    """

    def __init__(
        self,
        agent: Craft,
        target: Craft,
        target_policy: Opponent,
        guard: Craft | None = None,
        guard_policy: Opponent | None = None,
        time: float = 0.0,
        rules: Rules | None = None,
        roll: float = ROLL,
    ) -> None:
        self.agent, self.target, self.guard = agent, target, guard
        self._target_policy, self._guard_policy = target_policy, guard_policy
        self.time, self.rules = time, rules or Rules()
        self.axes = body_axes(agent.state, subtract(position(target.state), position(agent.state)), roll)
        self.true, self.sampled = Watch(), Watch(between=False)
        self.guard_true, self.guard_sampled = Watch(), Watch(between=False)
        self.captured = self.caught = self.over = False
        self._look()
        self.sample()

    def burn(self, force: Vector, duration: float) -> None:
        """Burn for a while or until the flight is over.

        Parameters
        ----------
        force
            In N along forward, right, down.
        duration
            In s.
        """
        spending = flow(force)
        end = min(self.time + duration, self.rules.timeout)
        while not self.over:
            left = end - self.time
            if left < 1e-9:
                break
            self._step(force, spending, min(left, self._stride()))
        self._point(0.0)

    def coast(self, duration: float) -> None:
        """Wait without burning; s."""
        self.burn(ZERO, duration)

    def sample(self, late: float = 0.0) -> None:
        """Take the measurement that the game takes at the end of a burn.

        Parameters
        ----------
        late
            Seconds by which the others are read later than the agent.
        """
        own, used = self.agent.state, self.agent.used_kg
        self.sampled.see(own, drifted(self.target.state, late), self.time, used)
        if self.guard is not None:
            self.guard_sampled.see(own, drifted(self.guard.state, late), self.time, used)

    def _stride(self) -> float:
        """Return the next step in s: the tick where a capture could fall into a longer one."""
        dt, seen = self.rules.dt, self.true
        reach = self.rules.capture + (seen.speed + 4.5 * dt) * dt
        return min(TICK, dt) if seen.square < reach * reach else dt

    def _step(self, force: Vector, spending: float, dt: float) -> None:
        agent, target = self.agent, self.target
        # Where the nose points halfway: thrust is constant over the step.
        self._point(0.5 * dt)
        distance = self.true.distance
        push, cost = self._target_policy.burn(target, agent, distance, self.time, dt)
        if self.guard is not None and self._guard_policy is not None:
            aim, price = self._guard_policy.burn(self.guard, agent, self.guard_true.distance, self.time, dt)
            self.guard.advance(aim, price, dt)
        agent.advance(out_of(self.axes, force) if spending else ZERO, spending, dt)
        target.advance(push, cost, dt)
        self.time += dt
        self._look()

    def _point(self, ahead: float) -> None:
        """Turn the nose to where the target will be seen `ahead` seconds from now."""
        a, b, c, d, e, f = self.agent.state
        x, y, z, u, v, w = self.target.state
        toward = (x - a + ahead * (u - d), y - b + ahead * (v - e), z - c + ahead * (w - f))
        self.axes = turned(self.axes, toward)

    def _look(self) -> None:
        """Measure distances and end the flight where the rules say so."""
        self.true.see(self.agent.state, self.target.state, self.time, self.agent.used_kg)
        near = self.rules.capture * self.rules.capture
        if self.guard is not None:
            self.guard_true.see(self.agent.state, self.guard.state, self.time, self.agent.used_kg)
            self.caught = self.guard_true.least < near
        self.captured = self.true.least < near
        timed_out = self.time >= self.rules.timeout - 1e-9
        self.over = self.captured or self.caught or timed_out

    def score(self, kind: Kind = "sampled") -> float:
        """Return what the flight is worth so far, by the closest approaches of one kind."""
        closest, guard = self.true, self.guard_true
        if kind == "sampled":
            closest, guard = self.sampled, self.guard_sampled
        if self.guard is None:
            return pursuit_score(closest.closest)
        return guarded_score(closest.closest.distance, guard.closest.distance)

    def states(self) -> tuple[State, ...]:
        """Return the states of all craft, the agent's first."""
        both = (self.agent.state, self.target.state)
        return both if self.guard is None else (*both, self.guard.state)
