"""Frames of reference: the craft's body, its orbit (NTW) and the rotating frame of a target (Hill)."""

from __future__ import annotations

import math

from mmrepro.papers.space_operator.orbit import State, angular_momentum, position, velocity
from mmrepro.papers.space_operator.vector import (
    Axes,
    Vector,
    add,
    cross,
    dot,
    into,
    norm,
    scale,
    subtract,
    unit,
)

INERTIAL: Axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
ROLL = math.radians(37.0)
"""Roll of the craft at the start of the game in radians, as real burns tell: `validation.check_burns`."""


def ntw_axes(state: State) -> Axes:
    """Return the axes N, T, W: T along the velocity, W along the orbit's normal, N = T x W."""
    along, normal = unit(velocity(state)), unit(angular_momentum(state))
    return cross(along, normal), along, normal


def hill_axes(state: State) -> Axes:
    """Return the axes radial, along the orbit and normal."""
    radial, normal = unit(position(state)), unit(angular_momentum(state))
    return radial, cross(normal, radial), normal


def hill_state(state: State, target: State) -> State:
    """Return position and velocity relative to a target in its rotating frame."""
    axes = hill_axes(target)
    momentum, place = angular_momentum(target), position(target)
    spin = (0.0, 0.0, norm(momentum) / dot(place, place))
    apart = into(axes, subtract(position(state), place))
    rate = into(axes, subtract(velocity(state), velocity(target)))
    return (*apart, *subtract(rate, cross(spin, apart)))


def body_axes(state: State, toward: Vector, roll: float = ROLL) -> Axes:
    """Return the axes forward, right, down of a craft whose nose points along `toward`.

    Parameters
    ----------
    roll
        Angle in radians by which right leans from the orbit's normal towards the planet.
    """
    forward = unit(toward)
    radial, _, normal = hill_axes(state)
    wing = add(scale(radial, -math.sin(roll)), scale(normal, math.cos(roll)))
    right = unit(subtract(wing, scale(forward, dot(wing, forward))))
    return forward, right, cross(forward, right)


def turned(axes: Axes, toward: Vector) -> Axes:
    """Turn body axes by the shortest way until forward points along `toward`, without rolling."""
    old, right, _ = axes
    forward = unit(toward)
    middle = add(old, forward)
    share = 1 + dot(old, forward)
    if share < 1e-9:  # Straight back: turn about the right axis, the shortest way being any.
        return forward, right, cross(forward, right)
    right = subtract(right, scale(middle, dot(right, middle) / share))
    right = unit(right)
    return forward, right, cross(forward, right)


def prograde(own: State, target: State, axes: Axes) -> Vector:
    """Return the direction of motion relative to the target as prompts have it: right, forward, down.

    At rest relative to the target there is no direction, and all three are zero.
    """
    forward, right, down = into(axes, unit(subtract(velocity(own), velocity(target))))
    return right, forward, down
