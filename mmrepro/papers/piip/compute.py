"""What a pyramid costs, in closed form: multiply-accumulates and parameters, as published and as executed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Grid = tuple[int, int]
Merging = Literal["none", "linear", "dense"]
_CHANNELS = 3  # of an image
_FFN_SHARE = 4  # the ConvFFN has a quarter of the width
_SAMPLE = 5  # published MACs of one sample: four corners and its weight


@dataclass(frozen=True)
class Network:
    """Width and depth of a plain vision transformer."""

    dim: int
    depth: int


NETWORKS: Mapping[str, Network] = {
    "T": Network(192, 12),
    "S": Network(384, 12),
    "B": Network(768, 12),
    "L": Network(1024, 24),
    "H": Network(1280, 32),
    "6B": Network(3200, 48),
}


@dataclass(frozen=True)
class Plan:
    """A pyramid as numbers, largest image first, as the paper writes it.

    Attributes
    ----------
    sizes
        Height and width of each branch's image, pixels.
    window
        Side of the attention windows in tokens, one for all branches or one each; None attends over the
        whole grid. A grid smaller than the window attends over itself.
    global_blocks
        Blocks of each branch that attend over the whole grid all the same.
    interactions
        Units between each pair of neighbours; each has two directions.
    project
        Whether a unit brings the other branch to its own width first (the released "speed-up" leaves it out).
    padded
        Whether the published figure counts the padding of windows.
    merging
        ``linear``: what the published figures count; ``dense``: the two 3x3 convolutions that detection runs.
    heads, points
        Of deformable attention.
    """

    networks: tuple[Network, ...]
    sizes: tuple[Grid, ...]
    window: int | tuple[int | None, ...] | None = None
    global_blocks: int = 0
    interactions: int = 12
    attention: Literal["deformable", "regular"] = "deformable"
    project: bool = True
    padded: bool = False
    merging: Merging = "linear"
    patch: int = 16
    heads: int = 16
    points: int = 4

    @property
    def grids(self) -> list[Grid]:
        """Tokens down and across of each branch."""
        return [(size[0] // self.patch, size[1] // self.patch) for size in self.sizes]

    @property
    def tokens(self) -> list[int]:
        """Tokens of each branch."""
        return [rows * columns for rows, columns in self.grids]

    def window_of(self, place: int) -> int | None:
        """Side of one branch's windows."""
        return self.window[place] if isinstance(self.window, tuple) else self.window

    @property
    def width(self) -> int:
        """Channels of the merged map: those of the widest branch."""
        return max(network.dim for network in self.networks)


@dataclass(frozen=True)
class Cost:
    """MACs of one image by part; `total` adds them up."""

    branches: tuple[float, ...]
    interactions: float
    merging: float
    padding: float = 0.0
    neck: float = 0.0

    @property
    def total(self) -> float:
        """All MACs."""
        return sum(self.branches) + self.interactions + self.merging + self.padding + self.neck


def published_cost(plan: Plan) -> Cost:
    """Count as the published tables do: no neck, merging and window padding as `plan` says."""
    places = range(len(plan.networks))
    padding = sum(_padding(plan, place) for place in places) if plan.padded else 0.0
    return Cost(
        tuple(_branch(plan, place) for place in places), sum(_unit_pairs(plan)), _merging(plan), padding
    )


def executed_cost(plan: Plan, *, neck: bool = True) -> Cost:
    """Count what detection runs: dense merging, padded windows and, if asked, the neck's deconvolutions."""
    places = range(len(plan.networks))
    finest = max(plan.tokens)
    return Cost(
        tuple(_branch(plan, place) for place in places),
        sum(_unit_pairs(plan)),
        _dense(plan) if len(plan.networks) > 1 else 0.0,
        padding=sum(_padding(plan, place) for place in places),
        # Two deconvolutions to 4 x, one to 2 x, all of the merged width: 4 + 16 + 4 taps a token.
        neck=24.0 * finest * plan.width**2 if neck else 0.0,
    )


def _branch(plan: Plan, place: int) -> float:
    network, tokens = plan.networks[place], plan.tokens[place]
    side = plan.window_of(place)
    seen = tokens if side is None else min(side**2, tokens)
    windowed = network.depth - plan.global_blocks
    attended = windowed * seen + plan.global_blocks * tokens
    embedding = _CHANNELS * plan.patch**2 * network.dim * tokens
    linear = 12 * network.dim**2 * tokens * network.depth
    return float(embedding + linear + 2 * tokens * attended * network.dim)


