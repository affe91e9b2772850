"""Regions of the tweets' pictures, for readers who have them: the 7 x 7 map of a frozen ResNet-152."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms import functional as pictures

from mmrepro.data.picture import opened_picture
from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.captions import Missing
from mmrepro.papers.trimod_mner.encoder import FrozenTable
from mmrepro.papers.trimod_mner.tweets import Tweet

_SIDE = 224  # pixels
# Of ImageNet, which the network was trained on.
_MEAN, _DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def resnet_trunk() -> nn.Module:
    """Return ResNet-152 without its pooling and classifier; torchvision downloads the weights once.

    Raises
    ------
    MMReproError
        When the weights are neither on this machine nor to be had.
    """
    from torchvision.models import ResNet152_Weights, resnet152

    weights = ResNet152_Weights.IMAGENET1K_V1
    try:
        network = resnet152(weights=weights)
    except OSError as error:  # of which urllib's errors are
        place = Path(torch.hub.get_dir()) / "checkpoints"
        raise MMReproError(
            f"The weights of ResNet-152 cannot be downloaded here ({error}); put {weights.url} into {place}, "
            "or leave image_folder out to read captions."
        ) from None
    return nn.Sequential(*list(network.children())[:-2]).eval().requires_grad_(False)


def encode_images(
    splits: Mapping[str, Sequence[Tweet]],
    folder: Path,
    missing: Missing,
    make_trunk: Callable[[], nn.Module] = resnet_trunk,
) -> tuple[FrozenTable, dict[str, list[Tensor]]]:
    """Encode each tweet's picture ``<image id>.jpg`` as one state a region.

    Parameters
    ----------
    make_trunk
        Makes the network from pictures (batch, 3, 224, 224) to maps; called once the folder is known.

    Returns
    -------
    tuple
        The table of region states, and split -> numbers of each tweet's regions.

    Raises
    ------
    MMReproError
        When the folder is missing; when pictures are missing or will not open (how many), unless
        `missing` is ``empty``.
    """
    if not folder.is_dir():
        raise MMReproError(f"image_folder names {folder}, which is not a folder; correct or leave it out.")
    trunk = make_trunk()
    named = [tweet.image for tweets in splits.values() for tweet in tweets]
    found = {image: regions_of(folder / f"{image}.jpg", trunk) for image in dict.fromkeys(named)}
    bad = [image for image, states in found.items() if states is None]
    if bad and missing == "refuse":
        raise MMReproError(
            f"{len(bad)} of {len(found)} pictures are missing or will not open, {bad[0]}.jpg first; choose "
            "missing_captions='empty' to go on without them."
        )
    known = {image: states for image, states in found.items() if states is not None}
    if not known:
        raise MMReproError(f"{folder} holds no picture of these tweets.")
    table = FrozenTable(next(iter(known.values())).shape[1])
    rows = dict(zip(known, table.append(list(known.values())), strict=True))
    nothing = torch.zeros(0, dtype=torch.long)
    numbers = {name: [rows.get(tweet.image, nothing) for tweet in tweets] for name, tweets in splits.items()}
    return table, numbers


@torch.inference_mode()
def regions_of(path: Path, trunk: nn.Module) -> np.ndarray | None:
    """Return the states of a picture's regions, (49, channels), or None when it will not open."""
    try:
        with opened_picture(path) as picture:
            pixels = pictures.to_tensor(picture.convert("RGB").resize((_SIDE, _SIDE)))
    except MMReproError:
        return None
    device = next(trunk.parameters()).device
    batch = pictures.normalize(pixels, _MEAN, _DEVIATION)[None].to(device)
    states: np.ndarray = trunk(batch)[0].flatten(1).T.cpu().numpy()
    return states
