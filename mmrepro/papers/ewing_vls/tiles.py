"""Tiles of stained tissue: read, checked, and cut into bags of patches that hold tissue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrepro.data.local import LocalData
from mmrepro.data.picture import opened_picture
from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError

Pixels = NDArray[np.uint8]
_NAME = re.compile(
    r"(?P<label>[A-Za-z-]+)___(?P<patient>Case-\d+|P\d+)(?:-P\d+)?-(?P<block>[A-Z]\d+)-\d+-\d+_\d+\.jpg"
)
_COLUMNS = ("path", "label", "patient", "block")
_STEP = 1 / 255  # keeps the logarithm of grey finite
_THINNED = 4  # every how many pixels the threshold is found on


@dataclass(frozen=True)
class Tile:
    """One tile: where its file is, its label, whose tissue it shows, and from which slide block."""

    path: Path
    label: str
    patient: str
    block: str


@dataclass(frozen=True)
class Bags:
    """Tiles as bags of patches.

    Attributes
    ----------
    patches
        Shape (patches, size, size, 3).
    tile_of
        Tile of each patch, (patches,).
    cells
        Row and column of each patch in its tile, (patches, 2).
    tissue
        Share of tissue in every cell of the grid, (tiles, grid, grid).
    threshold
        Saturation above which a pixel is tissue.
    """

    tiles: tuple[Tile, ...]
    patches: Pixels
    tile_of: NDArray[np.int64]
    cells: NDArray[np.int64]
    tissue: NDArray[np.float64]
    threshold: float

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the labels, sorted."""
        return tuple(sorted({tile.label for tile in self.tiles}))

    @property
    def labels(self) -> NDArray[np.int64]:
        """Label of each tile as its place in `classes`."""
        return np.array([self.classes.index(tile.label) for tile in self.tiles])

    @property
    def patients(self) -> NDArray[np.str_]:
        """Patient of each tile."""
        return np.array([tile.patient for tile in self.tiles])

    @property
    def blocks(self) -> NDArray[np.str_]:
        """Slide block of each tile, with its patient, since blocks of two patients may share a name."""
        return np.array([f"{tile.patient} {tile.block}" for tile in self.tiles])


def list_tiles(data: LocalData, most: int | None = None) -> tuple[Tile, ...]:
    """Read label, patient and block from the names; `most` of each label, evenly spaced.

    Raises
    ------
    MMReproError
        For a name that does not tell them.
    """
    found = []
    for name in data.files:
        told = _NAME.fullmatch(name)
        if told is None:
            raise MMReproError(
                f"{name} does not tell label, patient and block; "
                "a tile is named as in Viable___Case-4-C21-25306-21689_120.jpg."
            )
        found.append(Tile(data.path(name), told["label"], told["patient"], told["block"]))
    return _thinned(found, most)


def list_own_tiles(table: Path, most: int | None = None) -> tuple[Tile, ...]:
    """Read the reader's own `tiles.csv`: path, label, patient and block.

    Raises
    ------
    MMReproError
        For a missing column, an empty field or a file that is not there.
    """
    frame = read_csv(table, dtype=str)
    lacking = [name for name in _COLUMNS if name not in frame]
    if lacking:
        raise MMReproError(f"{table.name} has no column {lacking[0]!r}; it needs {', '.join(_COLUMNS)}.")
    rows = frame[list(_COLUMNS)]
    if rows.isna().any(axis=None):
        raise MMReproError(f"{table.name} has an empty field; every tile needs {', '.join(_COLUMNS)}.")
    found = [Tile(table.parent / path, *rest) for path, *rest in rows.itertuples(index=False)]
    for tile in found:
        if not tile.path.is_file():
            raise MMReproError(f"{table.name} names {tile.path.name}, and there is no such file.")
    return _thinned(found, most)


def _thinned(tiles: Sequence[Tile], most: int | None) -> tuple[Tile, ...]:
    """Keep `most` tiles of each label, evenly spaced over patients and blocks."""
    kept = []
    for label in sorted({tile.label for tile in tiles}):
        own = sorted((t for t in tiles if t.label == label), key=lambda t: (t.patient, t.block, t.path.name))
        places = np.linspace(0, len(own) - 1, min(most or len(own), len(own))).round().astype(int)
        kept += [own[place] for place in places]
    return tuple(kept)


def read_image(path: Path) -> Image.Image:
    """Read an 8-bit RGB image.

    Raises
    ------
    MMReproError
        When it cannot be read, is cut short, or is not 8-bit RGB.
    """
    with opened_picture(path) as image:
        image.load()
    if image.mode != "RGB":
        raise MMReproError(f"{path.name} is an image of mode {image.mode}; stained tissue is 8-bit RGB.")
    return image


def read_tile(tile: Tile, patch_size: int, grid: int) -> Pixels:
    """Read a tile at the size of its `grid` x `grid` patches."""
    image, side = read_image(tile.path), patch_size * grid
    if min(image.size) < side:
        raise MMReproError(
            f"{tile.path.name} is {image.width} x {image.height} pixels; {grid} x {grid} patches of "
            f"{patch_size} pixels need {side} x {side}: lower patch_size or grid."
        )
    return np.asarray(image.resize((side, side), Image.Resampling.BOX))


def saturation(pixels: Pixels) -> NDArray[np.float64]:
    """Return the saturation of each pixel: glass is grey, stain is not."""
    from skimage.color import rgb2hsv

    return np.asarray(rgb2hsv(pixels)[..., 1])


def cut(tiles: Sequence[Tile], patch_size: int, grid: int, least_tissue: float) -> Bags:
    """Cut tiles into patches and keep those that hold tissue.

    What is tissue is told by Otsu's threshold on the log saturation of all tiles together: found on each tile
    alone it would split a tile full of tissue in two, and without the logarithm pale tissue from dark.

    Raises
    ------
    MMReproError
        For a tile without any tissue.
    """
    from skimage import filters

    otsu: Any = filters.threshold_otsu
    images = [read_tile(tile, patch_size, grid) for tile in tiles]
    saturations = [saturation(image[::_THINNED, ::_THINNED]) for image in images]
    threshold = float(np.exp(otsu(np.log(np.stack(saturations) + _STEP))))
    tissue = np.stack([_by_cell(each > threshold, grid).mean((2, 3)) for each in saturations])
    patches, tile_of, cells = [], [], []
    for number, image in enumerate(images):
        kept = np.argwhere(tissue[number] >= least_tissue)
        if not len(kept):
            raise MMReproError(
                f"{tiles[number].path.name} holds no tissue: no patch has {least_tissue:.0%} of pixels above "
                f"saturation {threshold:.2g}; leave the tile out or lower least_tissue."
            )
        patches.append(_by_cell(image, grid)[kept[:, 0], kept[:, 1]])
        tile_of += [number] * len(kept)
        cells.append(kept)
    return Bags(
        tuple(tiles), np.concatenate(patches), np.array(tile_of), np.concatenate(cells), tissue, threshold
    )


def _by_cell(image: NDArray[np.generic], grid: int) -> NDArray[np.generic]:
    """View an image (h, w, ...) as cells (grid, grid, h / grid, w / grid, ...)."""
    height, width = (side // grid for side in image.shape[:2])
    cells = image.reshape(grid, height, grid, width, *image.shape[2:])
    return cells.swapaxes(1, 2)
