"""A training step of a pyramid: the structure of the released code against ours, as ratios in one run.

    python benchmarks/piip_step.py                                # tiny sizes, any machine
    python benchmarks/piip_step.py --sizes 1120/896/448 --window 14 --networks TSB --batch 8 --fast

Released structure: every attention spelt out as softmax of a matrix, nothing compiled, full precision, all
activations kept. Ours: fused attention; with --fast also bf16, compiled blocks and, on a GPU that has its
library, the Triton sampling. Goals, for one H100: G1 step <= 0.5 of the released structure; G2 >= 18 to 25 %
of what a matrix product reaches in the same run; G3 step <= 1.6 of one network with equal executed MACs; G4
kept bytes, checkpointed, <= 1.3 of that network's; G5 merged map within 2 % and gradients of the gates within
5 % of full precision.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
import torch
from measure import ceiling, seconds
from timm.layers.attention import Attention
from torch import Tensor, nn

from mmrepro.papers.piip.branch import ViTBranch, ViTSize, plain_vit
from mmrepro.papers.piip.compute import NETWORKS
from mmrepro.papers.piip.cost import MergedPyramid, counted_macs, kept_bytes
from mmrepro.papers.piip.deformable import Backend
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.systems import compile_blocks

SHAPES = {name: ViTSize(net.dim, net.depth, net.dim // 64) for name, net in NETWORKS.items()}
SHAPES |= {"t": ViTSize(32, 4, 2), "s": ViTSize(64, 4, 4), "b": ViTSize(128, 4, 8)}


def build(
    networks: str, sizes: Sequence[int], window: int | None, backend: Backend = "reference"
) -> MergedPyramid:
    """Build a pyramid, the largest image first in `networks` and `sizes`, with its gates open."""
    torch.manual_seed(0)
    pieces = min(SHAPES[name].depth for name in networks)
    branches = [
        ViTBranch(plain_vit(SHAPES[name], (side, side)), (side, side), pieces, window)
        for name, side in zip(networks[::-1], sizes[::-1], strict=True)
    ]
    pyramid = PIIP(branches, heads=min(16, SHAPES[networks[0]].dim // 4), backend=backend)
    for name, gate in pyramid.named_parameters():
        if name.endswith(("gamma", "tau")):
            nn.init.constant_(gate, 0.1)
    return MergedPyramid(pyramid, pyramid.merging("dense"))


def released_structure(model: MergedPyramid) -> MergedPyramid:
    """Spell every attention out, with the same weights."""
    plain = copy.deepcopy(model)
    for module in plain.modules():
        if isinstance(module, Attention):
            module.fused_attn = False
    return plain


def single_of_equal_compute(macs: float, side: int) -> MergedPyramid:
    """Build one network, widened until it executes at least `macs` on an image of `side` pixels."""
    depth, dim = 12 if macs > 1e9 else 4, 32
    while True:
        with torch.device("meta"):  # wide ones take a CPU minutes
            found = counted_macs(_single(dim, depth, side), torch.empty(1, 3, side, side))
        if found >= macs:
            return _single(dim, depth, side)
        dim += 32


def _single(dim: int, depth: int, side: int) -> MergedPyramid:
    net = plain_vit(ViTSize(dim, depth, dim // 32), (side, side))
    pyramid = PIIP([ViTBranch(net, (side, side), 1)])
    return MergedPyramid(pyramid, pyramid.merging("pooled"))


def half_precision_errors(model: MergedPyramid, images: Tensor) -> tuple[float, float]:
    """Return the errors of bf16: of the merged map at its worst place, of the gates' gradient by norm."""
    gates = [each for name, each in model.named_parameters() if name.endswith(("gamma", "tau"))]
    found = []
    for enabled in (False, True):
        with torch.autocast(images.device.type, torch.bfloat16, enabled=enabled):
            merged = model(images)
        # Not the mean square: the merging's norms keep that nearly constant, and its gradient is rounding.
        direction = torch.randn(merged.shape, generator=torch.Generator().manual_seed(0)).to(merged)
        gradients = torch.autograd.grad((merged * direction).float().mean(), gates)
        found.append((merged.detach().float(), torch.cat([each.flatten() for each in gradients])))
    (full, full_gradient), (half, half_gradient) = found
    merged = float((half - full).abs().max() / full.abs().max())
    return merged, float((half_gradient - full_gradient).norm() / full_gradient.norm())


class InHalfPrecision(nn.Module):
    """A model under autocast."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Run the model in bf16."""
        with torch.autocast(images.device.type, torch.bfloat16):
            result: Tensor = self.model(images)
        return result


