"""Sweeps: a chapter run over a grid of settings and several seeds, and all it measured in one tidy table."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from mmrepro.errors import MMReproError
from mmrepro.evidence.record import RunRecord, read_record
from mmrepro.execution.cache import Entry
from mmrepro.execution.job import Job, Outcome, refuse_wrong
from mmrepro.execution.parameter import settings_from
from mmrepro.execution.room import room_for
from mmrepro.execution.runner import run_jobs
from mmrepro.execution.sweep_table import as_json, column_of, tidy
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import SettingsError
from mmrepro.project import root

if TYPE_CHECKING:
    import pandas as pd

# What is asked for in a way of its own, and what a user may write in its place.
_SEEDS = "name the seeds apart, as --seeds 0..9; every point runs with one of them"
_ELSEWHERE = {"seeds": _SEEDS, "seed": _SEEDS, "profile": "name one for all points, as --profile cpu"}


@dataclass(frozen=True)
class Point:
    """One combination of the grid's values, one seed, and the run that they need.

    Attributes
    ----------
    settings
        All settings of the run, as JSON has them.
    keys
        The swept ones among them.
    job
        The run; its folder is named by `entry`, so equal runs of all sweeps have one folder.
    """

    settings: dict[str, Any]
    keys: tuple[str, ...]
    seed: int
    job: Job
    entry: Entry

    @property
    def label(self) -> str:
        """Tell the point apart from others, as in ``lr=0.01 seed=2``."""
        values = {key: self.settings[key] for key in self.keys} | {"seed": self.seed}
        told = {key: value if isinstance(value, str) else as_json(value) for key, value in values.items()}
        return " ".join(f"{key}={value}" for key, value in told.items())

    def finished(self) -> RunRecord | None:
        """Return the record of the point's run when it is complete, unchanged and what would run today."""
        if not self.entry.caused(self.job.files):
            return None
        with contextlib.suppress(MMReproError):
            return read_record(self.job.files.record)
        return None


