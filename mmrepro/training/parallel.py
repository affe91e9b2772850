"""The same function on many jobs, in as many processes as asked for; results do not depend on how many."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from mmrepro.rank import world_size
from mmrepro.resume import name_of, next_place, part, stored

Each = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]


@contextmanager
def workers(count: int) -> Iterator[Each]:
    """Give a `map` that runs its jobs in `count` processes, or right here when that is one.

    Results come in the order of the jobs. The mapped function must be importable, since each process
    starts afresh: a fork would share the threads of the numerical libraries. A job seeds itself. In a run
    that was killed before, jobs that had come to their end are not run again. Processes that train together
    do one job after the other, all of them the same.
    """
    if count == 1 or world_size() > 1:
        yield _here
        return
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        yield partial(_there, pool)


def _here(function: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[Any]:
    for job in jobs:
        yield part(next_place(name_of(function)), partial(function, job))


def _there(pool: ProcessPoolExecutor, function: Callable[[Any], Any], jobs: Sequence[Any]) -> Iterator[Any]:
    """Start what is not finished at once; what a killed run left is read here.

    Random states stay as they are: the jobs' are not this process's.
    """
    places = [next_place(name_of(function)) for _ in jobs]
    found = [stored(place) for place in places]
    pending = {
        number: pool.submit(_part, places[number], function, job)
        for number, job in enumerate(jobs)
        if found[number] is None
    }
    return (pending[number].result() if each is None else each.result for number, each in enumerate(found))


def _part(place: Path | None, function: Callable[[Any], Any], job: Any) -> Any:
    return part(place, partial(function, job))
