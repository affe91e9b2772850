"""Measuring a training step: seconds, operations, memory, and how far its numbers are from another's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from accelerate.utils import compile_regions
from torch import Tensor, nn
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count
from transformers import PreTrainedModel

from mmrepro.papers.piip.deformable import DeformableAttention
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.training.batches import Batch
from mmrepro.training.objective import LossFunction

SWITCHES = ("bf16", "fused AdamW", "checkpointing", "Triton sampling", "compile")
"""What may be done to a step to make it faster or smaller."""
BF16, FUSED, CHECKPOINTED, SAMPLING, COMPILED = SWITCHES
Numbers = tuple[float, dict[str, Tensor]]
"""Loss, and the gradient of every parameter by its name."""
_HEARD = 1e-2  # least share of the gradient's norm that a parameter needs for its direction to be compared


def checkpoint_activations(model: nn.Module) -> None:
    """Recompute activations instead of keeping them, in every part that knows how."""
    for part in parts_of(model, CHECKPOINTED):
        if isinstance(part, PIIP):
            part.checkpointing = True
        else:
            part.activation_checkpointing_enable()


def parts_of(model: nn.Module, switch: str) -> list[Any]:
    """Return the parts of a model that a switch changes."""
    if switch == SAMPLING:
        return [part for part in model.modules() if isinstance(part, DeformableAttention)]
    if switch == CHECKPOINTED:
        own = [part for part in model.modules() if isinstance(part, PIIP)]
        models = [part for part in model.modules() if isinstance(part, PreTrainedModel)]
        return own + [part for part in models if part.supports_gradient_checkpointing]
    return [model]


@dataclass(frozen=True)
class Case:
    """A chapter's model with a batch to learn from.

    Attributes
    ----------
    batch
        Tensors whose first dimension counts the examples.
    compiled
        Gives the model with its repeated parts compiled.
    """

    model: nn.Module
    batch: Batch
    loss_of: LossFunction
    compiled: Callable[[nn.Module], nn.Module] = compile_regions

    def switches(self) -> list[str]:
        """Name the switches that change anything here."""
        return [switch for switch in SWITCHES if parts_of(self.model, switch)]


class Step:
    """A training step on a copy of a case's model, with some switches on.

    Dropout is off, or two steps could not be compared number by number.
    """

    def __init__(self, case: Case, examples: int, device: torch.device, switches: Sequence[str]) -> None:
        self.model = without_dropout(copy.deepcopy(case.model)).to(device).train()
        if CHECKPOINTED in switches:
            checkpoint_activations(self.model)
        for part in parts_of(self.model, SAMPLING):
            part.backend = "triton" if SAMPLING in switches else "reference"
        self.weights = dict(self.model.named_parameters())  # named before anything is compiled
        self.net = case.compiled(self.model) if COMPILED in switches else self.model
        self.loss_of, self.half, self.device = case.loss_of, BF16 in switches, device
        self.batch = tuple(part[:examples].to(device) for part in case.batch)
        learned = [each for each in self.weights.values() if each.requires_grad]
        self.optimizer = torch.optim.AdamW(learned, lr=1e-4, fused=FUSED in switches or None)

    def backward(self) -> Tensor:
        """Go forward and backward; return the loss."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            loss = self.loss_of(self.net, self.batch)
        loss.backward()
        return loss.detach()

    def __call__(self) -> None:
        """Take the whole step."""
        self.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def numbers(self) -> Numbers:
        """Return the loss and the gradient of every parameter, with a fixed seed and before any step."""
        torch.manual_seed(0)
        loss = float(self.backward())
        learned = {name: each.grad for name, each in self.weights.items() if each.grad is not None}
        found = {name: each.float().cpu() for name, each in learned.items()}
        self.optimizer.zero_grad()
        return loss, found


def without_dropout(model: nn.Module) -> nn.Module:
    """Switch every dropout of a model off and return it."""
    for module in model.modules():
        for name in ("p", "dropout", "drop_prob", "attention_dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return model


def seconds(work: Callable[[], object], least: float) -> float:
    """Return the median seconds of `work`, repeated for at least `least` seconds, the device waited for."""
    timer = Timer("work()", globals={"work": work}, num_threads=torch.get_num_threads())
    return float(timer.blocked_autorange(min_run_time=least).median)


def operations(work: Callable[[], object]) -> int:
    """Count floating-point operations of matrix products, convolutions and attention, two a product.

    Everything else (norms, sampling, a recurrent network's own kernel) counts as none.
    """
    mapping = {torch.ops.aten.convolution_backward: _convolution_backward}
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        work()
    return int(counter.get_total_flops())


def _convolution_backward(
    grad: Any, images: Any, weight: Any, *rest: Any, out_shape: Any = None, **named: Any
) -> int:
    """Count each gradient that is wanted as the forward pass; PyTorch's own formula forgets groups."""
    transposed, wanted = rest[4], rest[7]
    return int(conv_flop_count(images, weight, grad, transposed)) * sum(map(bool, wanted[:2]))


def ceiling(device: torch.device, kind: torch.dtype, side: int, least: float) -> float:
    """Return the FLOP/s of a product of two square matrices, the most that a step could reach."""
    one, other = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    return 2 * side**3 / seconds(lambda: one @ other, least)


def peak_bytes(work: Callable[[], object], device: torch.device) -> int | None:
    """Return the most memory that was allocated on a GPU during `work`; None elsewhere."""
    if device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats()
    work()
    return int(torch.cuda.max_memory_allocated())


def differences(one: Numbers, other: Numbers) -> dict[str, float]:
    """Compare loss and gradients of two steps, the first being right.

    Returns
    -------
    dict
        Relative differences of the loss and of the gradient's norm, and the least cosine of a
        parameter's two gradients, over parameters that hold a hundredth of the norm or more.
    """
    norms = {name: float(each.norm()) for name, each in one[1].items()}
    whole, found = (torch.stack([each.norm() for each in part[1].values()]).norm() for part in (one, other))
    heard = [name for name, norm in norms.items() if norm >= _HEARD * float(whole)]
    cosines = [
        float(torch.cosine_similarity(one[1][name].flatten(), other[1][name].flatten(), dim=0))
        for name in heard
    ]
    return {
        "loss_difference": abs(other[0] - one[0]) / abs(one[0]),
        "norm_difference": abs(float(found / whole) - 1),
        "worst_cosine": min(cosines),
    }


def rates(step_s: float, flops: int, examples: int, most: float, plain_s: float) -> dict[str, float]:
    """Derive examples and operations a second, their share of the ceiling `most`, and the speed-up."""
    return {
        "samples_per_s": examples / step_s,
        "flop_per_s": flops / step_s,
        "of_ceiling": flops / step_s / most,
        "speed_up": plain_s / step_s,
    }
