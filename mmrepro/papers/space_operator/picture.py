"""The picture an operator looks at: a navball with markers, and bars for what else the prompt says."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.agents import view
from mmrepro.papers.space_operator.craft import DRY_KG, UNIT_KG, WET_KG
from mmrepro.papers.space_operator.flight import Flight
from mmrepro.papers.space_operator.frames import prograde
from mmrepro.papers.space_operator.orbit import position
from mmrepro.papers.space_operator.vector import Vector, into, subtract, unit

SIZE = 128
"""Width and height of a picture in pixels."""
Picture = NDArray[np.uint8]
"""Of shape (size, size, 3), or (batch, size, size, 3) for several."""
Colour = tuple[int, int, int]
SCREEN: Colour = (10, 10, 14)
SKY, GROUND, HORIZON = (60, 150, 190), (170, 95, 45), (255, 255, 255)
MOTION: Colour = (200, 240, 40)
TARGET: Colour = (255, 60, 220)
TROUGH: Colour = (45, 45, 55)
GUARD: Colour = (255, 60, 60)
BARS: tuple[Colour, ...] = ((120, 160, 255), (90, 255, 90), (255, 170, 0), GUARD)
"""Of distance, speed and propellant, from above; below them that of the guard's distance, if one guards."""
NEAR_M, FAR_M = 1.0, 10_000.0
SLOW, FAST = 0.1, 300.0
FULL_UNITS = (WET_KG - DRY_KG) / UNIT_KG
_COLOURS = {"target": TARGET, "guard": GUARD, "guard behind": GUARD}  # of markers other than of motion
_FINE = 2  # drawn this much larger and averaged down: a marker that moves by half a pixel shows it


class Panel(NamedTuple):
    """What a picture shows.

    Attributes
    ----------
    prograde, target, up
        Directions along right, forward, down of the craft: of its motion relative to the target, to the
        target, and away from the planet.
    distance, speed
        To and relative to the target, in m and m/s.
    propellant
        In units.
    guard, guard_distance
        Direction to the guard and distance in m; None and 0 where nobody guards.
    """

    prograde: Vector
    target: Vector
    up: Vector
    distance: float
    speed: float
    propellant: float
    guard: Vector | None = None
    guard_distance: float = 0.0


def panel(flight: Flight) -> Panel:
    """Read the instruments of the agent's craft."""
    own, target = flight.agent.state, flight.target.state
    seen, guard = view(flight), flight.guard
    shown = Panel(
        prograde(own, target, flight.axes),
        _toward(flight, subtract(position(target), position(own))),
        _toward(flight, position(own)),
        seen.distance,
        seen.speed,
        flight.agent.propellant_units,
    )
    if guard is None:
        return shown
    toward = _toward(flight, subtract(position(guard.state), position(own)))
    return shown._replace(guard=toward, guard_distance=flight.guard_true.distance)


def _toward(flight: Flight, direction: Vector) -> Vector:
    forward, right, down = into(flight.axes, unit(direction))
    return right, forward, down


def picture(flight: Flight, size: int = SIZE) -> Picture:
    """Draw what the operator of a flight sees, (size, size, 3)."""
    return draw(panel(flight), size)


def draw(shown: Panel, size: int = SIZE) -> Picture:
    """Draw instruments.

    The ball shows the half of all directions that lies ahead: the nose in its middle, a direction at its
    right and down parts times the radius, as on the game's own. Motion is marked where it points, by a ring
    with three wings, or where it comes from, by a ring with a cross, whichever lies ahead. A guard is a full
    square where it stands, or a hollow one at the rim if it stands behind. Bars of distances and speed are
    logarithmic; that of propellant is not.

    Raises
    ------
    MMReproError
        For a size that is too small to draw in.
    """
    if size < 32:
        raise MMReproError(f"a picture of {size} pixels is too small for its instruments; give at least 32.")
    image = Image.new("RGB", (size * _FINE, size * _FINE), SCREEN)
    radius, centre = layout(size)
    _ball(image, shown.up, radius, centre)
    levels = [_level(shown.distance, NEAR_M, FAR_M), _level(shown.speed, SLOW, FAST), _fill(shown)]
    if shown.guard is not None:
        ahead, kind = (shown.guard, "guard") if shown.guard[1] >= 0 else (_rim(shown.guard), "guard behind")
        _mark(image, ahead, kind, size)
        levels.append(_level(shown.guard_distance, NEAR_M, FAR_M))
    _mark(image, shown.target, "target", size)
    if shown.speed > 0:
        behind = shown.prograde[1] < 0
        right, forward, down = shown.prograde
        ahead = (-right, -forward, -down) if behind else shown.prograde
        _mark(image, ahead, "retrograde" if behind else "prograde", size)
    _bars(image, levels, size)
    return np.asarray(image.reduce(_FINE))


def layout(size: int = SIZE) -> tuple[float, tuple[float, float]]:
    """Return the ball's radius and the coordinates (x, y) of its middle in pixels."""
    radius = round(0.37 * size)
    return float(radius), ((size - 1) / 2, radius + 0.03 * size)


