"""Orbits as the game's save files hold them, against those that are flown here."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.scenario import ORBITS

ORBIT_KEYS = ("SMA", "ECC", "INC", "LPE", "LAN", "MNA", "EPH")
"""Names of the elements in a save file, in the order of `orbit.Elements`."""
CRAFT = {"pe1": ("Pursuer", "Evader"), "lbg1": ("Bandit", "Lady", "Guard")}
"""Names of the craft in a save file, in the order of `scenario.ORBITS`."""
_ALSO = {"Bodyguard": "Guard"}


def same_orbits(path: Path) -> int:
    """Count the craft of the save files whose orbits are those flown here, to nine digits.

    Raises
    ------
    MMReproError
        For a file that lacks a scenario, a craft or an element.
    """
    content, same = json.loads(path.read_text(encoding="utf-8")), 0
    for name, orbits in ORBITS.items():
        try:
            saved = {_ALSO.get(who, who): each["orbit"] for who, each in content[name].items()}
            rows = [[saved[who][key] for key in ORBIT_KEYS] for who in CRAFT[name.split("_")[0]]]
        except KeyError as missing:
            raise MMReproError(
                f"{path.name} lacks {missing} in {name}; it must hold the orbits of six scenarios."
            ) from None
        same += sum(
            all(
                math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
                for one, other in zip(row, flown, strict=True)
            )
            for row, flown in zip(rows, map(dataclasses.astuple, orbits), strict=True)
        )
    return same
