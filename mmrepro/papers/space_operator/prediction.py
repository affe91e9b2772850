"""Where will the craft be, as seen from its target? Foretold in a turning frame, or as if it did not turn."""

from __future__ import annotations

from typing import Literal, get_args

from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.space_operator.frames import hill_axes, hill_state
from mmrepro.papers.space_operator.orbit import (
    State,
    angular_momentum,
    clohessy_wiltshire,
    position,
    propagate,
    velocity,
)
from mmrepro.papers.space_operator.vector import add, dot, into, norm, scale, subtract

Frame = Literal["turning frame", "frame taken for still", "straight line"]


def prediction_error(frame: Frame, own: State, target: State, time: float) -> float:
    """Return how far the foretold place near a target is from that of two bodies by `time` in s, in m.

    Parameters
    ----------
    frame
        ``turning frame``: Clohessy and Wiltshire's linear equations, with velocities as they are in the
        target's turning frame; ``frame taken for still``: the same equations, given mere differences of
        inertial velocities; ``straight line``: no equations at all.

    Raises
    ------
    MMReproError
        For another frame.
    """
    if frame not in get_args(Frame):
        raise MMReproError(f"Nothing is foretold in a {frame!r}: {nearest(frame, get_args(Frame))}")
    own_then, target_then = propagate(own, time), propagate(target, time)
    apart, rate = subtract(position(own), position(target)), subtract(velocity(own), velocity(target))
    if frame == "straight line":
        really = subtract(position(own_then), position(target_then))
        return norm(subtract(add(apart, scale(rate, time)), really))
    axes = hill_axes(target)
    still = (*into(axes, apart), *into(axes, rate))
    relative = hill_state(own, target) if frame == "turning frame" else still
    motion = norm(angular_momentum(target)) / dot(position(target), position(target))
    foretold = clohessy_wiltshire(relative, motion, time)
    return norm(subtract(foretold, position(hill_state(own_then, target_then))))
