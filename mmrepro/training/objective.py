"""What a training minimises: a loss as a module, so that what wraps modules sees all of it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from mmrepro.training.batches import Batch

LossFunction = Callable[[nn.Module, Batch], Tensor]


class Objective(nn.Module):
    """The loss of a batch under a model.

    Data parallelism hooks into one forward pass. A loss may ask a model twice, or parts of it, or call
    another method: as a module of its own, that is one forward pass, and mixed precision covers the loss too.
    """

    def __init__(self, model: nn.Module, loss_of: LossFunction) -> None:
        super().__init__()
        self.model, self.loss_of = model, loss_of

    def forward(self, batch: Batch) -> Tensor:
        """Return the mean loss of `batch`, a scalar."""
        return self.loss_of(self.model, batch)
