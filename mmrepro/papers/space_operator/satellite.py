"""Satellites with known faults, drawn: what stands in for the paper's mock-up, its camera and its robot arm.

The paper shows a real model to a camera that an arm moves, and its pictures are private. Here a box with two
panels is drawn under a pose and a sun, with a fault that is known, so that answers can be counted. It has
none of what makes the real task hard (an arm, clutter, blur), and no number of it is the paper's.

Coordinates are the camera's: x to the right, y up, z towards the camera, in about half widths of the body.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

Fault = Literal["none", "missing", "bent", "dead cells", "burn"]
Side = Literal["left", "right", "neither"]
Face = Literal["front", "top", "back", "bottom"]
Points = NDArray[np.float64]
Colour = tuple[float, float, float]
FAULTS: tuple[Fault, ...] = get_args(Fault)
SIDES: tuple[Side, ...] = get_args(Side)
FACES: tuple[Face, ...] = get_args(Face)

_HALF = np.array([0.9, 0.9, 0.9])
_ROOT, _TIP, _WIDTH = 1.3, 3.1, 0.75  # where a panel begins and ends along x, and half its width
_ROWS, _COLUMNS = 2, 4
_GLINT = 0.5
_BODY: Colour = (205, 180, 120)
_INK: Colour = (70, 30, 30)
_CELL: Colour = (50, 90, 210)
_FRAME: Colour = (190, 195, 205)
_DEAD: Colour = (28, 26, 30)
_CHAR: Colour = (120, 62, 22)
_BEND = math.radians(50)


@dataclass(frozen=True)
class Scene:
    """What is drawn.

    Attributes
    ----------
    pitch, yaw, roll
        Turns of the satellite about x, then y, then z, in radians.
    drive
        Turn of the panels about their boom, against the body, in radians.
    sun
        Unit vector towards the sun.
    fault, side
        What is broken, and on which panel as the picture shows it.
    detail
        Seed of where cells are dead or burnt, and of the bend's sense.
    """

    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    drive: float = 0.0
    sun: tuple[float, float, float] = (0.0, 0.0, 1.0)
    fault: Fault = "none"
    side: Side = "neither"
    detail: int = 0

    def __post_init__(self) -> None:
        if self.fault not in FAULTS or self.side not in SIDES:
            raise MMReproError(
                f"there is no fault {self.fault!r} of the panel {self.side!r}; faults are "
                f"{', '.join(FAULTS)} and panels {', '.join(SIDES)}."
            )
        if (self.fault == "none") != (self.side == "neither"):
            raise MMReproError(
                f"fault {self.fault!r} and panel {self.side!r} do not go together; give both or none."
            )
        if not math.isclose(math.hypot(*self.sun), 1, abs_tol=1e-6):
            raise MMReproError(f"the sun's direction {self.sun} is not of length 1; divide it by its length.")

    @property
    def face(self) -> Face:
        """The marked face that is turned to the camera most."""
        return FACES[int(np.argmax([normal(self, face)[2] for face in FACES]))]

    def mirrored(self) -> Scene:
        """Return what a mirror to the left or right would show."""
        x, y, z = self.sun
        other: dict[Side, Side] = {"left": "right", "right": "left", "neither": "neither"}
        return replace(self, yaw=-self.yaw, roll=-self.roll, sun=(-x, y, z), side=other[self.side])


@dataclass(frozen=True)
class Plate:
    """A flat piece: corners (points, 3), colour, how much it glints, and ink drawn on it in that order."""

    corners: Points
    colour: Colour
    glint: float = 0.0
    ink: tuple[tuple[Points, Colour], ...] = ()


def rotation(pitch: float, yaw: float, roll: float) -> Points:
    """Return the matrix of turns about x, then y, then z, (3, 3)."""
    (cp, sp), (cy, sy), (cr, sr) = ((math.cos(each), math.sin(each)) for each in (pitch, yaw, roll))
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def normal(scene: Scene, face: Face) -> Points:
    """Return the unit vector that a marked face of the body points along, (3,)."""
    own = {"front": (0, 0, 1), "top": (0, 1, 0), "back": (0, 0, -1), "bottom": (0, -1, 0)}[face]
    return np.asarray(rotation(scene.pitch, scene.yaw, scene.roll) @ np.array(own, dtype=float))


def pieces(scene: Scene) -> list[Plate]:
    """Return the plates of which the satellite is made, both sides of each, before it is turned."""
    return [*_body(), *_panel(scene, "left"), *_panel(scene, "right")]


@functools.cache
def _body() -> list[Plate]:
    """Return the box: four faces with a mark each, and the two that bear panels."""
    square = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]]) * _HALF
    quarter = math.pi / 2
    plates = []
    for number, face in enumerate(FACES):
        turn = rotation(-quarter * number, 0, 0).T
        ink = tuple((points @ turn, colour) for points, colour in _mark(face))
        plates.append(Plate(square @ turn, _BODY, ink=ink))
    return plates + [Plate(square @ rotation(0, side, 0).T, _BODY) for side in (quarter, -quarter)]


def _mark(face: Face) -> list[tuple[Points, Colour]]:
    """Return the ink on a face, as it lies on the front: disc, two stripes, ring or cross."""
    z = _HALF[2]

    def circle(radius: float) -> Points:
        angle = np.arange(24) * math.pi / 12
        return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(24, z)], -1)

    def box(left: float, bottom: float, right: float, top: float) -> Points:
        return np.array([[left, bottom, z], [right, bottom, z], [right, top, z], [left, top, z]])

    if face == "front":
        return [(circle(0.62), _INK)]
    if face == "back":
        return [(circle(0.75), _INK), (circle(0.42), _BODY)]
    if face == "top":
        return [(box(-0.8, bottom, 0.8, bottom + 0.38), _INK) for bottom in (-0.66, 0.28)]
    bar = box(-0.85, -0.17, 0.85, 0.17)
    return [(bar @ rotation(0, 0, turn).T, _INK) for turn in (math.pi / 4, -math.pi / 4)]


def _panel(scene: Scene, side: Side) -> list[Plate]:
    """Return the boom and the panel of a side, front and back, as the body has them."""
    broken = scene.fault if scene.side == side else "none"
    rng = np.random.default_rng(scene.detail)
    sense = rng.choice((-1.0, 1.0))
    boom = np.array([[0.85, -0.08], [1.5, -0.08], [1.5, 0.08], [0.85, 0.08]])
    if broken == "missing":
        return _sheets(scene, side, boom, _FRAME, 0.0, [], 0.0)
    middle = (_ROOT + _TIP) / 2
    halves = [(_ROOT, middle), (middle, _TIP)]
    dead = rng.choice(_ROWS * _COLUMNS, 3, replace=False) if broken == "dead cells" else np.array([], int)
    burnt = _burn(rng) if broken == "burn" else None
    plates = _sheets(scene, side, boom, _FRAME, 0.0, [], 0.0)
    for number, (start, end) in enumerate(halves):
        outline = np.array([[start, -_WIDTH], [end, -_WIDTH], [end, _WIDTH], [start, _WIDTH]])
        ink = _cells(number, dead)
        if burnt is not None:
            ink.append((np.column_stack([np.clip(burnt[:, 0], start, end), burnt[:, 1]]), _CHAR))
        bend = sense * _BEND if broken == "bent" and number == 1 else 0.0
        plates += _sheets(scene, side, outline, _FRAME, _GLINT, ink, bend)
    return plates


def _cells(half: int, dead: NDArray[np.int64]) -> list[tuple[Points, Colour]]:
    """Return the cells of the inner or the outer half of a panel, (4, 2) each."""
    long, wide, rim = (_TIP - _ROOT) / _COLUMNS, 2 * _WIDTH / _ROWS, 0.05
    found = []
    for column in range(half * _COLUMNS // 2, (half + 1) * _COLUMNS // 2):
        for row in range(_ROWS):
            left, bottom = _ROOT + column * long + rim, -_WIDTH + row * wide + rim
            right, top = left + long - 2 * rim, bottom + wide - 2 * rim
            corners = np.array([[left, bottom], [right, bottom], [right, top], [left, top]])
            found.append((corners, _DEAD if column * _ROWS + row in dead else _CELL))
    return found


def _burn(rng: np.random.Generator) -> Points:
    """Return the outline of a burn mark, which cares for no cell, (12, 2)."""
    angle = np.arange(12) * math.pi / 6
    radius = rng.uniform(0.3, 0.5, 12)
    middle = rng.uniform((_ROOT + 0.5, -0.25), (_TIP - 0.5, 0.25))
    return np.asarray(middle + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1))


def _sheets(
    scene: Scene,
    side: Side,
    outline: Points,
    colour: Colour,
    glint: float,
    ink: list[tuple[Points, Colour]],
    bend: float,
) -> list[Plate]:
    """Return both sides of a flat piece of the right panel, moved to its side and turned with the drive.

    Parameters
    ----------
    outline
        Corners (points, 2) along and across the panel.
    bend
        Turn about the edge at the panel's middle, in radians.
    """
    hinge = np.array([(_ROOT + _TIP) / 2, 0, 0])
    fold, drive = rotation(0, -bend, 0), rotation(scene.drive, 0, 0)
    mirror = np.array([-1 if side == "left" else 1, 1, 1])

    def placed(flat: Points) -> Points:
        solid = np.column_stack([flat, np.zeros(len(flat))])
        return np.asarray((((solid - hinge) @ fold.T + hinge) * mirror) @ drive.T)

    both = []
    for step in (1, -1):
        marks = tuple((placed(points)[::step], shade) for points, shade in ink)
        both.append(Plate(placed(outline)[::step], colour, glint, marks))
    return both
