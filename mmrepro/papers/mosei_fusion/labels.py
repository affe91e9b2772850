"""The label audit: what always answering one class would score under each way of cutting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, f1_score

from mmrepro.data.readers import read_csv
from mmrepro.data.store import LocalData
from mmrepro.errors import MMReproError
from mmrepro.evidence.statistics import proportion_difference
from mmrepro.evidence.verdict import Estimate

CLASSES = ("negative", "neutral", "positive")
SPLITS = {0: "train", 1: "valid", 2: "test", 3: "unused"}
REPORTED_CUT = (-1.0, 1.0)  # arXiv 2501.08085, known second-hand: neutral is [-1, 1]


def load_labels(source: LocalData) -> pd.DataFrame:
    """Read all MOSEI segments: video, start and end (s), seven-class sentiment -3..3, official split.

    Raises
    ------
    MMReproError
        When a label is missing or outside -3..3.
    """
    path = source.path("mosei_labels/CMU_MOSEI_Labels.csv")
    frame = read_csv(path, dtype={"file": str})
    if not frame["label7"].isin(range(-3, 4)).all():
        raise MMReproError(f"{path}: column label7 holds values other than -3 to 3.")
    frame = frame.rename(columns={"file": "video", "label7": "sentiment"})
    return frame.assign(split=frame["split"].map(SPLITS))[["video", "start", "end", "sentiment", "split"]]


def three_classes(scores: NDArray[np.float64], cut: tuple[float, float] = REPORTED_CUT) -> NDArray[np.int64]:
    """Cut continuous `scores` into -1 (below the first cut), 0 and 1 (above the second).

    Raises
    ------
    MMReproError
        When the cuts are not in order, or a score is NaN or outside [-3, 3].
    """
    _check_cut(cut)
    if not (np.abs(scores) <= 3).all():  # NaN compares false
        raise MMReproError("A sentiment score is NaN or outside [-3, 3].")
    return np.asarray((scores > cut[1]).astype(np.int64) - (scores < cut[0]))


def bins_to_classes(sentiment: NDArray[np.int64], cut: tuple[int, int] = (-1, 1)) -> NDArray[np.int64]:
    """Cut seven-class bins at whole scores, which is exact.

    Bin k < 0 holds the scores from k up to, not including, k + 1; bin k > 0 those above k - 1 up to k.
    So scores below the cut a are the bins below a, and scores above b the bins above b.

    Raises
    ------
    MMReproError
        When the cuts are not whole numbers in order with a <= 0 <= b.
    """
    _check_cut(cut)
    if any(edge != int(edge) for edge in cut):
        raise MMReproError(f"Bins can only be cut at whole scores, not at {cut}.")
    return np.asarray((sentiment > cut[1]).astype(np.int64) - (sentiment < cut[0]))


def _check_cut(cut: tuple[float, float]) -> None:
    if not -3 <= cut[0] <= 0 <= cut[1] <= 3:
        raise MMReproError(f"The cut points {cut} must be ordered as -3 <= a <= 0 <= b <= 3.")


def class_shares(labels: pd.DataFrame, cut: tuple[int, int], split: str = "test") -> dict[str, float]:
    """Return the share of each class in a split, in percent."""
    classes = bins_to_classes(labels.loc[labels["split"] == split, "sentiment"].to_numpy(), cut)
    return {name: float((classes == code).mean() * 100) for code, name in enumerate(CLASSES, start=-1)}


def majority_scores(labels: pd.DataFrame, cut: tuple[int, int]) -> dict[str, float]:
    """Score always answering the training split's largest class on the test split, in percent."""
    train = bins_to_classes(labels.loc[labels["split"] == "train", "sentiment"].to_numpy(), cut)
    test = bins_to_classes(labels.loc[labels["split"] == "test", "sentiment"].to_numpy(), cut)
    answer = np.full(len(test), pd.Series(train).mode()[0])
    return {
        "accuracy": float((answer == test).mean() * 100),
        "balanced accuracy": float(balanced_accuracy_score(test, answer) * 100),
        "macro-F1": float(f1_score(test, answer, average="macro", zero_division=0) * 100),
    }


def against_majority(published: float, labels: pd.DataFrame, cut: tuple[int, int] = (-1, 1)) -> Estimate:
    """Compare a published test accuracy (percent) with always answering the largest class.

    The uncertainty is that of drawing the test segments: the paper gives one number and no seeds.
    """
    majority = majority_scores(labels, cut)["accuracy"]
    count = int((labels["split"] == "test").sum())
    interval, p_value = proportion_difference(published / 100, majority / 100, count)
    return Estimate(
        value=round(published - majority, 10),
        interval=(interval[0] * 100, interval[1] * 100),
        p_value=p_value,
        n_seeds=count,
        basis="items",
    )


def is_share_of(percentage: float, count: int, decimals: int = 2) -> bool:
    """Tell whether `percentage`, rounded to `decimals`, can be k / count for a whole k (GRIM test)."""
    near = np.arange(np.floor(percentage / 100 * count) - 1, np.floor(percentage / 100 * count) + 3)
    half_unit = 0.5 * 10**-decimals
    return bool((np.abs(100 * near / count - percentage) <= half_unit + 1e-9).any())


def consistent_sizes(percentages: list[float], sizes: range) -> list[int]:
    """Name the test-set sizes of which every percentage can be a share."""
    return [count for count in sizes if all(is_share_of(each, count) for each in percentages)]


def shares_by_cut(labels: pd.DataFrame, split: str = "test") -> pd.DataFrame:
    """Tabulate class shares (percent) for every pair of whole cut points, narrowest neutral first."""
    cuts = sorted(((low, high) for low in (0, -1, -2) for high in (0, 1, 2)), key=lambda c: (c[1] - c[0], c))
    rows = [{"low": low, "high": high, **class_shares(labels, (low, high), split)} for low, high in cuts]
    return pd.DataFrame(rows)
