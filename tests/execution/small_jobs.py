"""Jobs that write down who did them; in a module of their own, for other processes import them."""

import os
import signal
import time

from mmrepro.execution.job import Job, Outcome
from tests.conftest import SLUG


def jobs_in(folder, count, **parameters):
    """Jobs that differ in their seed."""
    return [
        Job(SLUG, {"profile": "smoke", "seeds": [number], **parameters}, folder) for number in range(count)
    ]


def number_of(job):
    return job.parameters["seeds"][0]


def note(job):
    """Take a moment, and write down which process did the job."""
    with (job.folder / "log").open("a") as log:
        log.write(f"{number_of(job)} {os.getpid()}\n")
    time.sleep(0.05)
    return Outcome(job, 0.05)


def ran(folder):
    """Number and process of every job that was done."""
    return [tuple(map(int, line.split())) for line in (folder / "log").read_text().splitlines()]


def die_once(job):
    """Kill the process at the third job, the first time that it comes up."""
    mark = job.folder / "killed"
    if number_of(job) == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return note(job)
