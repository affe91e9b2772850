"""What is measured on predictions: mAP, macro-F1, top-1 hits, and mAP with the test items drawn anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mmrepro.papers.hmg_emo.runs import Prediction

Floats = NDArray[np.float64]
_THRESHOLDS = np.linspace(0.05, 0.7, 27)


def average_precisions(labels: Floats, probabilities: Floats) -> Floats:
    """Return the average precision of each emotion in percent, (k,); NaN for one that nobody ticked."""
    from sklearn.metrics import average_precision_score

    return np.array(
        [
            100 * average_precision_score(truth, given) if truth.any() else np.nan
            for truth, given in zip(labels.T, probabilities.T, strict=True)
        ]
    )


def mean_average_precision(labels: Floats, probabilities: Floats) -> float:
    """Return mAP in percent: the mean of the emotions' average precisions.

    Parameters
    ----------
    labels, probabilities
        Shape (answers, emotions).
    """
    return float(np.nanmean(average_precisions(labels, probabilities)))


def best_thresholds(labels: Floats, probabilities: Floats) -> Floats:
    """Return, for each emotion, the probability above which F1 is highest; to be taken on validation."""
    f1 = np.stack([_f1_by_emotion(labels, probabilities > level) for level in _THRESHOLDS])
    return np.asarray(_THRESHOLDS[f1.argmax(0)])


def macro_f1(labels: Floats, probabilities: Floats, thresholds: Floats) -> float:
    """Return the mean over emotions of F1 in percent, each cut at its own threshold."""
    return float(100 * _f1_by_emotion(labels, probabilities > thresholds).mean())


def _f1_by_emotion(labels: Floats, ticked: NDArray[np.bool_]) -> Floats:
    right = (labels * ticked).sum(0)
    return np.asarray(2 * right / np.maximum(labels.sum(0) + ticked.sum(0), 1))


def top_hit(labels: Floats, probabilities: Floats) -> float:
    """Return how often (%) the likeliest emotion is one that was ticked."""
    return float(100 * labels[np.arange(len(labels)), probabilities.argmax(1)].mean())


def all_scores(valid_labels: Floats, test_labels: Floats, found: Prediction) -> dict[str, float]:
    """Score the test; thresholds come from validation."""
    thresholds = best_thresholds(valid_labels, found.valid)
    return {
        "mAP": mean_average_precision(test_labels, found.test),
        "macro-F1": macro_f1(test_labels, found.test, thresholds),
        "top-1": top_hit(test_labels, found.test),
    }


def redrawn_map(labels: Floats, probabilities: Floats, items: NDArray[np.int64], weights: Floats) -> Floats:
    """Return mAP in percent once for every way to draw the test items anew.

    The average precision of `sklearn.metrics.average_precision_score` with sample weights, for all draws at
    once: scikit-learn would sort the answers again for each.

    Parameters
    ----------
    items
        Item of each answer, shape (n,).
    weights
        How often each item is drawn, shape (draws, items).

    Returns
    -------
    array
        Shape (draws,); NaN for a draw without any emotion.
    """
    found = []
    for truth, given in zip(labels.T, probabilities.T, strict=True):
        order = np.argsort(-given, kind="stable")
        drawn = weights[:, items[order]].astype(np.float32)
        # Equal probabilities are one step, as in scikit-learn.
        ends = np.flatnonzero(np.append(np.diff(given[order]) != 0, True))
        hits = np.cumsum(drawn * truth[order].astype(np.float32), axis=1)[:, ends]
        total = np.cumsum(drawn, axis=1)[:, ends]
        gained = np.diff(hits, axis=1, prepend=0)
        sums = (gained * hits / np.maximum(total, 1)).sum(1)
        found.append(np.where(hits[:, -1] > 0, sums / np.maximum(hits[:, -1], 1), np.nan))
    known = np.isfinite(found)
    sums = np.where(known, found, 0).sum(0)
    return np.asarray(100 * np.where(known.any(0), sums / np.maximum(known.sum(0), 1), np.nan))
