"""Merging: every branch's last map brought to one width and one grid, and added up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.papers.piip.branch import Grid

MergingKind = Literal["dense", "pooled", "language"]


def _norm(dim: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(32, dim), dim)


def dense_projection(dim: int, width: int, _: bool) -> nn.Module:
    """Two 3x3 convolutions with norms: detection and segmentation (section 3 of the paper)."""
    layers: list[nn.Module] = []
    for given in (dim, width):
        layers += [nn.Conv2d(given, width, 3, padding=1, bias=False), _norm(width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def pooled_projection(dim: int, width: int, largest: bool) -> nn.Module:
    """Norm, linear, norm: classification from scratch; the largest branch is only normalised."""
    if largest:
        return _norm(dim)
    return nn.Sequential(_norm(dim), nn.Conv2d(dim, width, 1), _norm(width))


def language_projection(dim: int, width: int, _: bool) -> nn.Module:
    """Linear, norm, GELU, linear to the width of a language model."""
    return nn.Sequential(nn.Conv2d(dim, width, 1), _norm(width), nn.GELU(), nn.Conv2d(width, width, 1))


_PROJECTIONS = {"dense": dense_projection, "pooled": pooled_projection, "language": language_projection}


class Merging(nn.Module):
    """Add up the branches' maps, each with a learnt weight that starts at one.

    Parameters
    ----------
    dims, grids
        Of the branches' maps.
    kind
        Which projection each map passes first.
    width
        Channels of the merged map; by default those of the widest branch.
    grid
        Grid of the merged map; by default the finest of the branches'.
    """

    def __init__(
        self,
        dims: Sequence[int],
        grids: Sequence[Grid],
        kind: MergingKind,
        width: int | None = None,
        grid: Grid | None = None,
    ) -> None:
        super().__init__()
        self.kind, self.width = kind, width or max(dims)
        self.grid = grid or max(grids, key=math.prod)
        make, widest = _PROJECTIONS[kind], list(dims).index(max(dims))
        self.projections = nn.ModuleList(
            make(dim, self.width, place == widest and dim == self.width) for place, dim in enumerate(dims)
        )
        self.weights = nn.Parameter(torch.ones(len(dims)))

    def forward(self, maps: Sequence[Tensor], keep: Sequence[int] | None = None) -> Tensor:
        """Merge maps (b, dim_j, h_j, w_j) into (b, width, h, w).

        `keep` names the branches that are heard; the others count as zero.
        """
        heard = range(len(maps)) if keep is None else keep
        parts = [self.weights[place] * self._fitted(place, maps[place]) for place in heard]
        return torch.stack(parts).sum(0)

    def _fitted(self, place: int, maps: Tensor) -> Tensor:
        # The language projector reads maps that are resized already; the others are resized after it.
        if self.kind == "language":
            fitted: Tensor = self.projections[place](self._resized(maps))
            return fitted
        return self._resized(self.projections[place](maps))

    def _resized(self, maps: Tensor) -> Tensor:
        if tuple(maps.shape[-2:]) == self.grid:
            return maps
        return functional.interpolate(maps, self.grid, mode="bilinear", align_corners=False)
