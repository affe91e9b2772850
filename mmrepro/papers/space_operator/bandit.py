"""The bandit of LBG1, the paper's own scenario: reach the lady, and stay away from the guard."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.action import TICK
from mmrepro.papers.space_operator.agents import Expert, Told, view
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.evaluation import row
from mmrepro.papers.space_operator.flight import Flight
from mmrepro.papers.space_operator.latency import Pilot
from mmrepro.papers.space_operator.orbit import MU, position, velocity
from mmrepro.papers.space_operator.scenario import START, scenario
from mmrepro.papers.space_operator.teacher import GAP, Start
from mmrepro.papers.space_operator.vector import add, dot, into, scale, subtract

if TYPE_CHECKING:
    import pandas as pd

GUARDS = ("LG0", "LG1")
ORBITAL_TICK = TICK * math.sqrt(MU / 750_000.0)
"""Metres along the orbit of all targets in one tick of the game's physics."""


@dataclass
class WideBerth(Expert):
    """The expert, who also keeps a distance to a guard on the way: where nobody guards, the expert itself.

    It looks where guard and craft will be closest if nobody burns. If that is too close and still to come,
    it takes up the speed sideways that makes up the difference by then.

    Attributes
    ----------
    berth
        Distance in m that it wants to pass at.
    sideways
        Speed sideways in m/s, at most.
    horizon
        Seconds ahead that it looks: a guard that drifts as slowly as that is not coming.
    """

    berth: float = 600.0
    sideways: float = 12.0
    horizon: float = 1000.0
    name = "wide berth"

    def act(self, flight: Flight) -> Told:
        """Return a burn of full throttles."""
        forward, right, down = self.throttle(view(flight), self._aside(flight))
        return (forward, right, down, self.duration)

    def _aside(self, flight: Flight) -> tuple[float, float]:
        """Return the speed past the target, to the right and down, that keeps clear of the guard."""
        if flight.guard is None:
            return 0.0, 0.0
        own, guard = flight.agent.state, flight.guard.state
        apart = subtract(position(guard), position(own))
        drift = subtract(velocity(guard), velocity(own))
        closing = -dot(apart, drift)
        if closing <= 0:  # The guard falls behind.
            return 0.0, 0.0
        left = closing / dot(drift, drift)
        if left > self.horizon:
            return 0.0, 0.0
        _, x, y = into(flight.axes, add(apart, scale(drift, left)))
        miss = math.hypot(x, y)
        away = (-x / miss, -y / miss) if miss > 0 else (1.0, 0.0)
        lack = max(0.0, self.berth - miss) / left
        _, right, down = view(flight).drift
        wanted = (lack * away[0] - right, lack * away[1] - down)
        share = min(1.0, self.sideways / max(math.hypot(*wanted), self.sideways))
        return wanted[0] * share, wanted[1] * share


def guarded_starts(count: int, seed: int, spread: float = ORBITAL_TICK, slack: float = 0.2) -> list[Start]:
    """Draw starts around that of the game, which is always one and the same.

    The orbits are circles about one axis, so that another mission time would be the same start. The roll,
    which no observation tells, is drawn at will; the bandit's place by up to one tick of its orbit in each
    direction, which is how exactly the game itself knows it.

    Parameters
    ----------
    spread
        Of the place in each direction, in m.
    slack
        Of the velocity in each direction, in m/s.
    """
    rng = np.random.default_rng(seed)
    bandit, *others = scenario("LBG1_LG0_I2").states(START)
    reach = np.repeat([spread, slack], 3)
    return [
        {
            "states": [np.add(bandit, rng.uniform(-reach, reach)), *others],
            "roll": float(rng.uniform(-np.pi, np.pi)),
        }
        for _ in range(count)
    ]


def raids(
    pilots: Mapping[str, Pilot], guards: Sequence[str] = GUARDS, *, gap: float = GAP, **settings: Any
) -> pd.DataFrame:
    """Fly LBG1_I2 past every guard.

    Parameters
    ----------
    pilots
        Each flies its starts, those of `guarded_starts`: `partial(fly_each, agent, starts)` does, and
        `partial(rollout, operator, starts)`.
    settings
        Further ones of `SpaceEnv`.

    Returns
    -------
    DataFrame
        A row a flight: agent, guard, start (number), guarded (true closest approach to the guard in m),
        caught (by the guard), decisions, and `evaluation.row`.

    Raises
    ------
    MMReproError
        Without any pilot, or for a guard that cannot be rebuilt.
    """
    import pandas as pd

    if not pilots:
        raise MMReproError("nobody flies past the guards; give at least one pilot.")
    rows = []
    for guard in guards:
        make_env = partial(SpaceEnv, f"LBG1_{guard}_I2", gap=gap, **settings)
        for agent, pilot in pilots.items():
            keys = {"agent": agent, "guard": guard}
            rows += [
                keys | {"start": start, "guarded": ended["guard_approach"]["true"].distance}
                | {"caught": ended["caught"], "decisions": ended["decisions"]} | row(ended)
                for start, ended in enumerate(pilot(make_env))
            ]  # fmt: skip
    return pd.DataFrame(rows)
