"""An action as an agent gives it: a vector, a duration, and in which frame and unit the vector is meant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.craft import LIMITS, thrust
from mmrepro.papers.space_operator.frames import ntw_axes
from mmrepro.papers.space_operator.orbit import State
from mmrepro.papers.space_operator.vector import Axes, Vector, into, out_of

TICK = 0.02
"""Length of a step of the game's physics in s, and so of the shortest burn."""
LONGEST = 10.0
BODY, INERTIAL, NTW = 0, 1, 2
THROTTLE, NEWTONS = 0, 1
_KEYS = {"burn_vec", "vec_type", "ref_frame"}


class Action(NamedTuple):
    """A burn as asked for.

    Attributes
    ----------
    vector
        Along the axes of `frame`; for the body forward, right, down.
    duration
        In s.
    unit
        THROTTLE or NEWTONS.
    frame
        BODY, INERTIAL or NTW.
    """

    vector: Vector
    duration: float
    unit: int = THROTTLE
    frame: int = BODY

    def force(self, state: State, axes: Axes) -> Vector:
        """Return the force in N along forward, right, down; what a nozzle cannot give, it does not.

        As in the game, the vector is turned into the body's frame when the burn begins.
        """
        vector = self.vector
        if self.frame != BODY:
            vector = into(axes, vector if self.frame == INERTIAL else out_of(ntw_axes(state), vector))
        if self.unit == THROTTLE:
            return thrust(vector)
        return thrust((vector[0] / LIMITS[0], vector[1] / LIMITS[1], vector[2] / LIMITS[2]))


def read_action(given: Any) -> Action:
    """Read an action in either form of the game.

    Parameters
    ----------
    given
        Four numbers: throttle forward, right, down from -1 to 1, and seconds; or a mapping with those as
        `burn_vec`, with `vec_type` (0 throttle, 1 newtons) and `ref_frame` (0 body, 1 inertial, 2 NTW).

    Raises
    ------
    MMReproError
        For anything else, in one sentence.
    """
    unit = frame = 0
    if isinstance(given, Mapping):
        if "burn_vec" not in given or not set(given) <= _KEYS:
            raise MMReproError(
                f"an action has the keys {', '.join(map(str, given)) or 'of nothing'}; it needs burn_vec and "
                "may have vec_type and ref_frame."
            )
        unit = _choice(given.get("vec_type", 0), "vec_type", ("throttle", "newtons"))
        frame = _choice(given.get("ref_frame", 0), "ref_frame", ("body", "inertial", "NTW"))
        given = given["burn_vec"]
    x, y, z, duration = _four(given)
    limit = 1.0 if unit == THROTTLE else LIMITS[0]
    if max(abs(x), abs(y), abs(z)) > limit:
        raise MMReproError(
            f"an action asks for {x:g}, {y:g}, {z:g}; a {'throttle' if unit == THROTTLE else 'force in N'} "
            f"goes from -{limit:g} to {limit:g} in each direction."
        )
    if not TICK <= duration <= LONGEST:
        raise MMReproError(
            f"a burn cannot last {duration:g} s; give {TICK:g} s (one tick of the game) to {LONGEST:g} s."
        )
    return Action((x, y, z), duration, unit, frame)


def _four(given: Any) -> tuple[float, float, float, float]:
    try:
        x, y, z, duration = map(float, given)
    except (TypeError, ValueError):
        x = y = z = duration = math.nan
    if not math.isfinite(x + y + z + duration):
        raise MMReproError(
            f"an action must be four finite numbers (forward, right, down, seconds), not {given!r}."
        )
    return x, y, z, duration


def _choice(given: Any, key: str, names: tuple[str, ...]) -> int:
    if given not in range(len(names)):
        told = ", ".join(f"{number} ({name})" for number, name in enumerate(names))
        raise MMReproError(f"{key} is {given!r} in an action; it must be one of {told}.")
    return int(given)
