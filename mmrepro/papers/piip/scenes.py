"""Images with one label each, in one folder a class: UC Merced and ImageNet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset, default_collate

from mmrepro.data.picture import opened_picture
from mmrepro.errors import MMReproError
from mmrepro.training.batches import Batch, Tensors

_SUFFIXES = (".jpg", ".jpeg", ".png")


def list_scenes(folder: Path) -> tuple[list[tuple[Path, int]], list[str]]:
    """List the images of ``<folder>/<class>/`` with their labels, and the class names in order.

    Raises
    ------
    MMReproError
        When the folder is not there, or a class has no image.
    """
    if not folder.is_dir():
        raise MMReproError(f"There is no folder {folder}; it must hold one folder of images a class.")
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    found = []
    for label, name in enumerate(classes):
        images = sorted(path for path in (folder / name).iterdir() if path.suffix.lower() in _SUFFIXES)
        if not images:
            raise MMReproError(f"The class folder {folder / name} holds no image ({', '.join(_SUFFIXES)}).")
        found += [(path, label) for path in images]
    if not found:
        raise MMReproError(f"{folder} holds no class folders.")
    return found, classes


class Scenes(Dataset[Batch]):
    """Scenes with their labels, decoded when asked for: uint8 (3, h, w) in the pixels of `size`, and a label.

    Parameters
    ----------
    count
        Scenes kept, evenly spaced; None keeps all.
    """

    def __init__(
        self, scenes: Sequence[tuple[Path, int]], size: tuple[int, int], count: int | None = None
    ) -> None:
        if count is not None and count < len(scenes):
            scenes = [scenes[row] for row in np.linspace(0, len(scenes) - 1, count).astype(int)]
        self.scenes, self.size = list(scenes), size

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, row: int) -> Batch:
        """Decode one scene, shrunk to the size; MMReproError where it is no image."""
        path, label = self.scenes[row]
        with opened_picture(path) as image:
            image.draft("RGB", (self.size[1] * 2, self.size[0] * 2))
            shrunk = image.convert("RGB").resize(self.size[::-1], Image.Resampling.BOX)
        pixels = torch.from_numpy(np.array(shrunk)).permute(2, 0, 1).contiguous()
        return pixels, torch.tensor(label)

    def in_memory(self) -> Tensors:
        """Decode everything once."""
        return Tensors(*default_collate([self[row] for row in range(len(self))]))
