"""Runs jobs on a Dask cluster, whose workers see the folders of this checkout."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import click

from mmrepro.errors import MMReproError
from mmrepro.execution.job import ChapterError, Job, Outcome
from mmrepro.execution.parameter import settings_from
from mmrepro.execution.room import memory_mb

_CONNECT_S = 20
_one_at_a_time = threading.Lock()  # threads of a worker share its variables and working folder


class ClusterError(MMReproError):
    """A scheduler that cannot be reached, or that has no room for a job."""


def run_on_cluster(jobs: Sequence[Job], address: str, work: Callable[[Job], Outcome]) -> Iterator[Outcome]:
    """Run `jobs` on the cluster of the Dask scheduler at `address`; yield each outcome as it comes.

    A job that asks for CUDA goes to a worker with the resource ``GPU``; where workers say how much
    ``MEMORY`` they offer, in bytes, a job goes to one that has enough for it. A job whose worker is lost runs
    on another one, until it has lost as many as Dask allows (three). Only seconds and errors travel back:
    notebooks and records lie in the shared folder.

    Raises
    ------
    ClusterError
        When Dask is not installed, no scheduler answers, or no worker has what a job needs.
    """
    client = _connect(address)
    try:
        needs = _needs(client, jobs)
        from distributed import as_completed

        click.echo(f"Dask scheduler {address}; dashboard {client.dashboard_link}")
        waiting = {}
        for job, resources in zip(jobs, needs, strict=True):
            job.files.clear()  # what a worker finds complete is of this run
            future = client.submit(on_worker, job, work, pure=False, resources=resources)
            waiting[future] = job
        for future in as_completed(waiting, client.loop):
            yield _outcome(future, waiting.pop(future))
    finally:
        client.close()


def on_worker(job: Job, work: Callable[[Job], Outcome]) -> Outcome:
    """Do `job` unless it is done: the scheduler asks again for what a lost worker had finished."""
    with _one_at_a_time:
        with contextlib.suppress(MMReproError):
            job.files.read()
            return Outcome(job, 0.0)
        return replace(work(job), record=None)


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            f"--scheduler {address} needs Dask; install it with `pip install 'mmrepro[cluster]'`."
        ) from None
    try:
        return Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = _first_line(error)
        raise ClusterError(
            f"No Dask scheduler answers at {address!r} ({reason}); give the address that "
            "`dask scheduler` prints, as tcp://host:8786, or --scheduler local."
        ) from None


def _needs(client: Any, jobs: Sequence[Job]) -> list[dict[str, float]]:
    """Return the resources that each job needs; a job that no worker can ever take is refused."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    offers = [worker["resources"] for worker in workers]
    counted = any("MEMORY" in offered for offered in offers)
    needs = [_resources(job, memory=counted) for job in jobs]
    for job, needed in zip(jobs, needs, strict=True):
        if offers and not any(_covers(offered, needed) for offered in offers):
            told = " ".join(f"{name}={amount:g}" for name, amount in needed.items())
            raise ClusterError(
                f"{job.slug} needs a worker with {told}, and none offers that; start one with "
                f'`dask worker ADDRESS --nthreads 1 --resources "{told}"`.'
            )
    return needs


def _resources(job: Job, *, memory: bool) -> dict[str, float]:
    _, settings = settings_from(job.slug, job.parameters)
    needed = {"GPU": 1.0} if settings.device == "cuda" else {}
    return needed | ({"MEMORY": memory_mb(job) * 2**20} if memory else {})


def _covers(offered: dict[str, float], needed: dict[str, float]) -> bool:
    return all(offered.get(name, 0) >= amount for name, amount in needed.items())


def _outcome(future: Any, job: Job) -> Outcome:
    """Complete what a worker told with the record that it left in the shared folder."""
    try:
        told: Outcome = future.result()
        return told if told.error else replace(told, record=job.files.read()[1])
    except MMReproError as error:
        problem = f"{error} Does the worker see the folder {job.folder}?"
    except Exception as error:  # noqa: BLE001  # whatever broke on a worker is told, and the others go on
        problem = f"the cluster gave it up: {_first_line(error)}."
    return Outcome(job, 0.0, error=ChapterError(f"{job.slug}: {problem}"))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
