"""Drawn satellites with the right answers to three questions about each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmrepro.papers.space_operator.camera import SIZE, draw
from mmrepro.papers.space_operator.satellite import FACES, FAULTS, SIDES, Fault, Scene, Side

Half = Literal["any", "left", "right"]
Images = NDArray[np.uint8]
ANSWERS: dict[str, tuple[str, ...]] = {"panel": SIDES, "fault": FAULTS, "face": FACES}
"""Question -> what may be answered."""
_TILT, _YAW, _ROLL = 0.6, 0.5, 0.5  # largest turns, in radians
_PHASE = (0.25, 1.25)  # angle between sun and camera as the satellite sees them, in radians


@dataclass(frozen=True)
class Pictures:
    """Drawn satellites: pictures (pictures, size, size, 3) of 0 to 255, and what each shows."""

    images: Images
    scenes: tuple[Scene, ...]

    def __len__(self) -> int:
        return len(self.scenes)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Right answers as places in `ANSWERS`, (pictures, 3)."""
        return np.array(
            [
                (SIDES.index(each.side), FAULTS.index(each.fault), FACES.index(each.face))
                for each in self.scenes
            ]
        )


def draw_pictures(
    count: int, seed: int, *, sun: Half = "any", turn: Half = "any", size: int = SIZE
) -> Pictures:
    """Draw satellites, as many of each fault, and of each side of it, as of any other.

    Parameters
    ----------
    sun
        From which half of the sky the light comes.
    turn
        To which side the satellite's seen face is turned.

    Notes
    -----
    Poses are such that each question can be answered from the picture: a face is turned towards the camera by
    more than any other, and panels by more than they are turned away, beside the body and not behind it.
    """
    rng = np.random.default_rng(seed)
    kinds: list[tuple[Fault, Side]] = []
    for number in range(count):
        fault = FAULTS[number % len(FAULTS)]
        kinds.append((fault, "neither" if fault == "none" else SIDES[number // len(FAULTS) % 2]))
    order = [kinds[row] for row in rng.permutation(count).tolist()]
    scenes = [_scene(fault, side, sun, turn, rng) for fault, side in order]
    noises = rng.integers(0, 2**31, count).tolist()
    images = [draw(scene, size, noise) for scene, noise in zip(scenes, noises, strict=True)]
    return Pictures(np.stack(images), tuple(scenes))


def blanked(images: Images) -> Images:
    """Return as many pictures of the mean colour of `images`."""
    return np.broadcast_to(images.mean((0, 1, 2)).astype(np.uint8), images.shape).copy()


def _scene(fault: Fault, side: Side, sun: Half, turn: Half, rng: np.random.Generator) -> Scene:
    """Draw a pose and a sun."""
    tilt, roll, aim = rng.uniform((-_TILT, -_ROLL, -_TILT), (_TILT, _ROLL, _TILT))
    pitch = rng.integers(len(FACES)) * math.pi / 2 + tilt
    yaw = _signed(rng.uniform(0, _YAW), turn, rng)
    return Scene(pitch, yaw, roll, aim - pitch, _sun(sun, rng), fault, side, int(rng.integers(2**31)))


def _sun(half: Half, rng: np.random.Generator) -> tuple[float, float, float]:
    phase, around = rng.uniform(*_PHASE), rng.uniform(-math.pi / 2, math.pi / 2)
    x = _signed(math.sin(phase) * math.cos(around), half, rng)
    return x, math.sin(phase) * math.sin(around), math.cos(phase)


def _signed(value: float, half: Half, rng: np.random.Generator) -> float:
    """Give a value the sign of a half, left being less than nothing, or either at random."""
    positive = rng.random() < 0.5 if half == "any" else half == "right"
    return value if positive else -value
