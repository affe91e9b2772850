"""The pilot of this chapter, run first with other code: whether its numbers come out again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mmrepro.evidence.resampling import unit_means
from mmrepro.evidence.statistics import Interval, mean_interval
from mmrepro.papers.cg_mer.baseline import Labels
from mmrepro.papers.cg_mer.leak import Answers
from mmrepro.papers.paper import Paper

_PREFIX = "pilot "
Units = Mapping[str, tuple[Labels, str]]


def split_intervals(scored: Mapping[str, Answers], units: Units) -> dict[tuple[str, str], Interval]:
    """Return the 95 % t interval of each score over sessions or speakers.

    Parameters
    ----------
    scored
        Baseline -> its answers.
    units
        Baseline -> the session or speaker of each row, and the metric (``accuracy`` or ``UAR``).

    Returns
    -------
    dict
        Baseline, split -> interval in percent.
    """
    found = {}
    for name, (unit, metric) in units.items():
        answers = scored[name]
        for split in answers.by_split:
            values = answers.correct(split) if metric == "accuracy" else answers.recall(split)
            found[name, split] = mean_interval(unit_means(values, unit))
    return found


def compare(
    paper: Paper,
    panels: pd.DataFrame,
    scored: Mapping[str, Answers],
    intervals: Mapping[tuple[str, str], Interval],
) -> pd.DataFrame:
    """Set every number of the pilot beside this run's.

    Parameters
    ----------
    panels
        panel, metric, value, low, high.
    intervals
        Baseline, split -> interval, from `split_intervals`.

    Returns
    -------
    DataFrame
        what, metric, pilot, this run, low, high, inside (yes or no).
    """
    rows = []
    for row in paper.reported:
        if not row.system.startswith(_PREFIX):
            continue
        name, _, split = row.system.removeprefix(_PREFIX).partition(", ")
        known = panels[(panels["panel"] == name) & (panels["metric"] == row.metric)]
        if split:
            scores = scored[name].scores()
            chosen = scores[(scores["system"] == split) & (scores["metric"] == row.metric)]
            value, (low, high) = float(chosen["value"].mean()), intervals[name, split]
        elif len(known):
            value, low, high = (float(known.iloc[0][key]) for key in ("value", "low", "high"))
        else:
            continue
        inside = low - _half_unit(row.value) <= row.value <= high + _half_unit(row.value)
        rows.append(
            {
                "what": row.system.removeprefix(_PREFIX),
                "metric": row.metric,
                "pilot": row.value,
                "this run": value,
                "low": low,
                "high": high,
                "inside": "yes" if inside else "no",
            }
        )
    return pd.DataFrame(rows)


def spelt(table: pd.DataFrame) -> pd.DataFrame:
    """Write the numbers of `compare` for readers: alpha with three decimals, percentages with one."""
    shown = table.copy()
    digits = table["metric"].map(lambda metric: 3 if metric == "alpha" else 1)
    for column in ("pilot", "this run", "low", "high"):
        pairs = zip(table[column], digits, strict=True)
        shown[column] = [f"{value:.{places}f}" for value, places in pairs]
    return shown


def _half_unit(value: float) -> float:
    """Return half of the last digit that a number was written with: its rounding."""
    digits = len(np.format_float_positional(value, trim="-").partition(".")[2])
    return float(0.5 * 10.0**-digits)
