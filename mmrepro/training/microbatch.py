"""Micro-batches: a batch that does not fit into memory is done in parts, whose gradients are summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import Tensor, nn

    from mmrepro.training.batches import Batch


class MicroBatches:
    """Backward passes in as many parts as memory asks for: one at first, twice as many when it runs out.

    The parts' gradients sum to the batch's wherever the loss is a mean over examples that do not see each
    other: batch normalisation, and losses that contrast the examples of a batch, see smaller batches.
    """

    def __init__(self, accelerator: Accelerator) -> None:
        self.accelerator, self.parts = accelerator, 1

    def backward(self, objective: nn.Module, batch: Batch, weight: float = 1.0) -> Tensor:
        """Add the gradients of `weight` times the batch's loss to those there are, and return the loss.

        Raises
        ------
        MMReproError
            When memory runs out and the batch cannot be done in parts.
        """
        while True:
            try:
                return self._in_parts(objective, batch, weight)
            except RuntimeError as error:
                if not should_reduce_batch_size(error):
                    raise
                self._split_further(len(batch[0]))
            # Outside of `except`, where the exception would hold on to the tensors of the pass that failed.
            objective.zero_grad()
            clear_device_cache(garbage_collection=True)

    def _in_parts(self, objective: nn.Module, batch: Batch, weight: float) -> Tensor:
        examples = len(batch[0])
        each = -(-examples // self.parts)
        parts = zip(*(tensor.split(each) for tensor in batch), strict=True) if self.parts > 1 else [batch]
        losses = []
        for part in parts:
            loss = objective(part)
            share = len(part[0]) / examples
            self.accelerator.backward(loss * (share * weight))
            losses.append(loss.detach() * share)
        return torch.stack(losses).sum()

    def _split_further(self, examples: int) -> None:
        if self.accelerator.num_processes > 1 or self.accelerator.gradient_accumulation_steps > 1:
            raise MMReproError(
                f"memory ran out at {examples} examples a process; use a smaller batch_size, and accumulate "
                "more batches for each step."
            ) from None
        if self.parts >= examples:
            raise MMReproError(
                "memory ran out at a single example; use a smaller model or smaller inputs."
            ) from None
        self.parts *= 2
        print(
            f"memory ran out at {examples} examples: going on with micro-batches of "
            f"{-(-examples // self.parts)}, their gradients summed",
            flush=True,
        )
