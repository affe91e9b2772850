"""The paper's tables as data, and what a thousand clips can tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from mmrepro.evidence.description import DescriptionScore, f1

DREAM_CATEGORIES = ("live-action", "animation", "stock", "YouTube", "shorts")
CLIPS = 1000
# Scores are printed to a tenth: half of one from the categories, which shifts F1 as much, half from F1.
ROUNDING = 0.1
_NORMAL = 1.96
_NEAR = 0.4  # recall and precision near those of the table, for the bound
_STEPS = (
    ("fine-tuning over pre-training only", ("Table 15", "SFT"), ("Table 15", "pre-train only")),
    ("grounding over none", ("Table 15", "SFT"), ("Table 15", "SFT w/o grounding")),
    (
        "more pre-training",
        ("Table 14", "Tarsier2-7B (pre-train; captions after SFT)"),
        ("Table 14", "Tarsier1-7B-Qwen"),
    ),
    ("DPO over SFT", ("Table 16", "Tarsier2-7B (full DPO)"), ("Table 16", "w/o DPO")),
    ("spoilt videos over none", ("Table 16", "Tarsier2-7B (full DPO)"), ("Table 16", "w/o NS")),
    ("filter over none", ("Table 16", "Tarsier2-7B (full DPO)"), ("Table 16", "w/o PF")),
    ("Tarsier2-7B over GPT-4o", ("Table 1", "Tarsier2-7B"), ("Table 1", "GPT-4o")),
)


@cache
def tables() -> dict[str, Any]:
    """Read `published.yml`, the tables as they are printed."""
    found: dict[str, Any] = yaml.safe_load(
        Path(__file__).with_name("published.yml").read_text(encoding="utf-8")
    )
    return found


def dream_table() -> pd.DataFrame:
    """Return Table 1: model, group, category (or Overall), F1, precision, recall; in percent."""
    rows = []
    for model, entry in tables()["dream1k"].items():
        for place, category in enumerate((*DREAM_CATEGORIES, "Overall")):
            values = entry["scores"][3 * place : 3 * place + 3]
            row = dict(zip(("F1", "precision", "recall"), values, strict=True))
            rows.append({"model": model, "group": entry["group"], "category": category, **row})
    return pd.DataFrame(rows)


def recomputed() -> pd.DataFrame:
    """Join each model's categories in two ways, beside the printed overall F1.

    Returns
    -------
    DataFrame
        model, printed, F1 of the category means, mean of the category F1s, and how far each is off.
    """
    rows = []
    for model, own in dream_table().groupby("model", sort=False):
        parts = own[own["category"] != "Overall"]
        printed = float(own.loc[own["category"] == "Overall", "F1"].iloc[0])
        joined = f1(parts["recall"].mean(), parts["precision"].mean())
        rows.append(
            {"model": model, "printed": printed, "F1 of means": joined, "mean of F1s": parts["F1"].mean()}
        )
    table = pd.DataFrame(rows)
    for name in ("F1 of means", "mean of F1s"):
        table[f"{name}, off by"] = table[name] - table["printed"]
    return table


def ablations() -> pd.DataFrame:
    """Return Tables 14 to 17: table, arm, benchmark, value."""
    names = tables()["benchmarks"]
    rows = [
        {"table": table, "arm": arm, "benchmark": name, "value": value}
        for table, arms in tables()["ablations"].items()
        for arm, values in arms.items()
        for name, value in zip(names, values, strict=True)
    ]
    return pd.DataFrame(rows)


def ranks(frame: pd.DataFrame, by: str, value: str) -> pd.DataFrame:
    """Rank the rows of `frame` within each group of `by`, the largest `value` first; ties share the mean."""
    return frame.assign(rank=frame.groupby(by, sort=False)[value].rank(ascending=False))


def f1_error(recall: float, precision: float, covariance: NDArray[np.float64], clips: int = CLIPS) -> float:
    """Return the standard error of F1 of mean recall and mean precision over `clips`, by the delta method.

    Parameters
    ----------
    recall, precision
        The means, in [0, 1].
    covariance
        Of a clip's recall and precision, (2, 2), in that order.
    """
    slope = _slope(recall, precision)
    return float(np.sqrt(slope @ covariance @ slope / clips))


def _slope(recall: float, precision: float) -> NDArray[np.float64]:
    total = (recall + precision) ** 2
    return np.array([2 * precision**2, 2 * recall**2]) / total


def bound_covariance(recall: float, precision: float) -> NDArray[np.float64]:
    """Return the largest covariance that scores within [0, 1] of these means can have."""
    spread = np.sqrt([recall * (1 - recall), precision * (1 - precision)])
    return np.outer(spread, spread)


def contributions(recall: Sequence[float], precision: Sequence[float]) -> NDArray[np.float64]:
    """Return each clip's part in the error of F1 (its score along the slope of F1), (clips,)."""
    pairs = np.array([recall, precision], dtype=float)
    pairs = np.where(np.isnan(pairs), np.nanmean(pairs, axis=1, keepdims=True), pairs)
    means = pairs.mean(axis=1)
    found: NDArray[np.float64] = _slope(*means) @ (pairs - means[:, None])
    return found


def smallest_difference(
    spread_one: float, spread_other: float, correlation: float, clips: int = CLIPS
) -> float:
    """Return the difference in F1 (points) of two systems on the same clips that chance alone rarely reaches.

    Half the width of the 95 % interval; `spread` is the standard deviation of a clip's contribution.
    """
    variance = spread_one**2 + spread_other**2 - 2 * correlation * spread_one * spread_other
    return float(100 * _NORMAL * np.sqrt(max(variance, 0.0) / clips))


def telling_differences(scores: Mapping[str, Sequence[DescriptionScore]]) -> dict[str, float]:
    """Return the smallest telling difference (points) under three assumptions about a clip's score.

    Parameters
    ----------
    scores
        System -> scores of the same clips, from which spread and correlation are borrowed; without any, the
        bound stands alone.
    """
    bound = f1_error(_NEAR, _NEAR, bound_covariance(_NEAR, _NEAR), clips=1)
    found = {"at most, unpaired": smallest_difference(bound, bound, 0.0)}
    if len(scores) < 2:
        return found
    parts = np.array(
        [contributions([s.recall for s in own], [s.precision for s in own]) for own in scores.values()]
    )
    spread = float(parts.std(axis=1, ddof=1).mean())
    shared = float(np.corrcoef(parts)[np.triu_indices(len(parts), 1)].mean())
    found["borrowed spread, unpaired"] = smallest_difference(spread, spread, 0.0)
    found["borrowed spread, paired"] = smallest_difference(spread, spread, shared)
    return found


def steps() -> pd.DataFrame:
    """Tabulate the published steps in F1 on DREAM-1K: step, source, from, to, points."""
    dream = dream_table().query("category == 'Overall'")
    known = {("Table 1", row["model"]): row["F1"] for row in dream.to_dict("records")}
    own = ablations().query("benchmark == 'DREAM-1K F1'")
    known |= {(row["table"], row["arm"]): row["value"] for row in own.to_dict("records")}
    rows = [
        {"step": step, "source": above[0], "from": known[below], "to": known[above]}
        for step, above, below in _STEPS
    ]
    table = pd.DataFrame(rows)
    return table.assign(points=(table["to"] - table["from"]).round(6))
