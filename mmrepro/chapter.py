"""A chapter as its notebook sees it: settings, data, measurements, and in the end a record."""

from __future__ import annotations

import contextlib
import importlib
import math
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil

from mmrepro import environment, resume
from mmrepro.data.sample import sample_data
from mmrepro.data.store import DataUnavailableError, LocalData, fetch
from mmrepro.errors import MMReproError, nearest
from mmrepro.evidence.record import (
    ClaimResult,
    Code,
    DataUse,
    Metric,
    RunRecord,
    Stage,
    committed_record,
    judge,
    seal,
    write_record,
)
from mmrepro.evidence.verdict import Estimate, estimate
from mmrepro.execution import gpu
from mmrepro.execution.key import lock_hash
from mmrepro.execution.key_index import is_stale, known_key
from mmrepro.execution.measure import cpu_seconds, peak_memory_mb, reset_peak_memory
from mmrepro.execution.parameter import injected_parameters, settings_from
from mmrepro.execution.run import RunFiles
from mmrepro.papers.paper import Paper, load_paper
from mmrepro.papers.settings import ChapterSettings

if TYPE_CHECKING:
    import pandas as pd
    from IPython.display import HTML


def open_chapter(
    slug: str,
    profile: str = "smoke",
    seeds: Sequence[int] | None = None,
    device: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Chapter:
    """Open a chapter with the settings of a profile, single values overridden.

    Parameters
    ----------
    profile
        ``smoke``, ``cpu`` or ``gpu``.
    overrides
        Setting name -> value. Parameters that papermill injected count as overrides too.

    Raises
    ------
    SettingsError
        For an unknown chapter, profile or setting, a wrong type or a value out of range.
    """
    asked = {"profile": profile, "seeds": seeds, "device": device, "overrides": overrides}
    found_profile, settings = settings_from(slug, {**asked, **_injected()})
    return Chapter(load_paper(slug), found_profile, settings)


def _injected() -> dict[str, Any]:
    from IPython import get_ipython

    shell = get_ipython()
    return injected_parameters(shell.user_ns.get("In", [])) if shell is not None else {}


class Chapter:
    """One run of one chapter.

    Attributes
    ----------
    paper
        Facts, claims and unknowns.
    profile, settings
        What this run was asked to do.
    """

    def __init__(self, paper: Paper, profile: str, settings: ChapterSettings) -> None:
        from mmrepro.display.style import use_house_style

        self.paper, self.profile, self.settings = paper, profile, settings
        self._started, self._clock = datetime.now(UTC), time.perf_counter()
        self._data: dict[str, LocalData] = {}
        # The key of what is loaded now: files may be edited while a long run trains.
        self._key = known_key(paper.slug, settings)
        self._resumed = resume.start(self._key)
        self._measured: dict[tuple[str | None, str, str, int], Metric] = {}
        self._stages: list[Stage] = []
        self._estimates: dict[str, Estimate] = {}
        self._clusters: dict[str, tuple[float, float]] = {}
        self._untestable: dict[str, str] = {}
        use_house_style()

    def banner(self) -> HTML:
        """Obtain the data sets of the run and show what runs here, on whose data."""
        from IPython.display import HTML

        from mmrepro.display.banner import banner

        used = {name: self.data(name) for name in self.settings.datasets}
        return HTML(banner(self.paper, self.profile, self.settings, used, environment.describe_commit()))

    def data(self, name: str) -> LocalData:
        """Obtain a data set of the chapter; its built-in sample when no source can be reached.

        The sample is generated, so its tier is ``synthetic``, and so is every verdict that rests on it.
        """
        if name not in self._data:
            self._data[name] = self._obtain(name)
        return self._data[name]

    def _obtain(self, name: str) -> LocalData:
        try:
            return fetch(self.paper.slug, name)
        except DataUnavailableError as error:
            package = importlib.import_module(f"mmrepro.papers.{self.paper.module_name}.sample")
            if name not in package.SAMPLES:
                raise
            print(f"{error}\nUsing the built-in synthetic sample of {name} instead.")
            return sample_data(self.paper.slug, name, package.SAMPLES[name])

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage of the run: wall and CPU seconds, peak memory, and what it took of the GPUs."""
        process = psutil.Process()
        reset_peak_memory(process)
        gpu.peak_mb()  # what came before the stage is not the stage's
        wall, cpu, energy = time.perf_counter(), cpu_seconds(process), gpu.energy_j()
        yield
        peak, used = gpu.peak_mb(), gpu.energy_j()
        self._stages.append(
            Stage(
                name=name,
                wall_s=round(time.perf_counter() - wall, 3),
                cpu_s=round(cpu_seconds(process) - cpu, 2),
                peak_mb=round(peak_memory_mb(process), 1),
                gpu_mb=peak,
                gpu_j=None if peak is None or energy is None or used is None else round(used - energy, 1),
            )
        )

    def measure(
        self, metric: str, values: Mapping[str, float], *, dataset: str | None, seed: int = 0
    ) -> None:
        """Note one metric of several systems, for one seed; measuring it again replaces it.

        Parameters
        ----------
        values
            System -> number, in the metric's unit.
        """
        self._known_dataset(dataset)
        for system, value in values.items():
            # Twelve digits: the same number on every machine that computes it the same way.
            kept = float(f"{value:.12g}")
            if not math.isfinite(kept):
                raise MMReproError(f"{metric} of {system}, seed {seed}, is {kept}, not a finite number.")
            row = Metric(dataset=dataset, system=system, metric=metric, seed=seed, value=kept)
            self._measured[dataset, system, metric, seed] = row

    def measure_rows(self, rows: Iterable[Mapping[str, Any]], *, dataset: str | None) -> None:
        """Note many metrics, each a mapping with ``system``, ``metric``, ``seed`` and ``value``."""
        for row in rows:
            self.measure(row["metric"], {row["system"]: row["value"]}, dataset=dataset, seed=row["seed"])

    @property
    def _rows(self) -> list[Metric]:
        return list(self._measured.values())

    def metrics(self) -> pd.DataFrame:
        """Return what was measured so far: dataset, system, metric, seed, value."""
        from mmrepro.evidence.record import metrics_frame

        return metrics_frame(self._rows)

    def estimate(self, claim_id: str, found: Estimate) -> None:
        """Give a claim's estimate where its uncertainty is one of test items, not of seeds."""
        if found.basis != "items":
            raise MMReproError(
                f"The estimate of {claim_id} has basis {found.basis!r}, which only `measure` can support: "
                "a record's reader derives it again; give basis='items'."
            )
        self._estimates[self._claim_id(claim_id)] = found

    def cluster_interval(self, claim_id: str, interval: tuple[float, float]) -> None:
        """Add the interval over clusters of test items, which the claim must clear as well."""
        self._clusters[self._claim_id(claim_id)] = interval

    def not_testable(self, claim_id: str, reason: str) -> None:
        """Say why this run cannot test a claim."""
        self._untestable[self._claim_id(claim_id)] = reason

    def results(self) -> list[ClaimResult]:
        """Decide every claim from what was measured so far."""
        tiers = {name: used.tier for name, used in self._data.items()}
        return judge(self.paper.claims, self._rows, tiers, self._all_estimates(), self._untestable)

    def record(self) -> RunRecord:
        """Decide every claim and make the record of the run so far."""
        commit, dirty = environment.describe_commit()
        return seal(
            {
                "slug": self.paper.slug,
                "profile": self.profile,
                "settings": self.settings.model_dump(mode="json"),
                "seeds": list(self.settings.seeds),
                "claims": self.results(),
                "metrics": self._rows,
                "stages": self._stages,
                "data": [_data_use(used) for _, used in sorted(self._data.items())],
                "code": Code(commit=commit, dirty=dirty, key=self._key),
                "lock": lock_hash(),
                "environment": environment.describe_environment(),
                "started": self._started,
                "wall_s": round(time.perf_counter() - self._clock, 1),
                "resumed": self._resumed,
            }
        )

    def conclude(self) -> HTML:
        """Write the run's record and show the verdicts beside those of the committed `cpu` record."""
        from mmrepro.display.table import verdict_table

        record = self.record()
        write_record(record, RunFiles.of(self.paper.slug, self.profile).record)
        committed = self._committed()
        return verdict_table(record, committed, committed is not None and is_stale(committed))

    def outcome(self) -> HTML:
        """Show in a few lines what came out: the verdicts of the committed `cpu` record."""
        from mmrepro.display.table import outcome_table

        committed = self._committed()
        return outcome_table(self.paper.claims, committed, committed is not None and is_stale(committed))

    def settings_table(self, exclude: Collection[str] = ()) -> HTML:
        """Show the settings of this run, but for those of `exclude`, which a chapter shows otherwise."""
        from mmrepro.display.table import settings_table

        return settings_table(self.settings.model_dump(mode="json", exclude=set(exclude)), self.profile)

    def scores(self, metrics: Sequence[str], dataset: str, caption: str) -> HTML:
        """Show metrics of every system, this run beside the committed `cpu` record."""
        from mmrepro.display.table import scores_table

        committed = self._committed()
        ours, theirs = self.metrics(), committed.metrics_frame() if committed else None
        return scores_table(
            ours[ours["dataset"] == dataset],
            None if theirs is None else theirs[theirs["dataset"] == dataset],
            metrics,
            caption,
        )

    def _committed(self) -> RunRecord | None:
        """Return the committed record; one that today's rules refuse is told, and stops no new run."""
        try:
            return committed_record(self.paper.slug)
        except MMReproError as error:
            print(error)
            return None

    def _all_estimates(self) -> dict[str, Estimate]:
        """Join the estimates over seeds with the intervals over clusters."""
        joined = dict(self._estimates)
        frame = self.metrics()
        for claim in self.paper.claims:
            if claim.id in self._clusters:
                found = joined.get(claim.id) or estimate(claim, frame, claim.dataset_in(self._data))
                if found is not None:
                    joined[claim.id] = found.model_copy(update={"cluster_interval": self._clusters[claim.id]})
        return joined

    def _claim_id(self, claim_id: str) -> str:
        known = [claim.id for claim in self.paper.claims]
        if claim_id not in known:
            raise MMReproError(f"{self.paper.slug} has no claim {claim_id!r}: {nearest(claim_id, known)}")
        return claim_id

    def _known_dataset(self, dataset: str | None) -> None:
        """Refuse a number on data that the run did not take: its tier would be a guess."""
        if dataset is not None and dataset not in self._data:
            raise MMReproError(f"{dataset!r} was not loaded in this run: {nearest(dataset, self._data)}")


def _data_use(used: LocalData) -> DataUse:
    return DataUse(name=used.name, title=used.title, sha256=used.sha256, tier=used.tier, licence=used.licence)
