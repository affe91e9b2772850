"""Generated solar cells in the layout of the real ones, so that everything runs without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmrepro.papers.space_operator.solar import COLUMNS, LABELS, type_of

_SIZE = 300
_BARS = 3
_EVERY = 60
_PLACES = (2, 9, 16, 23, 30, 37, 44, 51)  # of the cells that are drawn, in each block


def write_cells(folder: Path, blocks: int = 10, seed: int = 0) -> None:
    """Write `blocks` times eight generated cells with a heading in their table.

    The cells of a block are alike in brightness and grain. A defective cell has a crack, and a dead corner in
    two of three; how many of a block are defective differs from block to block, as in real modules.
    """
    rng = np.random.default_rng(seed)
    numbers = np.array([_EVERY * block + 1 + place for block in range(blocks) for place in _PLACES])
    levels, grains = rng.uniform(110, 190, blocks), rng.uniform(2, 12, blocks)
    shares = rng.choice((0.25, 0.5, 0.75), blocks)
    lines = [",".join(COLUMNS)]
    for number, kind in zip(numbers.tolist(), type_of(numbers).tolist(), strict=True):
        block = number // _EVERY
        defective = bool(rng.random() < shares[block])
        name = f"cell{number:04d}.png"
        Image.fromarray(_cell(levels[block], grains[block], defective, rng)).save(folder / name)
        lines.append(f"{name},{float(defective)},{kind}")
    (folder / LABELS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cell(level: float, grain: float, defective: bool, rng: np.random.Generator) -> NDArray[np.uint8]:
    coarse = rng.normal(level, grain, (_SIZE // 10, _SIZE // 10))
    image = Image.fromarray(np.clip(np.kron(coarse, np.ones((10, 10))), 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for bar in range(1, _BARS + 1):
        y = bar * _SIZE // (_BARS + 1)
        pen.line([0, y, _SIZE, y], fill=round(level / 3), width=6)
    if defective:
        x, y = rng.uniform(80, _SIZE - 80, 2).tolist()
        across, down = rng.choice((-1, 1)) * rng.uniform(30, 75), rng.uniform(30, 75)
        pen.line([x - across, y - down, x + across, y + down], fill=15, width=5)
        if rng.random() < 2 / 3:
            left, top = (rng.choice((0, _SIZE), 2) - 90).tolist()
            pen.ellipse([left, top, left + 180, top + 180], fill=25)
    return np.asarray(image)
