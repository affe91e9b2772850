"""Satellites with known faults, drawn: what stands in for the paper's mock-up, its camera and its robot arm.

The paper shows a real model to a camera that an arm moves, and its pictures are private. Here a box with two
panels is drawn under a pose and a sun, with a fault that is known, so that answers can be counted. It has
none of what makes the real task hard (an arm, clutter, blur), and no number of it is the paper's.

Coordinates are the camera's: x to the right, y up, z towards the camera, in half widths of the body.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmrepro.errors import MMReproError

Fault = Literal["none", "missing", "bent", "dead cells", "burn"]
Side = Literal["left", "right", "neither"]
Face = Literal["front", "top", "back", "bottom"]
Points = NDArray[np.float64]
Colour = tuple[float, float, float]
FAULTS: tuple[Fault, ...] = get_args(Fault)
SIDES: tuple[Side, ...] = get_args(Side)
FACES: tuple[Face, ...] = get_args(Face)
SIZE = 64

DISTANCE = 9.0  # of the camera from the middle of the body
_SPAN = 3.5  # half of what the picture shows, at the body
_FINE = 2  # drawn twice as fine and reduced, against stairs
_HALF = np.array([0.9, 0.9, 0.9])
_ROOT, _TIP, _WIDTH = 1.3, 3.1, 0.75  # where a panel begins and ends along x, and half its width
_ROWS, _COLUMNS = 2, 4
_AMBIENT, _GLINT = 0.22, 0.5
_BLACK: Colour = (4, 5, 10)
_BODY: Colour = (205, 180, 120)
_INK: Colour = (70, 30, 30)
_CELL: Colour = (50, 90, 210)
_FRAME: Colour = (190, 195, 205)
_DEAD: Colour = (28, 26, 30)
_CHAR: Colour = (120, 62, 22)
_BEND = math.radians(50)
_NOISE = 5.0  # standard deviation of a picture's noise, in steps of 255


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
class _Plate:
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


def project(points: Points, size: int = SIZE) -> Points:
    """Return where points (..., 3) stand in a picture, (..., 2): column and row of a pixel's middle.

    A pinhole camera: what is twice as far is half as large.
    """
    scale = size / 2 / _SPAN * DISTANCE / (DISTANCE - points[..., 2])
    middle = (size - 1) / 2
    return np.stack([middle + scale * points[..., 0], middle - scale * points[..., 1]], -1)


def outward(corners: Points) -> Points:
    """Return the vector away from the side from which corners (points, 3) run against the clock, (3,)."""
    (ax, ay, az), (bx, by, bz) = (corners[1] - corners[0]).tolist(), (corners[2] - corners[1]).tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def faces_camera(corners: Points) -> bool:
    """Whether that side of a flat piece is the one that the camera sees."""
    return bool(outward(corners) @ (np.array([0, 0, DISTANCE]) - corners[0]) > 0)


def normal(scene: Scene, face: Face) -> Points:
    """Return the unit vector that a marked face of the body points along, (3,)."""
    own = {"front": (0, 0, 1), "top": (0, 1, 0), "back": (0, 0, -1), "bottom": (0, -1, 0)}[face]
    return np.asarray(rotation(scene.pitch, scene.yaw, scene.roll) @ np.array(own, dtype=float))


def brightness(away: Points, sun: tuple[float, float, float], glint: float = 0.0) -> float:
    """Return how bright a surface looks: Lambert's law above a floor, and a glint like a mirror's.

    Parameters
    ----------
    away
        Unit vector away from the surface, (3,), on the side that is seen.
    """
    light = float(away @ np.array(sun))
    if light <= 0:
        return _AMBIENT
    mirrored = 2 * light * float(away[2]) - sun[2]  # how nearly the mirrored ray runs to the camera
    return _AMBIENT + (1 - _AMBIENT) * light + glint * float(max(0.0, mirrored) ** 24)


def draw(scene: Scene, size: int = SIZE, noise: int | None = None) -> NDArray[np.uint8]:
    """Draw a scene, (size, size, 3).

    Parameters
    ----------
    noise
        Seed of the camera's noise; None draws without.

    Raises
    ------
    MMReproError
        For a size that is too small to see cells in.
    """
    if size < 48:
        raise MMReproError(f"a picture of {size} pixels is too small for a panel's cells; give at least 48.")
    fine = Image.new("RGB", (size * _FINE, size * _FINE), _whole(_BLACK))
    pen = ImageDraw.Draw(fine)
    # The painter's algorithm: what is farther is painted first.
    for plate in sorted(_plates(scene), key=lambda each: float(each.corners[:, 2].mean())):
        away = outward(plate.corners)
        light = brightness(away / np.linalg.norm(away), scene.sun, plate.glint)
        for corners, colour in ((plate.corners, plate.colour), *plate.ink):
            # Pillow cuts fractions off; half a pixel more and it rounds, the same in a mirror.
            at = project(corners, size * _FINE) + 0.5
            pen.polygon([(x, y) for x, y in at.tolist()], fill=_lit(colour, light))
    picture = np.asarray(fine.reduce(_FINE))
    if noise is None:
        return picture
    grain = np.random.default_rng(noise).normal(0, _NOISE, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def evidence(scene: Scene, size: int = SIZE) -> float:
    """Return how much of the picture (%) a fault changes by more than noise would.

    A fault that the body hid would change nothing, and no question about it could be answered.
    """
    whole = replace(scene, fault="none", side="neither")
    change = np.abs(draw(scene, size).astype(int) - draw(whole, size)).max(-1)
    return float(100 * np.mean(change > 4 * _NOISE))


def _plates(scene: Scene) -> list[_Plate]:
    """Return the pieces that face the camera, in the camera's coordinates."""
    turn = rotation(scene.pitch, scene.yaw, scene.roll)
    plates = [*_body(), *_panel(scene, "left"), *_panel(scene, "right")]
    turned = [
        _Plate(
            each.corners @ turn.T,
            each.colour,
            each.glint,
            tuple((points @ turn.T, colour) for points, colour in each.ink),
        )
        for each in plates
    ]
    return [each for each in turned if faces_camera(each.corners)]


@functools.cache
def _body() -> list[_Plate]:
    """Return the box: four faces with a mark each, and the two that bear panels."""
    square = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]]) * _HALF
    quarter = math.pi / 2
    plates = []
    for number, face in enumerate(FACES):
        turn = rotation(-quarter * number, 0, 0).T
        ink = tuple((points @ turn, colour) for points, colour in _mark(face))
        plates.append(_Plate(square @ turn, _BODY, ink=ink))
    return plates + [_Plate(square @ rotation(0, side, 0).T, _BODY) for side in (quarter, -quarter)]


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


def _panel(scene: Scene, side: Side) -> list[_Plate]:
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
) -> list[_Plate]:
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
        both.append(_Plate(placed(outline)[::step], colour, glint, marks))
    return both


def _whole(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (min(255, round(part)) for part in colour)
    return red, green, blue


def _lit(colour: Colour, light: float) -> tuple[int, int, int]:
    red, green, blue = colour
    return _whole((red * light, green * light, blue * light))
