"""A training step of a pyramid: the structure of the released code against ours, as ratios in one run.

    python benchmarks/piip_step.py                                # tiny sizes, any machine
    python benchmarks/piip_step.py --sizes 1120/896/448 --window 14 --networks TSB --batch 8 --fast --peak 989

Released structure: every attention spelt out as softmax of a matrix, nothing compiled, full precision, all
activations kept. Ours: fused attention; with --fast also bf16, compiled blocks and, on a GPU, the Triton
sampling. Goals, for one H100: G1 step <= 0.5 of the released structure; G2 >= 18 to 25 % of the peak; G3
step <= 1.6 of one network with equal executed MACs; G4 kept bytes, checkpointed, <= 1.3 of that network's;
G5 merged map within 2 % and gradients of the gates within 5 % of full precision.
"""

from __future__ import annotations

import copy

import click
import torch
from timm.layers.attention import Attention
from torch import Tensor, nn

from mmrepro.papers.piip.branch import ViTBranch, ViTSize, plain_vit
from mmrepro.papers.piip.compute import NETWORKS
from mmrepro.papers.piip.cost import MergedPyramid, counted_macs, kept_bytes, step_cost
from mmrepro.papers.piip.deformable import Backend
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.systems import compile_blocks

SHAPES = {name: ViTSize(net.dim, net.depth, net.dim // 64) for name, net in NETWORKS.items()}
SHAPES |= {"t": ViTSize(32, 4, 2), "s": ViTSize(64, 4, 4), "b": ViTSize(128, 4, 8)}


def build(
    networks: str, sizes: list[int], window: int | None, backend: Backend = "reference"
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
        net = plain_vit(ViTSize(dim, depth, dim // 32), (side, side))
        pyramid = PIIP([ViTBranch(net, (side, side), 1)])
        single = MergedPyramid(pyramid, pyramid.merging("pooled"))
        if counted_macs(single, torch.rand(1, 3, side, side)) >= macs:
            return single
        dim += 32


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


@click.command()
@click.option(
    "--networks", default="tsb", help="The network on the largest image first; T S B L H, or tiny t s b."
)
@click.option("--sizes", default="192/128/64", help="Sides of the images in pixels, the largest first.")
@click.option("--window", type=int, help="Side of the attention windows in tokens; by default none.")
@click.option("--batch", default=2, help="Images a step.")
@click.option("--repeats", default=3, help="Steps, of which the least is taken.")
@click.option("--fast", is_flag=True, help="bf16 and compiled blocks.")
@click.option("--peak", type=float, help="Dense bf16 peak of the device in TFLOP/s, for G2.")
@click.option(
    "--single-size", type=int, help="Side of the single network's image; by default the middle one."
)
def main(
    networks: str,
    sizes: str,
    window: int | None,
    batch: int,
    repeats: int,
    fast: bool,
    peak: float | None,
    single_size: int | None,
) -> None:
    """Measure goals G1 to G5 and print them, a line each."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sides = [int(side) for side in sizes.split("/")]
    torch.set_num_threads(1)
    backend: Backend = "triton" if fast and device.type == "cuda" else "reference"
    ours = build(networks, sides, window, backend).to(device)
    images = torch.rand(batch, 3, max(sides), max(sides), device=device)
    macs = counted_macs(ours, images)
    released = step_cost(released_structure(ours).train(), images, repeats)
    errors = half_precision_errors(ours, images)
    quick: nn.Module = InHalfPrecision(ours) if fast else ours
    if fast:
        compile_blocks(ours.pyramid)
    for _ in range(2 if fast else 0):
        quick(images).float().mean().backward()
    step = step_cost(quick.train(), images, repeats)
    side = single_size or sides[len(sides) // 2]
    single = single_of_equal_compute(macs, side).to(device).train()
    alone = step_cost(single, images, repeats)
    ours.pyramid.checkpointing = True
    kept = kept_bytes(ours.train(), images) / batch
    print(f"{networks} {sizes}, window {window}, batch {batch}, {device}: {macs / 1e9:.2f} GMAC an image")
    print(f"G1 step, ours over the released structure: {step.seconds / released.seconds:.2f}")
    rate = 6 * macs / step.seconds / 1e12  # forward and backward: three times two operations a MAC
    share = f", {100 * rate / peak:.1f} % of the peak" if peak else ""
    print(f"G2 executed: {rate:.3f} TFLOP/s{share}")
    print(f"G3 step, pyramid over one network of equal compute: {step.seconds / alone.seconds:.2f}")
    whole = released.kept_bytes / alone.kept_bytes
    print(
        f"G4 kept bytes, checkpointed, over that network's: {kept / alone.kept_bytes:.2f} (whole {whole:.2f})"
    )
    print(f"G5 bf16 against full precision: merged map {errors[0]:.4f}, gradients of gates {errors[1]:.4f}")


if __name__ == "__main__":
    main()