def _padding(plan: Plan, place: int) -> float:
    """MACs spent on the zeros that fill up the last windows: queries, keys, values and attention."""
    network, (rows, columns), side = plan.networks[place], plan.grids[place], plan.window_of(place)
    if side is None or rows * columns <= side**2:
        return 0.0
    padded = (-(-rows // side) * side) * (-(-columns // side) * side) - rows * columns
    blocks = network.depth - plan.global_blocks
    return float(blocks * padded * (3 * network.dim**2 + 2 * side**2 * network.dim))


def _unit_pairs(plan: Plan) -> Iterator[float]:
    """MACs of all interactions of each pair of neighbours, both directions."""
    if plan.interactions:
        for one, other in pairwise(range(len(plan.networks))):
            both = _direction(plan, one, other) + _direction(plan, other, one)
            yield plan.interactions * both


def _direction(plan: Plan, query: int, memory: int) -> float:
    tokens, dim = plan.tokens[query], plan.networks[query].dim
    seen, given = plan.tokens[memory], plan.networks[memory].dim
    width = dim if plan.project else given
    total = seen * given * dim if plan.project else 0
    if plan.attention == "deformable":
        value = dim // 2
        choice = 3 * plan.heads * plan.points * tokens * dim  # two offsets and a weight a point
        sampling = _SAMPLE * plan.points * tokens * dim
        total += choice + seen * width * value + tokens * value * dim + sampling
    else:
        total += 2 * tokens * dim**2 + 2 * seen * width * dim + 2 * tokens * seen * dim
    hidden = dim // _FFN_SHARE
    return float(total + 2 * tokens * dim * hidden + 9 * tokens * hidden)


def _merging(plan: Plan) -> float:
    if plan.merging == "dense":
        return _dense(plan)
    if plan.merging == "none" or len(plan.networks) == 1:
        return 0.0
    return float(
        sum(plan.tokens[place] * plan.networks[place].dim * plan.width for place in _projected(plan))
    )


def _projected(plan: Plan) -> list[int]:
    """Branches that linear merging projects: all but the widest, the one on the smallest image if several."""
    places = range(len(plan.networks))
    wide = [place for place in places if plan.networks[place].dim == plan.width]
    kept = min(wide, key=lambda place: plan.tokens[place])
    return [place for place in places if place != kept]


def _dense(plan: Plan) -> float:
    pairs = zip(plan.networks, plan.tokens, strict=True)
    return float(sum(9 * tokens * plan.width * (net.dim + plan.width) for net, tokens in pairs))


def prefill_macs(tokens: int, dim: int = 4096, depth: int = 32, hidden: int = 11008) -> float:
    """MACs that a language model of LLaMA-7B's shape spends on reading `tokens` visual tokens."""
    linear = tokens * (4 * dim**2 + 3 * dim * hidden)
    return float(depth * (linear + 2 * tokens**2 * dim))


def parameter_counts(plan: Plan) -> dict[str, int]:
    """Count parameters of branches, interactions and merging (``dense`` with convolutions, else linear)."""
    pairs = [(one, other) for one, other in pairwise(net.dim for net in plan.networks)]
    each = sum(
        _direction_parameters(plan, *pair) + _direction_parameters(plan, *pair[::-1]) for pair in pairs
    )
    return {
        "branches": sum(_branch_parameters(plan, place) for place in range(len(plan.networks))),
        "interactions": plan.interactions * each,
        "merging": _merging_parameters(plan),
    }


def _branch_parameters(plan: Plan, place: int) -> int:
    dim, depth = plan.networks[place].dim, plan.networks[place].depth
    embedding = _CHANNELS * plan.patch**2 * dim + dim + plan.tokens[place] * dim
    return embedding + depth * (12 * dim**2 + 13 * dim)


def _direction_parameters(plan: Plan, dim: int, other: int) -> int:
    norms_and_gates = 3 * 2 * dim + 2 * dim
    projection = other * dim + dim
    hidden = dim // _FFN_SHARE
    ffn = 2 * dim * hidden + hidden + dim + 10 * hidden
    if plan.attention == "regular":
        return norms_and_gates + projection + ffn + 4 * dim**2 + dim
    points = plan.heads * plan.points
    choice = 3 * points * (dim + 1)
    values = dim * (dim // 2) + dim // 2 + (dim // 2) * dim + dim
    return norms_and_gates + projection + ffn + choice + values


def _merging_parameters(plan: Plan) -> int:
    if plan.merging == "none" or len(plan.networks) == 1:
        return 0
    width, weights = plan.width, len(plan.networks)
    if plan.merging == "dense":
        return weights + sum(9 * width * (net.dim + width) + 4 * width for net in plan.networks)
    projected = [plan.networks[place].dim for place in _projected(plan)]
    return weights + 2 * width + sum(2 * dim + dim * width + width + 2 * width for dim in projected)
