"""The pyramid: any number of branches on images of different sizes, that exchange features as they go."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import Branch, Grid, as_map
from mmrepro.papers.piip.deformable import Backend
from mmrepro.papers.piip.interaction import AttentionKind, InteractionUnit
from mmrepro.papers.piip.merging import Merging, MergingKind

Arrangement = Literal["inverted", "direct", "any"]


class PIIP(nn.Module):
    """A pyramid of networks (section 3 of the paper).

    Parameters
    ----------
    branches
        Ordered as neighbours exchange features; the paper's order is the widest network first.
    interact
        Whether neighbours exchange features after every piece of the branches.
    arrangement
        ``inverted``: the wider the network, the smaller its image; ``direct``: the wider, the larger;
        ``any``: not checked. The order of `branches` must be the widest network first for both.
    attention, heads, drop_path, backend
        Of the interaction units.
    checkpointing
        Whether to recompute each piece in the backward pass instead of keeping its activations.

    Raises
    ------
    MMReproError
        When the branches are not in that order, or have different numbers of pieces.
    """

    def __init__(
        self,
        branches: Sequence[Branch],
        *,
        interact: bool = True,
        arrangement: Arrangement = "inverted",
        attention: AttentionKind = "deformable",
        heads: int = 16,
        drop_path: float = 0.0,
        backend: Backend = "reference",
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        _check_order(branches, arrangement)
        self.branches, self.checkpointing = nn.ModuleList(branches), checkpointing
        self.pieces = len(branches[0].dims)
        self.dims, self.grids = [each.dims[-1] for each in branches], [each.grids[-1] for each in branches]
        self.units = nn.ModuleList(
            nn.ModuleList(
                InteractionUnit((one.dims[piece], other.dims[piece]), attention, heads, drop_path, backend)
                for one, other in pairwise(branches)
            )
            for piece in range(self.pieces if interact else 0)
        )

    @property
    def parts(self) -> list[Branch]:
        """The branches, in order."""
        return cast(list[Branch], list(self.branches))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Turn images (b, 3, h, w) into one map a branch, (b, dim_j, h_j, w_j)."""
        return [
            as_map(tokens[:, branch.prefix :], branch.grids[-1])
            for branch, tokens in zip(self.parts, self.tokens(images), strict=True)
        ]

    def tokens(self, images: Tensor) -> list[Tensor]:
        """Turn images into the last tokens of every branch, class tokens included."""
        states = [branch.embed(images) for branch in self.parts]
        for piece in range(self.pieces):
            if self.checkpointing and self.training:
                states = list(checkpoint(self._step, piece, *states, use_reentrant=False))
            else:
                states = list(self._step(piece, *states))
        return states

    def _step(self, piece: int, *states: Tensor) -> tuple[Tensor, ...]:
        """Run one piece of every branch, then let neighbours talk, the finest pair first."""
        found = [branch.run(piece, state) for branch, state in zip(self.parts, states, strict=True)]
        if len(self.units):
            units = cast(nn.ModuleList, self.units[piece])
            for place in reversed(range(len(found) - 1)):
                pair = slice(place, place + 2)
                found[pair] = _exchanged(units[place], piece, self.parts[pair], found[pair])
        return tuple(found)

    def merging(self, kind: MergingKind, width: int | None = None, grid: Grid | None = None) -> Merging:
        """Make the module that merges the maps of this pyramid."""
        return Merging(self.dims, self.grids, kind, width, grid)


def _exchanged(
    unit: nn.Module, piece: int, branches: Sequence[Branch], states: Sequence[Tensor]
) -> list[Tensor]:
    """Let two branches exchange features; class tokens stay out of it."""
    one, other = (state[:, branch.prefix :] for branch, state in zip(branches, states, strict=True))
    patches = unit(one, other, (branches[0].grids[piece], branches[1].grids[piece]))
    return [
        torch.cat([state[:, : branch.prefix], new], 1) if branch.prefix else new
        for branch, state, new in zip(branches, states, patches, strict=True)
    ]


def _check_order(branches: Sequence[Branch], arrangement: Arrangement) -> None:
    if not branches:
        raise MMReproError("A pyramid needs at least one branch.")
    pieces = {len(branch.dims) for branch in branches}
    if len(pieces) > 1:
        raise MMReproError(f"All branches must be cut into as many pieces, not {sorted(pieces)}.")
    widths = [branch.dims[-1] for branch in branches]
    areas = [branch.size[0] * branch.size[1] for branch in branches]
    sign = {"inverted": 1, "direct": -1, "any": 0}[arrangement]
    for place in range(len(branches) - 1):
        if arrangement != "any" and (
            widths[place] <= widths[place + 1] or sign * areas[place] >= sign * areas[place + 1]
        ):
            raise MMReproError(
                f"A parameter-{arrangement} pyramid lists its branches from the widest to the narrowest, on "
                f"{'growing' if sign > 0 else 'shrinking'} images; these have widths {widths} and "
                f"{[branch.size for branch in branches]} pixels. Reorder them, or use arrangement='any'."
            )
