"""Runs jobs side by side: in processes of this machine, or on a cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

import psutil

from mmrepro.execution.job import (
    ChapterError,
    Job,
    Outcome,
    last_cell,
    perform,
    refuse_unsupplied,
    refuse_wrong,
)

LOCAL = "local"
RETRIES = 1  # of a job whose process was killed


def run_jobs(
    jobs: Sequence[Job],
    workers: int = 1,
    scheduler: str = LOCAL,
    work: Callable[[Job], Outcome] = perform,
) -> Iterator[Outcome]:
    """Check `jobs`, then give an iterator that runs them and yields each outcome as it comes.

    Parameters
    ----------
    workers
        Jobs at a time on this machine; a cluster takes as many as it has room for.
    scheduler
        ``local``, or the address of a Dask scheduler, as ``tcp://host:8786``.
    work
        Does one job.

    Raises
    ------
    SettingsError
        Before anything runs, when any job's parameters are refused.
    MMReproError
        Likewise, when a job of this machine lacks data that only the user can supply.
    ClusterError
        When the scheduler cannot be reached.
    """
    refuse_wrong(jobs)
    if scheduler != LOCAL:
        from mmrepro.execution.cluster import run_on_cluster

        return run_on_cluster(jobs, scheduler, work)
    refuse_unsupplied(jobs)  # on a cluster the variables are those of the workers
    return _run_here(jobs, workers, work)


def _run_here(jobs: Sequence[Job], workers: int, work: Callable[[Job], Outcome]) -> Iterator[Outcome]:
    slots = Slots(min(workers, len(jobs)) or 1)
    threads = ThreadPoolExecutor(slots.count)
    try:
        waiting = [threads.submit(slots.run, job, work) for job in jobs]
        for future in as_completed(waiting):
            yield future.result()
    finally:
        threads.shutdown(cancel_futures=True)
        slots.close()


class Slots:
    """Processes that do one job after the other; a killed one takes no other with it and is replaced."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free: queue.SimpleQueue[ProcessPoolExecutor | None] = queue.SimpleQueue()
        for _ in range(count):
            self._free.put(None)  # started when there is work for it

    def run(self, job: Job, work: Callable[[Job], Outcome]) -> Outcome:
        """Do `job` in a process of its own, again where that is killed."""
        started = time.perf_counter()
        for _ in range(1 + RETRIES):
            slot = self._free.get()
            try:
                slot = slot or _new_process()
                return _submitted(slot, work, job).result()
            except BrokenProcessPool:
                slot = None
            finally:
                self._free.put(slot)
        problem = "the process that ran it was killed, perhaps for want of memory"
        where = f"{job.slug}, {last_cell(job.files.notebook)}"
        return Outcome(job, time.perf_counter() - started, error=ChapterError(f"{where}: {problem}."))

    def close(self) -> None:
        """End the processes; each must be free by now."""
        for _ in range(self.count):
            slot = self._free.get()
            if slot is not None:
                slot.shutdown()


def _submitted(slot: ProcessPoolExecutor, work: Callable[[Job], Outcome], job: Job) -> Future[Outcome]:
    try:
        return slot.submit(work, job)
    except (EOFError, ConnectionError):  # what forks processes was killed as it was asked for one
        raise BrokenProcessPool from None


def _new_process() -> ProcessPoolExecutor:
    """Fork a process from one that has imported what jobs need, where the system has that."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _watch_parent)
    context = multiprocessing.get_context("forkserver")
    own = [f"mmrepro.execution.{name}" for name in ("job", "lean", "client")]
    context.set_forkserver_preload(["mmrepro.execution.orphan", "__main__", *own, "pandas"])
    return ProcessPoolExecutor(1, context, _begin, (dict(os.environ),))


def _begin(environment: dict[str, str]) -> None:
    """Take the command's environment of now; the server was started with that of an earlier moment."""
    os.environ.clear()
    os.environ.update(environment)
    _watch_parent()


def _watch_parent() -> None:
    threading.Thread(target=_end_with_parent, args=[os.getppid()], daemon=True).start()


def _end_with_parent(forked_by: int) -> None:
    """Take the kernel down and end when the command, or what forked this process, is killed.

    Nobody else would stop what it started: left alone, the run would go on and write over the files of the
    next one.
    """
    command = multiprocessing.parent_process()
    if command is None:
        return
    while os.getppid() == forked_by and not wait([command.sentinel], timeout=1):
        pass
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    os._exit(1)
