"""What a step really costs: seconds and bytes kept for the backward pass, beside the counted MACs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmrepro.papers.piip.deformable import DeformableAttention
from mmrepro.papers.piip.merging import Merging
from mmrepro.papers.piip.pyramid import PIIP


class MergedPyramid(nn.Module):
    """A pyramid and its merging, without any task."""

    def __init__(self, pyramid: PIIP, merging: Merging) -> None:
        super().__init__()
        self.pyramid, self.merging = pyramid, merging

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (b, 3, h, w) into the merged map."""
        merged: Tensor = self.merging(self.pyramid(images))
        return merged


@dataclass(frozen=True)
class StepCost:
    """Least seconds of a training step (forward and backward), per image, and bytes kept for it."""

    seconds: float
    kept_bytes: int


def counted_macs(model: nn.Module, images: Tensor) -> float:
    """Count the MACs of one forward pass per image with PyTorch's counter.

    The counter gives two operations a MAC and none for sampling, which is added here as published.
    """
    sampled: list[float] = []
    hooks = [
        module.register_forward_hook(lambda module, given, _: sampled.append(_sampling(module, given)))
        for module in model.modules()
        if isinstance(module, DeformableAttention)
    ]
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(images)
    for hook in hooks:
        hook.remove()
    return float(counter.get_total_flops() / 2 / len(images) + sum(sampled))


def _sampling(attention: DeformableAttention, given: tuple[Tensor, ...]) -> float:
    _, tokens, dim = given[0].shape
    return 5.0 * attention.points * tokens * dim


def step_cost(model: nn.Module, images: Tensor, repeats: int = 3) -> StepCost:
    """Time a step; the least of `repeats`, since other work on the machine only ever adds."""
    kept = kept_bytes(model, images)
    return StepCost(
        min(_step_seconds(model, images) for _ in range(repeats)) / len(images), kept // len(images)
    )


def _step_seconds(model: nn.Module, images: Tensor) -> float:
    model.zero_grad(set_to_none=True)
    clock = _clock(images.device)
    started = clock()
    model(images).float().mean().backward()
    return clock() - started


def _clock(device: torch.device) -> Callable[[], float]:
    """CPU seconds of this process, which other work does not slow; wall seconds on a GPU."""
    if device.type != "cuda":
        return time.process_time

    def synchronised() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return synchronised


def kept_bytes(model: nn.Module, images: Tensor) -> int:
    """Count the bytes that a forward pass keeps for the backward pass, parameters left out."""
    known = {each.untyped_storage().data_ptr() for each in model.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in known:
            kept[place] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        result = model(images)
    del result
    return sum(kept.values())