@dataclass
class Sweep:
    """One chapter over the product of swept values and seeds, each point a run of its own.

    Runs are kept below ``_build/sweeps/<slug>/runs``; whatever is complete there is not run again.

    Attributes
    ----------
    points
        All different points, the seeds of a combination side by side.
    records
        Name of a run's folder -> the record of the run, as far as known.

    Examples
    --------
    >>> from mmrepro.execution.sweep_table import summarise
    >>> sweep = Sweep.of("mosei-fusion", {"lr": [0.001, 0.01]}, seeds=range(3))
    >>> with sweep.alone():
    ...     sweep.take_finished()
    ...     failed = [outcome.error for _, outcome in sweep.run(workers=2) if outcome.error]
    >>> summarise(sweep.frame(), sweep.columns, ["accuracy"])
    """

    slug: str
    profile: str
    keys: tuple[str, ...]
    points: list[Point]
    records: dict[str, RunRecord] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        slug: str,
        grid: Mapping[str, Sequence[Any]],
        seeds: Sequence[int],
        profile: str = "smoke",
        overrides: Mapping[str, Any] | None = None,
    ) -> Sweep:
        """Plan a sweep and check every point of it; nothing runs yet.

        Parameters
        ----------
        grid
            Setting -> the values it is to take.
        overrides
            Setting -> its value at all points.

        Raises
        ------
        SettingsError
            For an unknown setting or profile, a value or seed that is refused, a setting without values,
            or one that is both swept and overridden.
        MMReproError
            For an unknown chapter, or one without a notebook.
        """
        slug, fixed = load_paper(slug).slug, dict(overrides or {})
        _refuse_odd(grid, fixed)
        common: dict[str, Any] = {"profile": profile, "overrides": fixed}
        refuse_wrong([Job(slug, {**common, "seeds": list(seeds)})])  # tells of a seed that stands twice
        asked = [
            {**common, "seeds": [seed], "overrides": {**fixed, **dict(zip(grid, values, strict=True))}}
            for values in itertools.product(*grid.values())
            for seed in seeds
        ]
        read = [settings_from(slug, parameters)[1].model_dump(mode="json") for parameters in asked]
        # Two spellings of a value are one point.
        different = {
            as_json(settings): (settings, given) for settings, given in zip(read, asked, strict=True)
        }
        points = [_point(slug, tuple(grid), settings, given) for settings, given in different.values()]
        return cls(slug, profile, tuple(grid), points)

    @property
    def columns(self) -> list[str]:
        """Names of the swept settings' columns."""
        return [column_of(key) for key in self.keys]

    @property
    def folder(self) -> Path:
        """Where results go that have no other place."""
        return sweeps_dir(self.slug) / f"{self.profile}-{'-'.join(self.keys)}"

    @property
    def runs(self) -> dict[str, Point]:
        """Name of a run's folder -> the first point that needs the run."""
        first: dict[str, Point] = {}
        for point in self.points:
            first.setdefault(point.entry.name, point)
        return first

    @contextlib.contextmanager
    def alone(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold off other sweeps of the chapter, whose runs may be the same; call `waiting` before a wait."""
        sweeps_dir(self.slug).mkdir(parents=True, exist_ok=True)
        lock = FileLock(sweeps_dir(self.slug) / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def take_finished(self) -> int:
        """Read the runs that are complete already and count them."""
        found = {name: point.finished() for name, point in self.runs.items()}
        self.records |= {name: record for name, record in found.items() if record is not None}
        return len(self.records)

    def run(self, workers: int | None = None, scheduler: str = "local") -> Iterator[tuple[Point, Outcome]]:
        """Run what has no record yet and yield each outcome as it comes; one that failed stops no other.

        Parameters
        ----------
        workers
            Runs at a time; by default as many as cores and memory allow.
        scheduler
            As of `mmrepro.execution.runner.run_jobs`.
        """
        runs = self.runs
        jobs = [point.job for name, point in runs.items() if name not in self.records]
        for outcome in run_jobs(jobs, workers or room_for(jobs), scheduler):
            name = outcome.job.folder.name
            if outcome.record is not None:
                self.records[name] = outcome.record
            yield runs[name], outcome

    def frame(self) -> pd.DataFrame:
        """Return every number of every known run, a row each.

        The swept settings come first, then seed, dataset, system, metric, metric_seed (the seed that the
        chapter gave the number: another one than the run's where it does not depend on it), value, tier of
        the data and profile, then the other settings, and last run_key, digest of the record, and wall_s.
        """
        known = [(point, self.records.get(point.entry.name)) for point in self.points]
        found = [(point.settings, record) for point, record in known if record is not None]
        return tidy(self.slug, self.keys, found)


def sweeps_dir(slug: str) -> Path:
    """Return the folder of a chapter's sweeps."""
    return root() / "_build" / "sweeps" / slug


def _refuse_odd(grid: Mapping[str, Sequence[Any]], overrides: Mapping[str, Any]) -> None:
    """Refuse what can be said of a grid without knowing the chapter."""
    if not grid:
        raise SettingsError("A sweep needs a setting to sweep over, as in --grid lr=0.001,0.01.")
    for key in [*grid, *overrides]:
        if key in _ELSEWHERE:
            raise SettingsError(f"A sweep cannot take {key!r} as a setting: {_ELSEWHERE[key]}.")
    for key, values in grid.items():
        if key in overrides:
            raise SettingsError(f"{key!r} is swept and also set to one value; leave one of the two out.")
        if not isinstance(values, list | tuple | range) or not values:
            raise SettingsError(f"The values of {key!r} must be a list with at least one, not {values!r}.")


def _point(slug: str, keys: tuple[str, ...], settings: dict[str, Any], parameters: dict[str, Any]) -> Point:
    (seed,) = settings["seeds"]
    entry = Entry.of(Job(slug, parameters))
    return Point(settings, keys, seed, Job(slug, parameters, sweeps_dir(slug) / "runs" / entry.name), entry)
