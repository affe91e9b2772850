"""The room that jobs need, and how many of them a machine has room for."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import psutil

from mmrepro.execution.device import device_class
from mmrepro.execution.job import Job
from mmrepro.execution.parameter import settings_from
from mmrepro.project import results_dir

_UNKNOWN_PEAK_MB = 2000.0  # what the chapters' bars allow


def room_for(jobs: Sequence[Job]) -> int:
    """Return how many of `jobs` fit this machine at a time, by its cores, its free memory and its GPU.

    Runs on CUDA take turns: each would take the first GPU.
    """
    settings = [settings_from(job.slug, job.parameters)[1] for job in jobs]
    if not jobs or any(device_class(each.device) == "cuda" for each in settings):
        return 1
    workers = [getattr(each, "workers", 1) for each in settings]
    cores = max(each.threads * count for each, count in zip(settings, workers, strict=True))
    memory = max(memory_mb(job) for job in jobs)
    free = psutil.virtual_memory().available / 2**20
    return max(1, min(len(jobs), (os.cpu_count() or 1) // cores, int(free // memory)))


def memory_mb(job: Job) -> float:
    """Return the memory that `job` may take: the peak of the committed record, for each of its processes."""
    _, settings = settings_from(job.slug, job.parameters)
    workers = getattr(settings, "workers", 1)
    return _known_peak_mb(job.slug) * (1 + workers if workers > 1 else 1)


def _known_peak_mb(slug: str) -> float:
    """Return the kernel's peak in the committed record, which a smoke run stays below."""
    path = results_dir() / "cpu" / f"{slug}.json"
    try:
        peaks = [float(stage["peak_mb"]) for stage in json.loads(path.read_bytes())["stages"]]
    except (OSError, ValueError, LookupError, TypeError):
        peaks = []  # none yet, or damaged, which whoever shows it will tell
    return max(peaks, default=_UNKNOWN_PEAK_MB)
