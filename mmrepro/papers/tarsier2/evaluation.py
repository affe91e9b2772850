"""From runs to rows: scores by seed, differences over test videos, and what preferences trade."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.evidence.claim import Claim
from mmrepro.evidence.description import f1
from mmrepro.evidence.resampling import bootstrap_interval, draw_weights
from mmrepro.evidence.statistics import Interval
from mmrepro.papers.tarsier2 import arms
from mmrepro.papers.tarsier2.arms import SeedRun, Told

_ROUNDS = 2000
METRICS = ("F1", "precision", "recall", "order score", "events told")
GAIN, USABLE, DIFFERENT = "gain of DPO", "usable pairs", "pairs that differ"


def score_rows(runs: Sequence[SeedRun]) -> list[dict[str, Any]]:
    """Give every score as a tidy row: system, seed, metric, value; scores in percent."""
    rows = []
    for told in (each for run in runs for each in run.told):
        recall, precision = told.recall.mean(), told.precision.mean()
        values = (
            100 * f1(float(recall), float(precision)),
            100 * precision,
            100 * recall,
            100 * told.order.mean(),
            told.events.mean(),
        )
        rows += [
            {"system": told.system, "seed": told.seed, "metric": metric, "value": float(value)}
            for metric, value in zip(METRICS, values, strict=True)
        ]
    return rows


def gain_rows(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Subtract the tuned model's recall and precision from those after DPO, seed by seed."""
    wide = scores.pivot_table(index=["seed", "metric"], columns="system", values="value")
    gains = wide[arms.DPO] - wide[arms.TUNED]
    return [
        {"system": metric, "seed": seed, "metric": GAIN, "value": float(gains[seed, metric])}
        for seed in wide.index.unique("seed")
        for metric in ("recall", "precision")
    ]


def yield_rows(runs: Sequence[SeedRun]) -> list[dict[str, Any]]:
    """Give the share of samples (percent) that differ, and that pass the filter, by where they come from."""
    rows = []
    for run in runs:
        counted = run.yields.groupby("source", sort=False)[["videos", "differ", "kept"]].sum()
        for source, row in counted.iterrows():
            for metric, column in ((DIFFERENT, "differ"), (USABLE, "kept")):
                value = 100 * float(row[column]) / float(row["videos"])
                rows.append({"system": source, "seed": run.seed, "metric": metric, "value": value})
    return rows


def video_intervals(runs: Sequence[SeedRun], claims: Sequence[Claim]) -> dict[str, Interval]:
    """Give each order claim on F1 its interval over test videos: claim id -> interval in points.

    Videos are drawn anew, the same for every seed and system; F1 is that of the drawn means.
    """
    known = {system for run in runs for system in (told.system for told in run.told)}
    asked = [c for c in claims if c.kind == "order" and c.metric == "F1" and set(c.systems) <= known]
    videos = len(runs[0].told[0].recall)
    weights = draw_weights(videos, videos, _ROUNDS) / videos
    drawn = {name: _drawn_f1(runs, name, weights) for name in sorted({s for c in asked for s in c.systems})}
    return {
        claim.id: bootstrap_interval(drawn[claim.systems[0]] - drawn[claim.systems[1]], videos)
        for claim in asked
    }


def _drawn_f1(runs: Sequence[SeedRun], system: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F1 (percent), averaged over seeds, for each draw of test videos."""
    own = [told_by(run, system) for run in runs]
    recall = weights @ np.stack([told.recall for told in own], axis=1)
    precision = weights @ np.stack([told.precision for told in own], axis=1)
    both = recall + precision
    found = np.divide(2 * recall * precision, both, out=np.zeros_like(both), where=both > 0)
    return np.asarray(100 * found.mean(axis=1))


def told_by(run: SeedRun, system: str) -> Told:
    """Return what one system told in a run."""
    return next(told for told in run.told if told.system == system)


def difference_rows(scores: pd.DataFrame, base: str, metrics: Sequence[str] = METRICS[:4]) -> pd.DataFrame:
    """Subtract `base` from every other system, seed by seed: system, metric, seed, value."""
    wide = scores.pivot_table(index=["metric", "seed"], columns="system", values="value", sort=False)
    less = wide.drop(columns=base).sub(wide[base], axis=0)
    less.columns.name = "system"
    rows = less.melt(ignore_index=False).reset_index()
    return rows[rows["metric"].isin(metrics)]
