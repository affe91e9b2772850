"""The same function on many jobs, in as many processes as asked for; results do not depend on how many."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def each(function: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result]:
    """Yield the result of every job, in the order of `jobs`.

    `function` must be importable, since each process starts afresh: a fork would share the threads
    of the numerical libraries. A job seeds itself.
    """
    if workers == 1:
        yield from map(function, jobs)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(function, jobs)
