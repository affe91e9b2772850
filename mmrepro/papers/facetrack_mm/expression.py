"""The expression network of face-api, seven classes, read from its published weights into PyTorch.

Weights of @vladmandic/face-api (MIT): TensorFlow.js files, quantised to a byte a number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.errors import MMReproError

CLASSES = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
SIDE = 112  # pixels of a face that the network reads
_MEAN = (122.782, 117.001, 104.298)  # RGB, as face-api subtracts it
_NAME = "face_expression_model"


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Read the manifest and the binary file beside it, name -> weights in TensorFlow's layout.

    Raises
    ------
    MMReproError
        When a file is missing, or the binary file is longer or shorter than the manifest says.
    """
    manifest, binary = folder / f"{_NAME}-weights_manifest.json", folder / f"{_NAME}.bin"
    for path in (manifest, binary):
        if not path.is_file():
            raise MMReproError(f"The expression network lacks {path.name}; fetch its data set again.")
    content = binary.read_bytes()
    weights, start = {}, 0
    for entry in json.loads(manifest.read_text())[0]["weights"]:
        weights[entry["name"]], start = _one(entry, content, start)
    if start != len(content):
        raise MMReproError(
            f"{binary.name} has {len(content)} bytes, its manifest says {start}; fetch it again."
        )
    return weights


def _one(entry: dict[str, Any], content: bytes, start: int) -> tuple[Tensor, int]:
    shape = tuple(entry["shape"])
    count = int(np.prod(shape))
    scale = entry.get("quantization")
    size = count * (1 if scale else 4)
    if start + size > len(content):
        return torch.zeros(shape), start + size  # the caller refuses the length
    if scale:
        numbers = (
            np.frombuffer(content, np.uint8, count, start).astype(np.float32) * scale["scale"] + scale["min"]
        )
    else:
        numbers = np.frombuffer(content, "<f4", count, start).copy()
    return torch.from_numpy(numbers.reshape(shape)), start + size


class ExpressionNet(nn.Module):
    """Four dense blocks of depthwise-separable convolutions and a linear map.

    Parameters
    ----------
    weights
        `read_weights`.
    """

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.weights = weights

    @torch.inference_mode()
    def forward(self, faces: Tensor) -> Tensor:
        """Return logits (batch, 7) of RGB faces (batch, 3, 112, 112) with values from 0 to 255."""
        states = (faces - torch.tensor(_MEAN).view(1, 3, 1, 1)) / 255
        for number in range(4):
            states = self._block(states, f"dense{number}", first=number == 0)
        flat = functional.avg_pool2d(states, 7, 2).flatten(1)
        return flat @ self.weights["fc/weights"] + self.weights["fc/bias"]

    def _block(self, states: Tensor, name: str, *, first: bool) -> Tensor:
        if first:
            kernel = self.weights[f"{name}/conv0/filters"].permute(3, 2, 0, 1)
            one = functional.conv2d(_same(states, 2), kernel, self.weights[f"{name}/conv0/bias"], stride=2)
        else:
            one = self._separable(states, f"{name}/conv0", 2)
        one = functional.relu(one)
        two = self._separable(one, f"{name}/conv1", 1)
        three = self._separable(functional.relu(one + two), f"{name}/conv2", 1)
        four = self._separable(functional.relu(one + two + three), f"{name}/conv3", 1)
        return functional.relu(one + two + three + four)

    def _separable(self, states: Tensor, name: str, stride: int) -> Tensor:
        depthwise = self.weights[f"{name}/depthwise_filter"].permute(2, 3, 0, 1)
        pointwise = self.weights[f"{name}/pointwise_filter"].permute(3, 2, 0, 1)
        spread = functional.conv2d(_same(states, stride), depthwise, stride=stride, groups=states.shape[1])
        return functional.conv2d(spread, pointwise, self.weights[f"{name}/bias"])


def _same(states: Tensor, stride: int) -> Tensor:
    """Pad as TensorFlow's "SAME" does for a kernel of 3: the odd pixel goes right and below."""
    side = states.shape[-1]
    total = max((-(-side // stride) - 1) * stride + 3 - side, 0)
    before, after = total // 2, total - total // 2
    return functional.pad(states, (before, after, before, after))


def expressions(
    network: ExpressionNet, images: Sequence[NDArray[np.uint8]], boxes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability of each class for one face an image, (images, 7); NaN without a box.

    Parameters
    ----------
    images
        RGB, each (height, width, 3).
    boxes
        One face's, (images, 4), cut to the picture.
    """
    from PIL import Image

    found = np.full((len(images), len(CLASSES)), np.nan)
    for place, (image, box) in enumerate(zip(images, boxes, strict=True)):
        if np.isnan(box).any():
            continue
        height, width = image.shape[:2]
        left, top, right, bottom = np.clip(box, 0, [width, height, width, height])
        face = Image.fromarray(image).crop((int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))))
        pixels = np.asarray(face.resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.float32)
        logits = network(torch.from_numpy(pixels).permute(2, 0, 1)[None])
        found[place] = functional.softmax(logits[0], 0).numpy()
    return found