@dataclass(frozen=True)
class Asked:
    """What is measured.

    Attributes
    ----------
    networks
        The network on the largest image first; T S B L H, or tiny t s b.
    sizes
        Sides of the images in pixels, the largest first.
    window
        Side of the attention windows in tokens.
    fast
        bf16, compiled blocks and, where it can be had, the Triton sampling.
    single_size
        Side of the single network's image; by default the middle one.
    """

    networks: str = "tsb"
    sizes: tuple[int, ...] = (192, 128, 64)
    window: int | None = None
    batch: int = 2
    least: float = 0.5
    fast: bool = False
    single_size: int | None = None


TINY = Asked(sizes=(64, 48, 32), least=0.02)
FULL = Asked("TSB", (1120, 896, 448), window=14, batch=8, fast=True)


def goals(asked: Asked) -> dict[str, Any]:
    """Measure goals G1 to G5."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kernel = device.type == "cuda" and importlib.util.find_spec("deformops") is not None
    backend: Backend = "triton" if asked.fast and kernel else "reference"
    ours = build(asked.networks, asked.sizes, asked.window, backend).to(device)
    images = torch.rand(asked.batch, 3, max(asked.sizes), max(asked.sizes), device=device)
    macs = counted_macs(ours, images)
    plain = released_structure(ours).train()
    released_s, whole = _step_seconds(plain, images, asked.least), kept_bytes(plain, images)
    del plain
    errors = half_precision_errors(ours, images)
    quick: nn.Module = InHalfPrecision(ours) if asked.fast else ours
    if asked.fast:
        compile_blocks(ours.pyramid)
    step_s = _step_seconds(quick.train(), images, asked.least)
    side = asked.single_size or asked.sizes[len(asked.sizes) // 2]
    single = single_of_equal_compute(macs, side).to(device).train()
    alone_s, alone = _step_seconds(single, images, asked.least), kept_bytes(single, images)
    ours.pyramid.checkpointing = True
    kept = kept_bytes(ours.train(), images)
    # Forward and backward: three times two operations a MAC.
    rate = 6 * macs * asked.batch / step_s
    kind = torch.bfloat16 if asked.fast else torch.float32
    return {
        "sampling": backend,
        "macs_an_image": macs,
        "G1": step_s / released_s,
        "G2": rate / ceiling(device, kind, 8192 if device.type == "cuda" else 256, asked.least),
        "G3": step_s / alone_s,
        "G4": kept / alone,
        "G4_whole": whole / alone,
        "G5_merged": errors[0],
        "G5_gates": errors[1],
    }


def _step_seconds(model: nn.Module, images: Tensor, least: float) -> float:
    def step() -> None:
        model.zero_grad(set_to_none=True)
        model(images).float().mean().backward()

    step()  # what is compiled is compiled here
    return seconds(step, least)


@click.command(help=__doc__)
@click.option(
    "--networks",
    default=Asked.networks,
    help="The network on the largest image first; T S B L H, or tiny t s b.",
)
@click.option("--sizes", default="192/128/64", help="Sides of the images in pixels, the largest first.")
@click.option("--window", type=int, help="Side of the attention windows in tokens; by default none.")
@click.option("--batch", default=Asked.batch, help="Images a step.")
@click.option("--least", default=Asked.least, help="Least seconds that a step is repeated for.")
@click.option("--fast", is_flag=True, help="bf16 and compiled blocks.")
@click.option(
    "--single-size", type=int, help="Side of the single network's image; by default the middle one."
)
def main(sizes: str, **options: Any) -> None:
    torch.set_num_threads(1)
    found = goals(Asked(sizes=tuple(int(side) for side in sizes.split("/")), **options))
    told = f"{found['macs_an_image'] / 1e9:.2f} GMAC an image, sampling {found['sampling']}"
    print(f"{options['networks']} {sizes}: {told}")
    print(f"G1 step, ours over the released structure: {found['G1']:.2f}")
    print(f"G2 executed, share of a matrix product's FLOP/s in this run: {found['G2']:.3f}")
    print(f"G3 step, pyramid over one network of equal compute: {found['G3']:.2f}")
    print(
        f"G4 kept bytes, checkpointed, over that network's: {found['G4']:.2f} (whole {found['G4_whole']:.2f})"
    )
    told = "G5 bf16 against full precision: merged map {G5_merged:.4f}, gradients of gates {G5_gates:.4f}"
    print(told.format(**found))


if __name__ == "__main__":
    main()
