"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from mmrepro.papers.ewing_vls.captions import CONCEPTS

_SIDE = 512  # four patches of 128 pixels
_EACH = 8  # tiles a label, images a concept
# Label -> (colour of the ground, colour of the dots, dots): each patient shifts the colours.
_TISSUES = {
    "Non-Tumor": ((232, 150, 170), (120, 60, 130), 60),
    "Non-Viable-Tumor": ((240, 205, 220), (170, 130, 180), 400),
    "Viable": ((200, 120, 180), (80, 30, 110), 900),
}
_PATIENTS = {
    "Non-Tumor": ("Case-3", "Case-4", "Case-48-P5", "P9"),
    "Non-Viable-Tumor": ("Case-3", "Case-4"),
    "Viable": ("Case-4", "Case-48-P5"),
}
_SHIFTS = {"Case-3": 12, "Case-4": -10, "Case-48-P5": 0, "P9": 20}


def _tissue(
    rng: np.random.Generator, side: int, ground: tuple[int, ...], dots: tuple[int, ...], count: int
) -> Image.Image:
    """Draw a stained ground with dark dots, a strip of glass at the edge."""
    pixels = np.clip(np.array(ground) + rng.normal(0, 10, (side, side, 3)), 0, 255)
    places = rng.integers(4, side - 4, size=(count, 2))
    for row, column in places:
        pixels[row - 3 : row + 3, column - 3 : column + 3] = dots
    pixels[:, : side // 8] = 245
    return Image.fromarray(pixels.astype(np.uint8))


def write_tiles(folder: Path) -> None:
    """Write generated tiles of three labels and four patients."""
    rng = np.random.default_rng(0)
    for label, (ground, dots, count) in _TISSUES.items():
        for number in range(_EACH):
            patient = _PATIENTS[label][number % len(_PATIENTS[label])]
            shifted = tuple(np.clip(np.array(ground) + _SHIFTS[patient], 0, 255).tolist())
            block = f"{'ABCD'[number % 4]}{number // 2 + 1}"
            name = f"{label}___{patient}-{block}-{1000 + number}-{2000 + number}_{100 + number}.jpg"
            _tissue(rng, _SIDE, shifted, dots, count).save(folder / name, quality=90)


def write_captioned(folder: Path) -> None:
    """Write generated images of every concept, each with a colour and a number of dots of its own."""
    rng = np.random.default_rng(1)
    for place, (home, prefix) in enumerate(CONCEPTS):
        (folder / home).mkdir(exist_ok=True)
        ground, dots = (tuple(rng.integers(low, low + 90, 3).tolist()) for low in (150, 40))
        ending = ".jpeg" if home == "lc25000" else ".jpg"
        for number in range(_EACH):
            name = (
                f"{prefix}_{number}"
                if home.startswith("oral")
                else f"{prefix}___{prefix}{number}_{100 + number}"
            )
            _tissue(rng, 224, ground, dots, 20 + 30 * place).save(folder / home / (name + ending), quality=90)


def write_cores(folder: Path) -> None:
    """Write generated bags: a malignant one holds some instances that a benign one does not."""
    rng = np.random.default_rng(2)
    labels = np.arange(20) % 2
    bag = np.repeat(np.arange(20), rng.integers(6, 12, size=20))
    features = rng.normal(size=(len(bag), 708)).astype(np.float32)
    marked = (labels[bag] == 1) & (rng.random(len(bag)) < 0.3)
    features[marked, :10] += 3
    np.savez_compressed(
        folder / "ucsb_tma_features.npz", X=features, bag=bag.astype(np.int16), y=labels.astype(np.int8)
    )


SAMPLES: dict[str, Callable[[Path], None]] = {
    "osteosarcoma": write_tiles,
    "captioned": write_captioned,
    "ucsb": write_cores,
}
