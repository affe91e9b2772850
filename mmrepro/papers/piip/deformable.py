"""Deformable attention on one map: every query looks at a few places that it chooses itself."""

from __future__ import annotations

import importlib.util
import math
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import Grid

Backend = Literal["reference", "triton"]


@cache
def sampling_core(backend: Backend) -> Any:
    """Return the module that samples and weighs: ``reference`` runs anywhere, ``triton`` on a CUDA GPU.

    Raises
    ------
    MMReproError
        When the library or the GPU is missing; the sentence says what to install.
    """
    if backend == "reference":
        from transformers.models.deformable_detr.modeling_deformable_detr import MultiScaleDeformableAttention

        return MultiScaleDeformableAttention()
    if importlib.util.find_spec("deformops") is None:
        raise MMReproError(
            "The deformable backend 'triton' needs the library deformops; run `pip install deformops` under "
            "Python 3.12 or newer, or use deformable_backend='reference', which runs anywhere."
        )
    if not torch.cuda.is_available():
        raise MMReproError(
            "The deformable backend 'triton' needs a CUDA GPU, and torch sees none; use "
            "deformable_backend='reference'."
        )
    from deformops.integrations.transformers import MultiScaleDeformableAttention as TritonAttention

    return TritonAttention()


def deform(value: Tensor, grid: Grid, places: Tensor, weights: Tensor, backend: Backend) -> Tensor:
    """Sample `value` at `places` and add the samples up by their `weights`.

    Parameters
    ----------
    value
        What is looked at, shape (b, h * w, heads, channels).
    places
        Where to look, as shares of width and height, shape (b, n, heads, points, 2); zero outside.
    weights
        Adding up to one over points, shape (b, n, heads, points).

    Returns
    -------
    Tensor
        Shape (b, n, heads * channels).
    """
    shape = torch.tensor([grid], device=value.device)
    start = torch.zeros(1, dtype=torch.long, device=value.device)
    seen: Tensor = sampling_core(backend)(
        value, shape, [grid], start, places.unsqueeze(3), weights.unsqueeze(3), 64
    )
    return seen


class DeformableAttention(nn.Module):
    """Single-level deformable cross-attention, as the released code uses it.

    Values have half the width; offsets start as a ring around the query's own place and weights
    as equal, and only what is learnt moves them.
    """

    def __init__(
        self, dim: int, memory_dim: int, heads: int = 16, points: int = 4, backend: Backend = "reference"
    ) -> None:
        super().__init__()
        if dim % heads or (dim // 2) % heads:
            raise MMReproError(f"A width of {dim}, and half of it, must be multiples of {heads} heads.")
        self.heads, self.points, self.backend = heads, points, backend
        self.offsets = nn.Linear(dim, heads * points * 2)
        self.weights = nn.Linear(dim, heads * points)
        self.value = nn.Linear(memory_dim, dim // 2)
        self.output = nn.Linear(dim // 2, dim)
        self._start()

    def _start(self) -> None:
        angles = torch.arange(self.heads) * (2 * math.pi / self.heads)
        ring = torch.stack([angles.cos(), angles.sin()], -1)
        ring = ring / ring.abs().amax(-1, keepdim=True)
        steps = torch.arange(1, self.points + 1)[None, :, None]
        nn.init.zeros_(self.offsets.weight)
        self.offsets.bias.data.copy_((ring[:, None] * steps).flatten())
        for zeroed in (self.weights.weight, self.weights.bias, self.value.bias, self.output.bias):
            nn.init.zeros_(zeroed)
        nn.init.xavier_uniform_(self.value.weight)
        nn.init.xavier_uniform_(self.output.weight)

    def forward(self, tokens: Tensor, memory: Tensor, grid: Grid, memory_grid: Grid) -> Tensor:
        """Let tokens (b, n, dim) look at memory (b, m, memory_dim)."""
        batch, count, _ = tokens.shape
        value = self.value(memory).view(batch, memory.shape[1], self.heads, -1)
        offsets = self.offsets(tokens).view(batch, count, self.heads, self.points, 2)
        weights = self.weights(tokens).view(batch, count, self.heads, self.points).softmax(-1)
        cells = offsets.new_tensor([memory_grid[1], memory_grid[0]])
        places = centres(grid, tokens)[None, :, None, None] + offsets / cells
        with torch.autocast(tokens.device.type, enabled=False):  # in full precision, as released
            seen = deform(value.float(), memory_grid, places.float(), weights.float(), self.backend)
        output: Tensor = self.output(seen.to(value.dtype))
        return output


def centres(grid: Grid, like: Tensor) -> Tensor:
    """Return the centre of every cell as (x, y) shares of the image, shape (h * w, 2)."""
    height, width = grid
    y = (torch.arange(height, device=like.device, dtype=like.dtype) + 0.5) / height
    x = (torch.arange(width, device=like.device, dtype=like.dtype) + 0.5) / width
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack((columns, rows), -1).view(-1, 2)
