"""Who flies against the agent: the scripted evaders of PE1 and the guards of LBG1, after the game's code."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from mmrepro.papers.space_operator.craft import LIMITS, Craft, flow
from mmrepro.papers.space_operator.frames import ntw_axes
from mmrepro.papers.space_operator.orbit import position, velocity
from mmrepro.papers.space_operator.vector import (
    ZERO,
    Vector,
    angle,
    norm,
    out_of,
    scale,
    subtract,
    unit,
)

FULL = LIMITS[0]
"""Full forward force in N."""
Burn = tuple[Vector, float]
"""A force in N along inertial axes, and what it costs in kg/s."""
NO_BURN: Burn = (ZERO, 0.0)


def nose_burn(direction: Vector, force: float = FULL) -> Burn:
    """Burn along the nose, which points along `direction`; N."""
    return scale(unit(direction), force), flow((force, 0.0, 0.0))


class Opponent(Protocol):
    """Decides on the burn of its craft at every step."""

    def burn(self, own: Craft, agent: Craft, distance: float, time: float, dt: float) -> Burn:
        """Return the burn of the next step.

        Parameters
        ----------
        own, agent
            The opponent's craft and the agent's.
        distance
            Between them, in m.
        time, dt
            Mission time and length of the step in s.
        """


class Passive:
    """E1, LG0 and every lady: never burns."""

    def burn(self, own: Craft, agent: Craft, distance: float, time: float, dt: float) -> Burn:
        """Return no burn."""
        return NO_BURN


class RandomBursts:
    """E2: within 2,200 m, bursts of up to 2 s with random throttle, every other one empty on average."""

    within = 2200.0

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._until = 0.0
        self._force = ZERO

    def burn(self, own: Craft, agent: Craft, distance: float, time: float, dt: float) -> Burn:
        """Return the burst that runs; out of range the last one goes on, as in the game's loop."""
        if time >= self._until and distance < self.within:
            self._until = time + 2 * self._rng.random()
            burning = self._rng.random() < 0.5
            throttle = 2 * self._rng.random(3) - 1
            forward, right, down = (throttle * LIMITS * burning).tolist()
            self._force = (forward, right, down)
        if self._force == ZERO:
            return NO_BURN
        outward, along, normal = ntw_axes(own.state)
        return out_of((along, normal, outward), self._force), flow(self._force)


class NormalBurn:
    """E3: full thrust along the orbit's normal while the pursuer is within 200 m."""

    within = 200.0

    def burn(self, own: Craft, agent: Craft, distance: float, time: float, dt: float) -> Burn:
        """Return a full burn or none."""
        return nose_burn(ntw_axes(own.state)[2]) if distance < self.within else NO_BURN


class ProgradeBurn:
    """E4: a fifth of full thrust along the velocity, always."""

    def burn(self, own: Craft, agent: Craft, distance: float, time: float, dt: float) -> Burn:
        """Return the burn."""
        return nose_burn(velocity(own.state), 0.2 * FULL)


class PursuingGuard:
    """LG1: stop relative to the bandit, burn at it up to 10 m/s, coast until the aim is off by 15 degrees.

    Turning takes no time here but for the second that the script waits before each burn at the bandit.
    """

    slow, fast, aim, patience, pause = 0.2, 10.0, np.radians(15.0).item(), 30.0, 1.0

    def __init__(self) -> None:
        self._phase = "stop"
        self._since: float | None = None

    def burn(self, own: Craft, agent: Craft, distance: float, time: float, dt: float) -> Burn:
        """Return the burn of the phase that the guard is in."""
        apart = subtract(position(agent.state), position(own.state))
        drift = subtract(velocity(agent.state), velocity(own.state))
        speed = norm(drift)
        self._step(speed, angle(scale(drift, -1.0), apart), time)
        if self._phase == "stop":
            # No more than stops it within the step: the game checks every few milliseconds.
            return nose_burn(drift, min(FULL, speed * own.mass / dt))
        return nose_burn(apart) if self._phase == "burn" else NO_BURN

    def _step(self, speed: float, off: float, time: float) -> None:
        """Move on to the next phases as far as their conditions are met."""
        if self._since is None:
            self._since = time
        spent = time - self._since
        if self._phase == "stop" and (speed < self.slow or spent > self.patience):
            self._enter("turn", time)
        elif self._phase == "turn" and spent >= self.pause:
            self._enter("burn", time)
        elif self._phase == "burn" and (
            speed > self.fast or spent > self.patience or (off > self.aim and spent > self.pause)
        ):
            self._enter("coast", time)
        elif self._phase == "coast" and off > self.aim:
            self._enter("stop", time)

    def _enter(self, phase: str, time: float) -> None:
        self._phase, self._since = phase, time


def opponent(name: str, rng: np.random.Generator) -> Opponent:
    """Make an opponent by its name in a scenario; only E2 draws from `rng`."""
    made: dict[str, Opponent] = {
        "e1": Passive(),
        "e2": RandomBursts(rng),
        "e3": NormalBurn(),
        "e4": ProgradeBurn(),
        "lg0": Passive(),
        "lg1": PursuingGuard(),
    }
    return made[name]
