"""Batches of examples, and the part of each that is one process's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    TensorDataset,
)

Batch = tuple[Tensor, ...]


class Tensors(TensorDataset):
    """Tensors of equal length whose batches are taken in one indexing, not example by example."""

    def __getitems__(self, rows: list[int]) -> Batch:
        """Return the batch of `rows`; PyTorch's fetcher calls this where it exists."""
        return tuple(tensor[rows] for tensor in self.tensors)


class Shares(BatchSampler):
    """Of every batch, the examples of one of several processes.

    Accelerate's own sharing fills up the last batch with examples from the beginning, which trains on them
    twice; here a process that has no example of a batch looks at the first, and it is not counted.
    """

    def __init__(self, order: Sampler[int], batch_size: int, process: int = 0, processes: int = 1) -> None:
        super().__init__(order, batch_size, drop_last=False)
        self.process, self.processes = process, processes

    def __iter__(self) -> Iterator[list[int]]:
        """Give the rows of each batch."""
        for rows in super().__iter__():
            yield rows[self.process :: self.processes] or rows[:1]

    def sizes(self) -> list[tuple[int, int]]:
        """Return, batch by batch, how many examples are this process's, and how many all have."""
        examples = len(self.sampler)  # type: ignore[arg-type]
        whole = [min(self.batch_size, examples - start) for start in range(0, examples, self.batch_size)]
        return [(len(range(self.process, size, self.processes)), size) for size in whole]


def batches(
    data: Dataset[Batch],
    size: int,
    *,
    seed: int | None = None,
    loaders: int = 0,
    pinned: bool = False,
    process: int = 0,
    processes: int = 1,
) -> DataLoader[Batch]:
    """Load batches of `data`, shuffled when `seed` is given.

    Parameters
    ----------
    size
        Examples a batch, over all processes.
    loaders
        Processes that read ahead; none for `Tensors`, which are there already.
    pinned
        Whether batches lie in memory from which a GPU fetches them while it computes.
    process, processes
        Which of how many processes that train together this is; it gets its share of every batch.
    """
    generator = torch.Generator().manual_seed(seed) if seed is not None else None
    rows: Any = data
    order = RandomSampler(rows, generator=generator) if generator else SequentialSampler(rows)
    at_hand = isinstance(data, Tensors)
    whole: Callable[[Any], Any] | None = _as_is if at_hand else None
    return DataLoader(
        data,
        batch_sampler=Shares(order, size, process, processes),
        generator=generator,
        collate_fn=whole,
        num_workers=0 if at_hand else loaders,
        pin_memory=pinned,
    )


def _as_is(batch: Batch) -> Batch:
    return batch
