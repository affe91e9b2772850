"""The camera that sees drawn satellites: perspective, what faces it, light, and the picture.

Coordinates are its own: x to the right, y up, z towards it, in about half widths of the satellite's body.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.satellite import Colour, Plate, Points, Scene, pieces, rotation

SIZE = 64
DISTANCE = 9.0  # of the camera from the middle of the body
_SPAN = 3.5  # half of what the picture shows, at the body
_FINE = 2  # drawn twice as fine and reduced, against stairs
_AMBIENT = 0.22
_BLACK: Colour = (4, 5, 10)
_NOISE = 5.0  # standard deviation of a picture's noise, in steps of 255


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
    for plate in sorted(_seen(scene), key=lambda each: float(each.corners[:, 2].mean())):
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


def _seen(scene: Scene) -> list[Plate]:
    """Return the pieces that face the camera, in the camera's coordinates."""
    turn = rotation(scene.pitch, scene.yaw, scene.roll)
    turned = [
        Plate(
            each.corners @ turn.T,
            each.colour,
            each.glint,
            tuple((points @ turn.T, colour) for points, colour in each.ink),
        )
        for each in pieces(scene)
    ]
    return [each for each in turned if faces_camera(each.corners)]


def _whole(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (min(255, round(part)) for part in colour)
    return red, green, blue


def _lit(colour: Colour, light: float) -> tuple[int, int, int]:
    red, green, blue = colour
    return _whole((red * light, green * light, blue * light))
