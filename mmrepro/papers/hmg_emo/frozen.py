"""Frozen encoders of images and texts, whose features are computed once and read from disk after."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from mmrepro.data.environment import cache_folder
from mmrepro.data.picture import opened_picture
from mmrepro.errors import MMReproError, first_line
from mmrepro.files import sha256_bytes

_SIDE, _BATCH = 224, 64  # pixels; images or texts encoded at once
_LONGEST = 128  # word pieces of a text that are read
# Of ImageNet, which the network was trained on.
_MEAN, _DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
Half = NDArray[np.float16]


class FrozenEncoders:
    """ResNet-50 for images and a multilingual BERT for texts, as the paper's summaries name them.

    Parameters
    ----------
    network
        Makes the image network, called only where features are not on disk yet; it gives (n, channels).
    language
        Makes tokenizer and text network, likewise; None where there are no texts.
    identity
        Names the weights: other weights, other features.
    device
        Encodes.
    """

    def __init__(
        self,
        network: Callable[[], nn.Module],
        language: Callable[[], tuple[Any, nn.Module]] | None,
        identity: str,
        device: torch.device,
    ) -> None:
        self.network, self.language, self.identity, self.device = network, language, identity, device

    def images(self, paths: Sequence[Path]) -> Tensor:
        """Encode images, (n, 2048)."""

        def encode() -> Iterator[Half]:
            network = self.network().eval().requires_grad_(False).to(self.device)
            for start in range(0, len(paths), _BATCH):
                yield _features(
                    network, torch.stack([_pixels(path) for path in paths[start : start + _BATCH]])
                )

        return kept(f"image|{self.identity}", [str(path) for path in paths], encode)

    def texts(self, texts: Sequence[str]) -> Tensor:
        """Encode texts by the mean state of their word pieces, (n, 768)."""

        def encode() -> Iterator[Half]:
            assert self.language is not None, "only data with texts ask for them"
            tokenizer, network = self.language()
            network.eval().requires_grad_(False).to(self.device)
            for start in range(0, len(texts), _BATCH):
                batch = tokenizer(
                    list(texts[start : start + _BATCH]), padding=True, truncation=True, max_length=_LONGEST,
                    return_tensors="pt",
                )  # fmt: skip
                batch = {name: each.to(self.device) for name, each in batch.items()}
                with torch.inference_mode():
                    states = network(**batch).last_hidden_state
                seen = batch["attention_mask"].unsqueeze(-1)
                yield ((states * seen).sum(1) / seen.sum(1)).half().cpu().numpy()

        return kept(f"text|{self.identity}", list(texts), encode)

    def colours(self, paths: Sequence[Path]) -> Tensor:
        """Describe images by hand with `colour_features`, (n, 18)."""

        def encode() -> Iterator[Half]:
            for path in paths:
                yield colour_features(_opened(path))[None].astype(np.float16)

        return kept("colours", [str(path) for path in paths], encode)


def kept(kind: str, keys: Sequence[str], encode: Callable[[], Iterator[Half]]) -> Tensor:
    """Take features from disk, or compute them part by part and put them there.

    The file is mapped, not read: a batch loads the rows it needs, so memory does not grow with the data.
    """
    name = sha256_bytes(f"{kind}|{json.dumps(list(keys))}".encode())
    path = cache_folder() / "features" / f"{name}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{name}.{os.getpid()}.part")
        try:
            _write(part, len(keys), encode())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    # Mapped copy-on-write, because torch refuses arrays that cannot be written; nobody writes.
    return torch.from_numpy(np.load(path, mmap_mode="c", allow_pickle=False))


def _write(path: Path, count: int, parts: Iterator[Half]) -> None:
    target: Any = None
    done = 0
    for part in parts:
        if target is None:
            shape = (count, part.shape[1])
            target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
        target[done : done + len(part)] = part
        done += len(part)
    if target is None:
        raise MMReproError("There is nothing to encode: the data have no items.")
    target.flush()


def _opened(path: Path) -> Image.Image:
    with opened_picture(path) as picture:
        return picture.convert("RGB")


def _pixels(path: Path) -> Tensor:
    from torchvision.transforms import functional as pictures

    scaled = pictures.to_tensor(_opened(path).resize((_SIDE, _SIDE)))
    pixels: Tensor = pictures.normalize(scaled, _MEAN, _DEVIATION)
    return pixels


@torch.inference_mode()
def _features(network: nn.Module, pixels: Tensor) -> Half:
    device = next(network.parameters()).device
    found: Half = network(pixels.to(device)).flatten(1).half().cpu().numpy()
    return found


def colour_features(picture: Image.Image) -> NDArray[np.float64]:
    """Return mean and spread of hue, saturation and value (0 to 1), and twelve bins of hue, (18,)."""
    pixels = np.asarray(picture.convert("HSV"), dtype=float).reshape(-1, 3) / 255
    histogram = np.histogram(pixels[:, 0], bins=12, range=(0, 1))[0] / len(pixels)
    return np.concatenate([pixels.mean(0), pixels.std(0), histogram])


def resnet50() -> nn.Module:
    """Return ResNet-50 without its classifier; torchvision downloads the weights once.

    Raises
    ------
    MMReproError
        When the weights are neither on this machine nor to be had, or are not whole.
    """
    from torchvision.models import ResNet50_Weights
    from torchvision.models import resnet50 as make

    weights = ResNet50_Weights.IMAGENET1K_V2
    try:
        network: nn.Module = make(weights=weights)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:  # urllib's errors are OSErrors
        place = Path(torch.hub.get_dir()) / "checkpoints"
        raise MMReproError(
            f"The weights of ResNet-50 cannot be had ({first_line(error)}); put {weights.url} into {place}."
        ) from None
    network.fc = nn.Identity()
    return network
