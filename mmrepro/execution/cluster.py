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

_CONNECT_S = 20
_one_at_a_time = threading.Lock()  # threads of a worker share its variables and working folder


class ClusterError(MMReproError):
    """A scheduler that cannot be reached, or that has no room for a job."""


def run_on_cluster(jobs: Sequence[Job], address: str, work: Callable[[Job], Outcome]) -> Iterator[Outcome]:
    """Run `jobs` on the cluster of the Dask scheduler at `address`; yield each outcome as it comes.

    A job that asks for CUDA waits for a worker with the resource ``GPU``. A job whose worker is lost runs
    on another one, until it has lost as many as Dask allows (three). Only seconds and errors travel back:
    notebooks and records lie in the shared folder.

    Raises
    ------
    ClusterError
        When Dask is not installed, no scheduler answers, or no worker has what a job needs.
    """
    client = _connect(address)
    try:
        _refuse_without_room(client, jobs)
        from distributed import as_completed

        click.echo(f"Dask scheduler {address}; dashboard {client.dashboard_link}")
        waiting = {}
        for job in jobs:
            job.files.clear()  # what a worker finds complete is of this run
            resources = {"GPU": 1} if _asks_for_cuda(job) else None
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
        reason = str(error).splitlines()[0]
        raise ClusterError(
            f"No Dask scheduler answers at {address!r} ({reason}); give the address that "
            "`dask scheduler` prints, as tcp://host:8786, or --scheduler local."
        ) from None


def _asks_for_cuda(job: Job) -> bool:
    _, settings = settings_from(job.slug, job.parameters)
    return settings.device == "cuda"


def _refuse_without_room(client: Any, jobs: Sequence[Job]) -> None:
    """Refuse jobs that would wait for ever."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if any(map(_asks_for_cuda, jobs)) and not any("GPU" in each["resources"] for each in workers):
        raise ClusterError(
            "A run asks for CUDA, but no worker offers a GPU; start some with "
            "`dask worker ADDRESS --nthreads 1 --resources GPU=1`."
        )


def _outcome(future: Any, job: Job) -> Outcome:
    """Complete what a worker told with the record that it left in the shared folder."""
    try:
        told: Outcome = future.result()
        return told if told.error else replace(told, record=job.files.read()[1])
    except MMReproError as error:
        problem = f"{error} Does the worker see the folder {job.folder}?"
    except Exception as error:  # noqa: BLE001  # whatever broke on a worker is told, and the others go on
        problem = f"the cluster gave it up: {str(error).splitlines()[0]}."
    return Outcome(job, 0.0, error=ChapterError(f"{job.slug}: {problem}"))
