"""The interaction unit: two neighbouring branches tell each other what they see."""

from __future__ import annotations

from typing import Literal

import torch
from timm.layers.drop import DropPath
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import Grid, as_map, as_tokens
from mmrepro.papers.piip.deformable import Backend, DeformableAttention

AttentionKind = Literal["deformable", "regular"]
_EPS = 1e-6


class RegularAttention(nn.Module):
    """Full cross-attention; queries, keys and values have no bias, as in the paper's comparison."""

    def __init__(self, dim: int, memory_dim: int, heads: int = 16) -> None:
        super().__init__()
        if dim % heads:
            raise MMReproError(f"A width of {dim} must be a multiple of {heads} heads.")
        self.heads = heads
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(memory_dim, dim, bias=False)
        self.value = nn.Linear(memory_dim, dim, bias=False)
        self.output = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor, memory: Tensor, grid: Grid, memory_grid: Grid) -> Tensor:
        """Let tokens (b, n, dim) look at memory (b, m, memory_dim); grids are not needed."""
        query, key, value = (
            each.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for each in (self.query(tokens), self.key(memory), self.value(memory))
        )
        seen = functional.scaled_dot_product_attention(query, key, value)
        output: Tensor = self.output(seen.transpose(1, 2).flatten(2))
        return output


class ConvFFN(nn.Module):
    """Linear to a quarter, depthwise 3x3 convolution, GELU, linear back."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.down = nn.Linear(dim, dim // 4)
        self.conv = nn.Conv2d(dim // 4, dim // 4, 3, padding=1, groups=dim // 4)
        self.up = nn.Linear(dim // 4, dim)

    def forward(self, tokens: Tensor, grid: Grid) -> Tensor:
        """Turn (b, h * w, dim) into the same shape."""
        output: Tensor = self.up(functional.gelu(as_tokens(self.conv(as_map(self.down(tokens), grid)))))
        return output


class Injection(nn.Module):
    r"""One direction: `tokens` take in what another branch sees.

    .. math:: F' = F + \gamma\,\mathrm{Attn}(\mathrm{LN}(F), \mathrm{LN}(\mathrm{FC}(G))), \quad
              F'' = F' + \tau\,\mathrm{FFN}(\mathrm{LN}(F'))

    Gamma and tau, one number a channel, start at zero: an untrained injection changes nothing.
    `drop_path` acts on the FFN alone, as in the released code.
    """

    def __init__(
        self,
        dim: int,
        other_dim: int,
        kind: AttentionKind = "deformable",
        heads: int = 16,
        drop_path: float = 0.0,
        backend: Backend = "reference",
    ) -> None:
        super().__init__()
        self.project = nn.Linear(other_dim, dim)
        self.norm, self.other_norm, self.ffn_norm = (nn.LayerNorm(dim, eps=_EPS) for _ in range(3))
        self.attention: nn.Module = (
            DeformableAttention(dim, dim, heads, backend=backend)
            if kind == "deformable"
            else RegularAttention(dim, dim, heads)
        )
        self.ffn = ConvFFN(dim)
        self.gamma, self.tau = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, other: Tensor, grid: Grid, other_grid: Grid) -> Tensor:
        """Turn tokens (b, n, dim), with other (b, m, other_dim), into (b, n, dim)."""
        memory = self.other_norm(self.project(other))
        tokens = tokens + self.gamma * self.attention(self.norm(tokens), memory, grid, other_grid)
        output: Tensor = tokens + self.tau * self.drop_path(self.ffn(self.ffn_norm(tokens), grid))
        return output


class InteractionUnit(nn.Module):
    """Both directions between two branches; each reads the other as it was before the unit."""

    def __init__(
        self, dims: tuple[int, int], kind: AttentionKind, heads: int, drop_path: float, backend: Backend
    ) -> None:
        super().__init__()
        one, other = dims
        self.to_one = Injection(one, other, kind, heads, drop_path, backend)
        self.to_other = Injection(other, one, kind, heads, drop_path, backend)

    def forward(self, one: Tensor, other: Tensor, grids: tuple[Grid, Grid]) -> tuple[Tensor, Tensor]:
        """Exchange features between (b, n, dim) and (b, m, other_dim)."""
        return self.to_one(one, other, *grids), self.to_other(other, one, *grids[::-1])
