"""Solar cells under current (ELPV): images with a probability of a defect, and the blocks that they come in.

A stand-in for the pictures of the paper's robot arm, which are private; nothing of it is in the paper.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from mmrepro.data.picture import opened_picture
from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError

LABELS = "labels.csv"
COLUMNS = ("file", "defect_probability", "type")
TYPES = ("mono", "poly")
RUNS = (1, 61, 361, 541, 901, 1615, 2145, 2217, 2397, 2445)
"""Number of the first cell of each stretch of one type, which is monocrystalline in every other one."""
LAST = 2624
MODULE = 60
"""Cells that a module is taken to have."""
SIZE = 128
_NUMBER = re.compile(r"cell(\d{4})\.png")


@dataclass(frozen=True)
class Cells:
    """Cells in the order of their numbers.

    Attributes
    ----------
    images
        Grey, shape (cells, size, size).
    probability
        Of a defect, as experts judged: 0, 1/3, 2/3 or 1, (cells,).
    types
        ``mono`` or ``poly``: of which silicon the cell is, (cells,).
    numbers
        Place of each cell in the data set, from 1, (cells,).
    """

    images: NDArray[np.uint8]
    probability: NDArray[np.float64]
    types: NDArray[np.str_]
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def defective(self) -> NDArray[np.bool_]:
        """Whether each cell is more likely defective than not."""
        return self.probability > 0.5

    @property
    def blocks(self) -> NDArray[np.int64]:
        """Block of neighbours that each cell belongs to; see `block_of`."""
        return block_of(self.numbers)

    def decided(self) -> Cells:
        """Return the cells that experts agreed on: a probability below 0.1 or above 0.9."""
        return self._kept((self.probability < 0.1) | (self.probability > 0.9))

    def _kept(self, rows: NDArray[np.bool_]) -> Cells:
        return Cells(self.images[rows], self.probability[rows], self.types[rows], self.numbers[rows])


def block_of(numbers: NDArray[np.int64], module: int = MODULE) -> NDArray[np.int64]:
    """Return the block of neighbours that each cell is in, counted from 0.

    The labels tell the type of silicon and not the module. Cells are stored in the order in which they were
    cut, so each stretch of one type is divided into blocks of `module` neighbours, and what is left at its
    end joins the block before it when it is less than half of one. That modules have 60 cells is our
    assumption: it makes 44 blocks, and the authors cut their cells from 44 modules. A module of another size,
    or one of which not every cell was kept, moves the borders that follow it in the same stretch.

    Raises
    ------
    MMReproError
        For a number that no cell has.
    """
    wrong = numbers[(numbers < 1) | (numbers > LAST)]
    if len(wrong):
        raise MMReproError(f"cell {wrong[0]} is not in the data set, whose cells are 1 to {LAST}.")
    ends = np.array([*RUNS[1:], LAST + 1])
    lengths = ends - np.array(RUNS)
    blocks = np.maximum(1, (lengths + module // 2) // module)
    before = np.concatenate([[0], np.cumsum(blocks)[:-1]])
    run = np.searchsorted(RUNS, numbers, side="right") - 1
    within = np.minimum((numbers - np.array(RUNS)[run]) // module, blocks[run] - 1)
    return np.asarray(before[run] + within, dtype=np.int64)


def type_of(numbers: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the type of silicon that cells of these numbers have in the data set."""
    run = np.searchsorted(RUNS, numbers, side="right") - 1
    return np.array(TYPES)[run % 2]


def read_cells(folder: Path, size: int = SIZE) -> Cells:
    """Read cells and labels, as the package ``elpv-dataset`` lays them out or with a heading.

    Parameters
    ----------
    folder
        Holds ``labels.csv`` and the images that it names, each ``cell`` and four digits. The package's table
        has no heading and its columns stand apart by blanks; with a heading it has commas and `COLUMNS`.
    size
        Pixels that images are shrunk to, from 300.

    Raises
    ------
    MMReproError
        For a table with other columns, a label that cannot be, or an image that is missing, unreadable or not
        named by its number.
    """
    table = read_labels(folder / LABELS)
    numbers = np.array([_number(name) for name in table["file"]])
    types = table["type"].to_numpy(dtype=str)
    odd = np.flatnonzero(types != type_of(numbers))
    if len(odd):
        raise MMReproError(
            f"{LABELS} calls cell {numbers[odd[0]]} {types[odd[0]]}, and in the data set it is not: "
            "the cells were numbered anew; keep the numbers, which tell what cells are neighbours."
        )
    images = np.stack([_image(folder / name, size) for name in table["file"]])
    order = np.argsort(numbers)
    probability = table["defect_probability"].to_numpy(dtype=float)
    return Cells(images[order], probability[order], types[order], numbers[order])


def read_labels(path: Path) -> pd.DataFrame:
    """Read the table of labels: file, defect_probability, type.

    Raises
    ------
    MMReproError
        For other columns, no row, a probability that is none or an unknown type.
    """
    table = read_csv(path, header=None, sep=r"[\s,]+", engine="python", dtype=str)
    if table.shape[1] == len(COLUMNS):
        headed = tuple(table.iloc[0]) == COLUMNS
        table = table.iloc[1:] if headed else table
        table.columns = pd.Index(COLUMNS)
    else:
        raise MMReproError(f"{path.name} has {table.shape[1]} columns; it needs {', '.join(COLUMNS)}.")
    if table.empty:
        raise MMReproError(f"{path.name} lists no cell.")
    chance = pd.to_numeric(table["defect_probability"], errors="coerce")
    for right, what in ((chance.between(0, 1), "defect_probability"), (table["type"].isin(TYPES), "type")):
        if not right.all():
            row = table[~right].iloc[0]
            asked = "from 0 to 1" if what == "defect_probability" else " or ".join(TYPES)
            raise MMReproError(f"{path.name}: {what} of {row['file']} is {row[what]!r}; it must be {asked}.")
    return table.assign(defect_probability=chance).reset_index(drop=True)


def _number(name: str) -> int:
    told = _NUMBER.fullmatch(Path(name).name)
    if told is None:
        raise MMReproError(f"{name} does not tell the cell's number; a file is named as in cell0042.png.")
    return int(told[1])


def _image(path: Path, size: int) -> NDArray[np.uint8]:
    if not path.is_file():
        raise MMReproError(f"{LABELS} names {path.name}, which is not there; fetch the data again.")
    with opened_picture(path) as image:
        return np.asarray(image.convert("L").resize((size, size), Image.Resampling.BOX))
