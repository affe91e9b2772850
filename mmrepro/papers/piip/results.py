"""From runs to rows: scores by seed, gains by class, and intervals over test images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.evidence.claim import Claim
from mmrepro.evidence.statistics import Interval
from mmrepro.papers.piip.boxes import resized
from mmrepro.papers.piip.detection import Run, Task
from mmrepro.papers.piip.precision import average_precision

GAIN = "gain of the inverted pyramid"


def score_rows(runs: Sequence[Run]) -> pd.DataFrame:
    """Give every score as a tidy row: system, seed, metric, value in percent."""
    rows = [
        {"system": run.system, "seed": run.seed, "metric": metric, "value": value}
        for run in runs
        for metric, value in run.precision.scores.items()
    ]
    return pd.DataFrame(rows)


def gain_rows(runs: Sequence[Run], classes: Sequence[str]) -> pd.DataFrame:
    """Subtract the single network's AP from the inverted pyramid's, class by class and seed by seed.

    Each class is a system of the metric `GAIN`.
    """
    found = score_rows(runs).pivot_table(index=["metric", "seed"], columns="system", values="value")
    gains = found["inverted"] - found["single"]
    rows = [
        {"system": name, "seed": seed, "metric": GAIN, "value": float(gains[f"AP {name}", seed])}
        for name in classes
        for seed in sorted({run.seed for run in runs})
        if (f"AP {name}", seed) in gains.index
    ]
    return pd.DataFrame(rows, columns=["system", "seed", "metric", "value"])


def image_intervals(runs: Sequence[Run], claims: Sequence[Claim], dataset: str) -> dict[str, Interval]:
    """Give each order claim on detection its interval over test images: claim id -> interval in points.

    A jackknife, because AP is no mean over images: groups of test images are left out in turn, and the
    differences, averaged over seeds, spread as t with one degree of freedom less than there are groups.
    """
    known = _over_seeds(runs)
    return {
        claim.id: jackknife_interval(known[one][0] - known[other][0], known[one][1] - known[other][1])
        for claim in claims
        if claim.kind == "order" and dataset in claim.datasets
        for one, other in [[(system, claim.metric) for system in claim.systems]]
        if {one, other} <= set(known)
    }


def _over_seeds(runs: Sequence[Run]) -> dict[tuple[str, str], tuple[float, NDArray[np.float64]]]:
    """Average each system's metric over seeds, whole and with groups left out; gains of classes included."""
    known = {}
    for system in dict.fromkeys(run.system for run in runs):
        own = [run.precision for run in runs if run.system == system]
        for metric in own[0].without:
            whole = float(np.mean([each.scores[metric] for each in own]))
            known[system, metric] = whole, np.mean([each.without[metric] for each in own], axis=0)
    for system, metric in list(known):
        if system == "inverted" and ("single", metric) in known:
            more, less = known[system, metric], known["single", metric]
            known[metric.removeprefix("AP "), GAIN] = more[0] - less[0], more[1] - less[1]
    return known


def jackknife_interval(value: float, without: NDArray[np.float64]) -> Interval:
    """Return the 95 % interval of `value` from its values with one group left out each, shape (groups,)."""
    from scipy import stats

    count = len(without)
    error = np.sqrt((count - 1) * np.mean((without - without.mean()) ** 2))
    reach = float(stats.t.ppf(0.975, count - 1) * error)
    return value - reach, value + reach


def example_row(runs: Sequence[Run], systems: Sequence[str], seed: int) -> int:
    """Return the test image on which the first two systems find most differently many boxes."""
    first, second = (_counts(runs, system, seed) for system in systems[:2])
    return int(np.argmax(np.abs(first - second)))


def _counts(runs: Sequence[Run], system: str, seed: int) -> NDArray[np.int64]:
    run = run_of(runs, system, seed)
    return np.array([int((boxes.scores > 0.3).sum()) for boxes in run.found if boxes.scores is not None])


def scores_in_pixels(run: Run, task: Task, size: tuple[int, int] | None) -> dict[str, float]:
    """Score a run again, its boxes and the annotated ones in the pixels of images of `size`, (height, width).

    None takes the size of each original, as `Run.precision` does. Overlaps are the same in any pixels;
    which boxes are small is not.
    """
    truth, found = task.truth, run.found
    if size is not None:
        truth, found = (
            [resized(each, own, size) for each, own in zip(images, task.sizes, strict=True)]
            for images in (truth, found)
        )
    return average_precision(truth, found, task.classes).scores


def run_of(runs: Sequence[Run], system: str, seed: int) -> Run:
    """Return the run of one system and seed."""
    return next(run for run in runs if (run.system, run.seed) == (system, seed))


def mean_table(rows: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Average metrics over seeds, a row a system, in the order of training."""
    wide: Any = rows[rows["metric"].isin(metrics)].pivot_table(
        index="system", columns="metric", values="value", sort=False
    )
    table: pd.DataFrame = wide[[metric for metric in metrics if metric in wide]].reset_index()
    return table.rename_axis(columns=None)
