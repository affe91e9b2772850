"""The same function on many jobs, in as many processes as asked for; results do not depend on how many."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

Each = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]


@contextmanager
def workers(count: int) -> Iterator[Each]:
    """Give a `map` that runs its jobs in `count` processes, or right here when that is one.

    Results come in the order of the jobs. The mapped function must be importable, since each process
    starts afresh: a fork would share the threads of the numerical libraries. A job seeds itself.
    """
    if count == 1:
        yield map
        return
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        yield pool.map
