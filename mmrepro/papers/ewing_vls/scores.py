"""Scores of answers, their intervals over tiles and over patients, and what few patients can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.evidence import resampling
from mmrepro.evidence.calibration import calibration_error
from mmrepro.evidence.statistics import Interval
from mmrepro.papers.ewing_vls.heads import AGGREGATORS
from mmrepro.papers.ewing_vls.runs import Answers, Probabilities

Labels = NDArray[np.int64]
METRICS = ("accuracy", "balanced accuracy", "macro AUC")


def weighted_scores(labels: Labels, said: Probabilities, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score answers under many weightings of the tiles at once.

    Parameters
    ----------
    said
        Probabilities, (tiles, classes).
    weights
        How often each tile counts, (rounds, tiles).

    Returns
    -------
    array
        Accuracy, balanced accuracy and macro one-against-rest AUC in percent, (rounds, 3); NaN where a round
        has no tile of a class.
    """
    of_class = np.eye(said.shape[1])[labels]  # (tiles, classes)
    right = (said.argmax(1) == labels).astype(float)
    total = weights @ of_class  # (rounds, classes)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = (weights @ (of_class * right[:, None])) / total
        accuracy = (weights @ right) / weights.sum(1)
        areas = []
        for place in range(said.shape[1]):
            score, own = said[:, place], of_class[:, place]
            wins = (score[:, None] > score) + 0.5 * (score[:, None] == score)
            won = np.einsum("ri,ij,rj->r", weights * own, wins, weights * (1 - own), optimize=True)
            areas.append(won / (total[:, place] * (weights @ (1 - own))))
    return 100 * np.column_stack([accuracy, recall.mean(1), np.mean(areas, axis=0)])


def score_rows(answers: Answers, labels: Labels, aggregator: str = "ABMIL") -> Iterator[dict[str, Any]]:
    """Yield tidy rows for one aggregator: the metric's name carries the split, the system is the features."""
    once = np.ones((1, len(labels)))
    for (features, kind, split), by_seed in answers.probabilities.items():
        if kind != aggregator:
            continue
        for seed, said in by_seed.items():
            values = dict(zip(METRICS, weighted_scores(labels, said, once)[0], strict=True))
            values["calibration error"] = calibration_error(labels, said)
            for metric, value in values.items():
                yield {
                    "system": features,
                    "metric": f"{metric}, {split}",
                    "seed": seed,
                    "value": float(value),
                }


def aggregator_rows(answers: Answers, labels: Labels, features: str, split: str) -> Iterator[dict[str, Any]]:
    """Yield tidy rows for one kind of features: the system is the aggregator."""
    for kind in AGGREGATORS:
        for seed, said in answers.probabilities.get((features, kind, split), {}).items():
            values = weighted_scores(labels, said, np.ones((1, len(labels))))[0]
            for metric, value in zip(METRICS, values, strict=True):
                yield {
                    "system": kind,
                    "metric": f"{metric} by aggregator",
                    "seed": seed,
                    "value": float(value),
                }


def split_rows(answers: Answers, labels: Labels, features: str, aggregator: str) -> Iterator[dict[str, Any]]:
    """Yield tidy rows for one kind of features: the system is the split."""
    for (name, kind, split), by_seed in answers.probabilities.items():
        if (name, kind) == (features, aggregator):
            for seed, said in by_seed.items():
                value = 100 * float(np.mean(said.argmax(1) == labels))
                yield {"system": split, "metric": "accuracy by split", "seed": seed, "value": value}


def patient_weights(patients: NDArray[np.str_], rounds: int) -> NDArray[np.float64]:
    """Draw whole patients with replacement, as weights of their tiles, (rounds, tiles)."""
    _, place = np.unique(patients, return_inverse=True)
    units = int(place.max()) + 1
    return resampling.draw_weights(units, units, rounds)[:, place]


