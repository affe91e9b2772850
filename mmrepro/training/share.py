"""What a loss needs where processes train together and each sees only its share of a batch.

A mean over examples needs nothing of this: the training loop weighs shares by their examples. Outside a step
of several processes, everything here leaves what it is given as it is. In one, all processes must call it
alike, also those whose share has nothing to tell, or the others wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from accelerate import PartialState
from accelerate.utils import gather, reduce
from torch import Tensor


@dataclass(frozen=True)
class Share:
    """One process's examples of a batch.

    Attributes
    ----------
    own
        How many; a process without any looks at one that is not counted.
    examples
        How many the whole batch has: of them, every `processes`-th from `process` on is this one's.
    """

    process: int
    processes: int
    own: int
    examples: int

    @property
    def weight(self) -> float:
        """What a mean over the share counts for, where the processes' gradients are averaged."""
        return self.own * self.processes / self.examples


_PRESENT: ContextVar[Share | None] = ContextVar("share", default=None)


@contextmanager
def sharing(share: Share) -> Iterator[None]:
    """Tell what is called here that it sees a share of a batch; the only process has all of it."""
    token = _PRESENT.set(share if share.processes > 1 else None)
    try:
        yield
    finally:
        _PRESENT.reset(token)


def batch_mean(mean: Tensor, count: int | Tensor) -> Tensor:
    """Weigh a mean over `count` words, boxes, labels, that examples have more or fewer of.

    Where a share has none of them, `mean` must be their sum, as if divided by one.

    Parameters
    ----------
    mean
        Of the share, a scalar.

    Returns
    -------
    Tensor
        What gives the mean over the batch when shares are weighed by their examples.
    """
    share = _PRESENT.get()
    if share is None:
        return mean
    own = torch.as_tensor(count, device=mean.device, dtype=torch.float64) if share.own else mean.new_zeros(())
    every = reduce(own.double(), "sum").clamp_min(1)
    weight: Tensor = own.clamp_min(1) / every * (share.examples / max(1, share.own))
    return mean * weight.to(mean.dtype)


def whole_batch(part: Tensor) -> Tensor:
    """Return what all processes have, an example a row, in the order of the batch.

    For losses in which examples see each other. Every process must go on to the same loss: gradients then
    reach the share of each through itself, and through the others not at all.
    """
    share = _PRESENT.get()
    if share is None:
        return part
    kept = part[: share.own]
    most = -(-share.examples // share.processes)
    padded = part.new_zeros(most, *part.shape[1:])
    padded[: share.own] = kept.detach()
    found: Tensor = gather(padded).unflatten(0, (share.processes, most)).transpose(0, 1)
    found = found.flatten(0, 1)[: share.examples].clone()
    if kept.requires_grad:
        # The loop weighs this process's loss by its examples; here it is the loss of all of them.
        weight = share.examples / max(1, share.own)
        kept = kept.clone()
        kept.register_hook(lambda gradient: gradient * weight)
    found[share.process :: share.processes] = kept
    return found


def drawn(draw: Callable[[int], Tensor], asked: Tensor) -> Tensor:
    """Draw random numbers for examples, so that those of one do not depend on the sharing.

    Parameters
    ----------
    draw
        Gives as many rows of numbers as it is asked for: those of the whole batch, in every process the same.
    asked
        Which examples are drawn for, bool, (examples,).

    Returns
    -------
    Tensor
        A row for each example that is drawn for.
    """
    share = _PRESENT.get()
    if share is None:
        return draw(int(asked.sum()))
    every = whole_batch(asked)
    found = draw(int(every.sum()))
    if not share.own:
        return found.new_zeros(int(asked.sum()), *found.shape[1:])
    mine = torch.arange(len(every), device=every.device) % share.processes == share.process
    return found[mine[every]]


def averaged(values: dict[str, Tensor | float]) -> dict[str, Tensor | float]:
    """Average scalars over the examples of the whole batch, for telling; no gradient passes."""
    share = _PRESENT.get()
    if share is None:
        return values
    device = PartialState().device  # plain numbers have none
    rows = torch.stack([torch.as_tensor(each, device=device).detach().double() for each in values.values()])
    return dict(zip(values, reduce(rows * share.weight, "mean"), strict=True))