def place(direction: Vector, size: int = SIZE) -> tuple[float, float]:
    """Return where a direction (right, forward, down) that lies ahead stands: (x, y) in pixels."""
    radius, (x, y) = layout(size)
    return x + radius * direction[0], y + radius * direction[2]


def blanked(pictures: Picture) -> Picture:
    """Return pictures of the same shape whose screen is switched off."""
    return np.broadcast_to(np.array(SCREEN, dtype=np.uint8), pictures.shape).copy()


def shuffled(pictures: Picture, bank: Picture, rng: np.random.Generator) -> Picture:
    """Replace each picture of a batch by one drawn from `bank`, (any, size, size, 3)."""
    return bank[rng.integers(0, len(bank), len(pictures))]


def _ball(image: Image.Image, up: Vector, radius: float, centre: tuple[float, float]) -> None:
    """Paint sky and ground as far as the nose sees them."""
    directions, inside, shade = _directions(round(radius * _FINE))
    height = directions @ np.array(up, dtype=np.float32)
    sky = np.clip(0.5 + 0.5 * radius * height, 0, 1)[..., None]
    ground = np.array(GROUND, dtype=np.float32)
    colours = ground + sky * (np.array(SKY, dtype=np.float32) - ground)
    colours[np.abs(height) < 1 / radius] = HORIZON
    painted = Image.fromarray((colours * shade).astype(np.uint8))
    corner = [round((each + 0.5) * _FINE) - round(radius * _FINE) for each in centre]
    image.paste(painted, (corner[0], corner[1]), Image.fromarray(inside))


@functools.cache
def _directions(radius: int) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """Return the direction (right, forward, down) of each pixel of a ball, which lie inside, and shading."""
    axis = ((np.arange(2 * radius) + 0.5 - radius) / radius).astype(np.float32)
    right, down = np.meshgrid(axis, axis)
    square = right**2 + down**2
    forward = np.sqrt(np.clip(1 - square, 0, None))
    shade = (0.55 + 0.45 * forward)[..., None]
    return np.stack([right, forward, down], -1), (square < 1).astype(np.uint8) * 255, shade


def _rim(direction: Vector) -> Vector:
    """Return the place on the rim nearest to a direction that lies behind; below if straight behind."""
    right, _, down = unit((direction[0], 0.0, direction[2]))
    return (right, 0.0, down) if right or down else (0.0, 0.0, 1.0)


def _mark(image: Image.Image, direction: Vector, kind: str, size: int) -> None:
    """Stamp a marker, its middle where the direction stands."""
    radius, (x, y) = layout(size)
    stamp = _stamp(kind, max(2, round(0.04 * size)) * _FINE)
    reach = stamp.width // 2
    # Rounded as distances from the middle, so that a mirrored direction lands on the mirrored pixel.
    column = round((x + 0.5) * _FINE) + round(radius * _FINE * direction[0])
    row = round((y + 0.5) * _FINE) + round(radius * _FINE * direction[2])
    image.paste(_COLOURS.get(kind, MOTION), (column - reach, row - reach), stamp)


@functools.cache
def _stamp(kind: str, radius: int) -> Image.Image:
    """Return a marker as a mask of even width around its middle: the same seen in a mirror."""
    reach = 2 * radius
    mask = Image.new("L", (2 * reach, 2 * reach))
    pen, middle, width = ImageDraw.Draw(mask), reach - 0.5, max(_FINE, radius // 3)
    if kind.startswith("guard"):
        box = [reach - radius, reach - radius, reach + radius - 1, reach + radius - 1]
        pen.rectangle(box, outline=255, width=width, fill=255 if kind == "guard" else 0)
        return mask
    ring = radius // 2 if kind == "target" else radius
    pen.ellipse([reach - ring, reach - ring, reach + ring - 1, reach + ring - 1], outline=255, width=width)
    if kind == "prograde":
        half = width / 2
        pen.rectangle([middle + radius, middle - half, 2 * reach, middle + half], fill=255)
        pen.rectangle([middle - half, 0, middle + half, middle - radius], fill=255)
    if kind == "retrograde":
        arm = radius * math.sqrt(0.5)
        pen.line([middle - arm, middle - arm, middle + arm, middle + arm], fill=255, width=width)
    return ImageChops.lighter(mask, mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def _bars(image: Image.Image, levels: Sequence[float], size: int) -> None:
    """Draw the bars below the ball, each filled from the left; a fourth makes all of them thinner."""
    apart = 24 // len(levels)
    pen, pixel = ImageDraw.Draw(image), size * _FINE / 128
    left, right = 6 * pixel, 122 * pixel
    for number, (level, colour) in enumerate(zip(levels, BARS, strict=False)):
        top = (103 + apart * number) * pixel
        bottom = top + (apart - 3) * pixel - 1
        pen.rectangle([left, top, right - 1, bottom], fill=TROUGH)
        end = left + level * (right - left)
        if end - left >= 1:
            pen.rectangle([left, top, end - 1, bottom], fill=colour)


def _level(value: float, least: float, most: float) -> float:
    """Return how far a value lies between two others on a logarithmic scale, from 0 to 1."""
    return math.log(min(max(value, least), most) / least) / math.log(most / least)


def _fill(shown: Panel) -> float:
    return min(1.0, shown.propellant / FULL_UNITS)
