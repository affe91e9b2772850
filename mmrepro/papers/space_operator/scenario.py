"""The scenarios of the game: who flies on which orbit, as the save files say."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.space_operator.orbit import Elements, State, position, velocity
from mmrepro.papers.space_operator.vector import add, scale, unit

START = 5.22
"""Mission time of the first observation in s, as in real logs."""

_EVADER = Elements(750000.0, 0.0, 1e-4, 0.0, 0.0, 5.9341194567807207)
_CROSSING = Elements(750000.0, 0.0, 1e-4, 180.0, 0.0, 2.7925268031909272)
_TANGENT = Elements(724999.9, 0.034483000636100769, 1e-4, 180.0, 0.0, 2.7743753789701864)

ORBITS: dict[str, tuple[Elements, ...]] = {
    # Pursuer, evader.
    "pe1_i1": (_TANGENT, _CROSSING),
    "pe1_i2": (
        Elements(750000.0, 0.0, 1.0, 0.0, 0.0, 0.034906585039886591),
        Elements(750000.0, 0.0, 1e-4, 0.0, 0.0, 0.034906585039886591),
    ),
    "pe1_i3": (Elements(750000.0, 0.0, 0.0, 0.0, 0.0, 5.9306287982767323), _EVADER),
    "pe1_i4": (
        Elements(754500.1875, 0.0072900000959634781, 1.0, 355.0, 350.0, 6.1959188445798699),
        _EVADER,
    ),
    # Bandit, lady, guard.
    "lbg1_i1": (
        _TANGENT,
        _CROSSING,
        Elements(750000.0, 0.0, 1e-4, 180.0, 0.0, 2.7933994678169247),
    ),
    "lbg1_i2": (
        Elements(
            750000.0003843618,
            2.1123697265882874e-09,
            0.00010001254264300554,
            258.9566581075089,
            0.019710607302272365,
            1.415094163280219,
            1.54,
        ),
        Elements(
            749999.9965280165,
            2.6933647801411643e-09,
            0.00010197315771026238,
            187.78856415210598,
            2.876772793251689,
            2.6108372422869954,
            1.54,
        ),
        Elements(
            749999.9995974402,
            4.669038275684764e-10,
            0.00010001245149471835,
            116.10139462256683,
            0.019724520350280272,
            3.911006618347815,
            1.54,
        ),
    ),
}
"""Orbits of each scenario: the agent's craft first, then whom it seeks, then who guards."""

OPPONENTS = {"pe1": ("e1", "e2", "e3", "e4"), "lbg1": ("lg0", "lg1")}


@dataclass(frozen=True)
class Scenario:
    """A game, its opponent and its start."""

    game: str
    opponent: str
    start: str

    @property
    def guarded(self) -> bool:
        """Whether a guard stands between agent and target."""
        return self.game == "lbg1"

    def states(self, time: float) -> tuple[State, ...]:
        """Return the states of all craft at a mission time in s, the agent's first."""
        return tuple(orbit.state(time) for orbit in ORBITS[f"{self.game}_{self.start}"])


def scenario(name: str) -> Scenario:
    """Read a scenario by the game's own name, such as PE1_E1_I3 or LBG1_LG0_I2.

    Raises
    ------
    MMReproError
        For a name that is none, and for guards whose code was never published in the open.
    """
    known = [
        f"{game}_{opponent}_{orbit.split('_')[1]}"
        for game, opponents in OPPONENTS.items()
        for opponent in opponents
        for orbit in ORBITS
        if orbit.startswith(game)
    ]
    if name.lower() in known:
        return Scenario(*name.lower().split("_"))
    if re.fullmatch(r"lbg1_lg[2-6]_i[12]", name.lower()):
        raise MMReproError(
            f"{name} cannot be rebuilt: the code of guards LG3 to LG6 is published only obfuscated, and the "
            "evading lady of LG2 is not part of this chapter; fly LBG1 with LG0 or LG1."
        )
    raise MMReproError(f"there is no scenario {name!r}; {nearest(name.lower(), known)}")


def random_start(
    rng: np.random.Generator, nearest_m: float = 800.0, farthest_m: float = 4000.0, fastest: float = 15.0
) -> tuple[State, State]:
    """Draw a pursuer around the evader of PE1 I3: any direction, distance in m, relative speed in m/s."""
    target = _EVADER.state(START)
    draws = rng.normal(size=(2, 3)).tolist()
    away, drift = unit((draws[0][0], draws[0][1], draws[0][2])), unit((draws[1][0], draws[1][1], draws[1][2]))
    place = add(position(target), scale(away, rng.uniform(nearest_m, farthest_m)))
    return (*place, *add(velocity(target), scale(drift, rng.uniform(0.0, fastest)))), target