def intervals(
    answers: Answers,
    labels: Labels,
    patients: NDArray[np.str_],
    split: str,
    rounds: int,
    aggregator: str = "ABMIL",
) -> pd.DataFrame:
    """Give every metric of every kind of features its bootstrap intervals over tiles and over patients.

    Scores are means over seeds, taken on the same draws. Draws that miss a class are left out; `kept` is the
    share of patient draws that remain.
    """
    drawn = {
        "tiles": resampling.draw_weights(len(labels), len(labels), rounds),
        "patients": patient_weights(patients, rounds),
    }
    units = {"tiles": len(labels), "patients": len(np.unique(patients))}
    rows = []
    for (features, kind, of), by_seed in answers.probabilities.items():
        if (kind, of) != (aggregator, split):
            continue
        whole = np.mean(
            [weighted_scores(labels, s, np.ones((1, len(labels))))[0] for s in by_seed.values()], 0
        )
        found = {
            unit: np.mean([weighted_scores(labels, said, weights) for said in by_seed.values()], axis=0)
            for unit, weights in drawn.items()
        }
        kept = 100 * float(np.isfinite(found["patients"]).all(1).mean())
        for place, metric in enumerate(METRICS):
            row: dict[str, Any] = {
                "features": features,
                "metric": metric,
                "value": whole[place],
                "kept": kept,
            }
            for unit, scores in found.items():
                row[f"{unit} low"], row[f"{unit} high"] = _interval(scores[:, place], units[unit])
            rows.append(row)
    return pd.DataFrame(rows)


def _interval(draws: NDArray[np.float64], units: int) -> Interval:
    finite = draws[np.isfinite(draws)]
    return resampling.bootstrap_interval(finite, units) if len(finite) else (float("nan"), float("nan"))


def gain_of(
    labels: Labels, one: dict[int, Probabilities], other: dict[int, Probabilities]
) -> NDArray[np.float64]:
    """Return how much more often the one is right than the other, in points over seeds, (tiles,)."""
    both = sorted(set(one) & set(other))
    shares = [(one[s].argmax(1) == labels) * 1.0 - (other[s].argmax(1) == labels) for s in both]
    return np.asarray(100 * np.mean(shares, axis=0))


def auc_interval(
    labels: Labels, patients: NDArray[np.str_], one: dict[int, Probabilities], other: dict[int,
    Probabilities], rounds: int,
) -> Interval:  # fmt: skip
    """Bootstrap the difference in macro AUC over whole patients, a mean over seeds, in points."""
    weights = patient_weights(patients, rounds)
    differences = [
        weighted_scores(labels, one[seed], weights)[:, 2]
        - weighted_scores(labels, other[seed], weights)[:, 2]
        for seed in sorted(set(one) & set(other))
    ]
    return _interval(np.mean(differences, axis=0), len(np.unique(patients)))


def confusion(labels: Labels, by_seed: dict[int, Probabilities]) -> NDArray[np.float64]:
    """Return the mean share of each true class (rows) that is called each class (columns), in percent."""
    count = int(labels.max()) + 1
    found = np.zeros((count, count))
    for said in by_seed.values():
        np.add.at(found, (labels, said.argmax(1)), 1)
    return np.asarray(100 * found / found.sum(1, keepdims=True))


def power(
    gains: NDArray[np.float64],
    patients: NDArray[np.str_],
    count: int,
    gain: float,
    rounds: int,
    seed: int = 0,
) -> float:
    """Return how often a study of `count` patients would find a true `gain` (both in points), in percent.

    A simulated study draws patients, and tiles of each, with replacement from those of this run, whose
    differences are shifted so that their mean over patients is `gain`. It finds the gain when the two-sided
    95 % t interval over its patients' means lies above zero.
    """
    from scipy import stats

    rng = np.random.default_rng(seed)
    names = np.unique(patients)
    own = [gains[patients == name] for name in names]
    centre = np.mean([each.mean() for each in own])
    drawn = np.empty((rounds, count))
    who = rng.integers(len(names), size=(rounds, count))
    for place, each in enumerate(own):
        where = who == place
        tiles = rng.integers(len(each), size=(int(where.sum()), len(each)))
        drawn[where] = each[tiles].mean(1)
    shifted = drawn - centre + gain
    error = shifted.std(1, ddof=1) / np.sqrt(count)
    low = shifted.mean(1) - stats.t.ppf(0.975, count - 1) * error
    return 100 * float(np.mean(low > 0))


def power_table(
    gains: NDArray[np.float64],
    patients: NDArray[np.str_],
    counts: Sequence[int],
    sizes: Sequence[float],
    rounds: int,
) -> pd.DataFrame:
    """Tabulate `power` by patients and true gain."""
    rows = [
        {"patients": count, "gain": size, "power": power(gains, patients, count, size, rounds)}
        for size in sizes
        for count in counts
    ]
    return pd.DataFrame(rows)
