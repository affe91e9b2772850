"""The look of a stain, and Reinhard's way to give every tile the look of one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from mmrepro.papers.ewing_vls.tiles import Bags, Pixels, saturation


def reinhard(target: Pixels) -> Callable[[Pixels], Pixels]:
    """Return a function that moves an image's mean and spread in Lab to those of `target`.

    torchstain's (Reinhard et al. 2001); both images are (h, w, 3).
    """
    import torchstain

    normaliser = torchstain.normalizers.ReinhardNormalizer(backend="numpy")
    normaliser.fit(target)
    return lambda pixels: np.asarray(normaliser.normalize(pixels))


def middle(bags: Bags) -> int:
    """Return the tile whose saturation is the median: neither pale nor dark."""
    found = looks(bags, bags.patches)["saturation"].to_numpy()
    return int(np.argsort(found)[len(found) // 2])


def normalise(bags: Bags, target: int) -> Pixels:
    """Give the patches of every tile, taken together, the look of those of the tile `target`."""
    towards = reinhard(_strip(bags, target))
    changed = np.empty_like(bags.patches)
    for tile in range(len(bags.tiles)):
        own = bags.tile_of == tile
        changed[own] = towards(_strip(bags, tile)).reshape(bags.patches[own].shape)
    return changed


def _strip(bags: Bags, tile: int) -> Pixels:
    """Lay the patches of one tile below one another as a single image."""
    own = bags.patches[bags.tile_of == tile]
    return np.asarray(own.reshape(-1, *own.shape[2:]))


def looks(bags: Bags, patches: Pixels) -> pd.DataFrame:
    """Return the mean colour of the tissue of each tile: patient, label, red, blue, saturation (0 to 1)."""
    rows = []
    for number, tile in enumerate(bags.tiles):
        pixels = patches[bags.tile_of == number][:, ::8, ::8].reshape(1, -1, 3)
        grey = saturation(pixels)
        stained = pixels[grey > bags.threshold] / 255
        red, _, blue = stained.mean(0) if len(stained) else np.full(3, np.nan)
        rows.append(
            {"patient": tile.patient, "label": tile.label, "red": red, "blue": blue,
             "saturation": float(grey.mean())}
        )  # fmt: skip
    return pd.DataFrame(rows)
