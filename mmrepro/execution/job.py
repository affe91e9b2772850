"""One job: a chapter to run with its parameters, and what comes of it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmrepro.data.needs import needs, refuse_lacking
from mmrepro.errors import MMReproError, no_place
from mmrepro.evidence.record import RunRecord
from mmrepro.execution import unfinished
from mmrepro.execution.key import notebook_path
from mmrepro.execution.parameter import settings_from
from mmrepro.execution.preload import MEMORY_VARIABLES, THREAD_VARIABLES
from mmrepro.execution.run import RunFiles
from mmrepro.papers.paper import load_paper
from mmrepro.project import root, runs_dir
from mmrepro.rank import world_size
from mmrepro.resume import FOLDER_VARIABLE


class ChapterError(MMReproError):
    """A chapter that did not come to its end; its partial notebook is kept."""

    exit_code = 1


@dataclass(frozen=True)
class Job:
    """One chapter to run, with the parameters that papermill puts into it."""

    slug: str
    parameters: dict[str, Any] = field(default_factory=dict)
    folder: Path = field(default_factory=runs_dir)

    @property
    def files(self) -> RunFiles:
        """Files of the run."""
        return RunFiles.of(self.slug, self.parameters.get("profile", "smoke"), self.folder)


@dataclass(frozen=True)
class Outcome:
    """What came of a job: a record, or the sentence that says what failed."""

    job: Job
    seconds: float
    record: RunRecord | None = None
    error: MMReproError | None = None


def refuse_wrong(jobs: Sequence[Job]) -> None:
    """Check the parameters of all jobs.

    Raises
    ------
    SettingsError
        When any job's are refused.
    """
    for job in jobs:
        settings_from(job.slug, job.parameters)


def refuse_unsupplied(jobs: Sequence[Job]) -> None:
    """Refuse jobs that lack what only the user can supply, before a kernel starts; for jobs of this machine.

    Raises
    ------
    MMReproError
        With everything that is missing at once.
    """
    used: dict[str, dict[str, None]] = {}  # many jobs of a sweep ask for the same
    for job in jobs:
        _, settings = settings_from(job.slug, job.parameters)
        used.setdefault(job.slug, {}).update(dict.fromkeys(settings.datasets))
    refuse_lacking(need for slug, names in used.items() for need in needs(slug, names))


def perform(job: Job) -> Outcome:
    """Run `job` in this process; what a user can mend becomes part of the outcome."""
    started = time.perf_counter()
    try:
        record = run_chapter(job)
    except MMReproError as error:
        return Outcome(job, time.perf_counter() - started, error=error)
    except OSError as error:
        reason = no_place(error)
        if reason is None:
            raise
        told = ChapterError(
            f"{job.slug}: nothing can be written there ({reason}); make room or name another place."
        )
        return Outcome(job, time.perf_counter() - started, error=told)
    return Outcome(job, time.perf_counter() - started, record=record)


def run_chapter(job: Job) -> RunRecord:
    """Execute one chapter in this process's own kernel and return its record.

    What a run of the same causes had finished before it was killed is not done again.

    Raises
    ------
    ChapterError
        When a cell fails, the kernel dies, the time budget is spent, or no record was written.
    """
    from mmrepro.execution.lean import papermill

    _, settings = settings_from(job.slug, job.parameters)
    parts = unfinished.folder_of(job)  # named now: what names it may change while the chapter runs
    variables = dict.fromkeys(THREAD_VARIABLES, str(settings.threads))
    variables |= {name: os.environ.get(name, value) for name, value in MEMORY_VARIABLES.items()}
    variables["MMREPRO_RUNS"] = str(job.folder)
    if world_size() == 1:  # what one of several had finished, the others might not have
        variables[FOLDER_VARIABLE] = str(parts)
    files = job.files
    files.clear()
    files.notebook.parent.mkdir(parents=True, exist_ok=True)
    source = notebook_path(load_paper(job.slug))
    with _environment(variables), _told_in_a_sentence(job):
        papermill.execute_notebook(
            source, files.notebook, job.parameters, engine_name="mmrepro", progress_bar=False, cwd=root()
        )
    if not files.record.is_file():
        raise ChapterError(f"{job.slug} ran through but wrote no record; it must call chapter.conclude().")
    record = files.complete()
    unfinished.forget(parts)
    return record


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set `variables` for the kernel that starts within; whatever this process does next is without them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _told_in_a_sentence(job: Job) -> Iterator[None]:
    """Turn what papermill and nbclient raise into one sentence that names chapter and cell."""
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from mmrepro.execution.engine import ParametersError

    try:
        yield
        return
    except PapermillExecutionError as error:
        problem = f"{error.ename}: {error.evalue}"
    except CellTimeoutError:
        problem = "the time budget is spent (setting time_budget_s)"
    except DeadKernelError:
        problem = "the kernel died, perhaps for want of memory"
    except RuntimeError as error:  # as jupyter_client tells it
        if not str(error).startswith("Kernel d"):
            raise
        problem = "the kernel died as it started, perhaps for want of memory"
    except ParametersError as error:
        raise ChapterError(str(error)) from None
    except NoSuchKernel as error:
        raise ChapterError(
            f"{job.slug}: there is no Jupyter kernel {error.name!r}; make the notebook's own with "
            "`python -m ipykernel install --sys-prefix`."
        ) from None
    where = f"{job.slug}, {last_cell(job.files.notebook)}"
    raise ChapterError(f"{where}: {problem}; the partial notebook is {job.files.notebook}.")


def last_cell(path: Path) -> str:
    """Name the last cell that started in a partial notebook: its number and first line."""
    import nbformat

    if not path.is_file():
        return "before the first cell"
    cells = nbformat.read(path, as_version=4).cells
    started = [
        (number, cell)
        for number, cell in enumerate(cells)
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    if not started:
        return "before the first cell"
    number, cell = started[-1]
    return f"cell {number} ({cell.source.strip().partition(chr(10))[0][:60]!r})"
