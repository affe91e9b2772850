"""What a run has finished so far, kept until it is complete: a killed run goes on from there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mmrepro.execution.cache import Entry
from mmrepro.project import root

if TYPE_CHECKING:
    from mmrepro.execution.job import Job


def folder_of(job: Job) -> Path:
    """Return the folder for the finished parts of a run with the key that `job` has now."""
    return _all() / Entry.of(job).name


def forget(folder: Path) -> None:
    """Drop a run's finished parts: it is complete, or is to start from its beginning."""
    shutil.rmtree(folder, ignore_errors=True)


def prune(older_than_s: float) -> int:
    """Drop what runs left that nobody went on with for `older_than_s`, and return how many there were."""
    old = [path for path in _all().glob("*") if time.time() - path.stat().st_mtime >= older_than_s]
    for path in old:
        forget(path)
    return len(old)


def _all() -> Path:
    return root() / "_build" / "unfinished"
