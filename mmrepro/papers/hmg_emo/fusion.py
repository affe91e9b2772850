"""Encoders of an item's modalities, and three ways to make one state of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

Fusion = Literal["gate", "mean", "concat"]


class SmallCNN(nn.Sequential):
    """Read a spectrogram as an image, (n, 1, side, side) -> (n, size)."""

    def __init__(self, size: int) -> None:
        super().__init__(
            nn.Conv2d(1, 8, kernel_size=4, stride=4),
            nn.ReLU(),
            nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d((4, 2)),  # pitch matters more than when
            nn.Flatten(),
            nn.Linear(128, size),
            nn.ReLU(),
        )


class Encoders(nn.ModuleDict):
    """One encoder a modality: a small CNN for images, a layer for vectors.

    Parameters
    ----------
    examples
        Modality -> features, of which only the shape is read.
    """

    def __init__(self, examples: Mapping[str, Tensor], size: int) -> None:
        super().__init__(
            {
                name: SmallCNN(size)
                if values.dim() == 4
                else nn.Sequential(nn.Linear(values.shape[1], size), nn.ReLU())
                for name, values in examples.items()
            }
        )

    def forward(self, items: Mapping[str, Tensor]) -> Tensor:
        """Encode every modality of every item, shape (n, modalities, size)."""
        return torch.stack([encode(items[name].float()) for name, encode in self.items()], dim=1)


class GatedFusion(nn.Module):
    r"""Dynamic context fusion: each item weighs its own modalities.

    With the states $h_m$ of an item's modalities, $g_m = v^\top \tanh(U h_m) + b_m$ and
    $h = \sum_m \mathrm{softmax}_m(g)\, h_m$, the softmax taken over the modalities that the item has.
    The paper names such a module and its aim; its formula was not found, so this one is ours.
    """

    def __init__(self, size: int, modalities: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, 1, bias=False))
        self.bias = nn.Parameter(torch.zeros(modalities))

    def weights(self, states: Tensor, present: Tensor) -> Tensor:
        """Return the share of each modality, (n, modalities); rows add up to one."""
        scores: Tensor = self.score(states).squeeze(-1) + self.bias
        # An item without any modality gets equal shares of zeros, not a division by zero.
        return scores.masked_fill(~present, -1e9).softmax(-1)

    def forward(self, states: Tensor, present: Tensor) -> Tensor:
        """Fuse, (n, modalities, size) and (n, modalities) -> (n, size)."""
        known = states * present.unsqueeze(-1)
        return (self.weights(states, present).unsqueeze(-1) * known).sum(1)


class MeanFusion(nn.Module):
    """Average the modalities that an item has."""

    def forward(self, states: Tensor, present: Tensor) -> Tensor:
        """Fuse, (n, modalities, size) and (n, modalities) -> (n, size)."""
        known = states * present.unsqueeze(-1)
        return known.sum(1) / present.sum(1, keepdim=True).clamp(min=1)


class ConcatFusion(nn.Module):
    """Join the modalities end to end and project them; a missing one is zeros."""

    def __init__(self, size: int, modalities: int) -> None:
        super().__init__()
        self.project = nn.Linear(size * modalities, size)

    def forward(self, states: Tensor, present: Tensor) -> Tensor:
        """Fuse, (n, modalities, size) and (n, modalities) -> (n, size)."""
        projected: Tensor = self.project((states * present.unsqueeze(-1)).flatten(1))
        return projected


def make_fusion(kind: Fusion, size: int, modalities: int) -> nn.Module:
    """Make the fusion that a system names."""
    if kind == "mean":
        return MeanFusion()
    return (GatedFusion if kind == "gate" else ConcatFusion)(size, modalities)
