"""Film scenes rated by people with ids: how much of an emotion is the person's, how much the scene's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError
from mmrepro.evidence.statistics import Interval, cluster_interval

RATERS, SCENES, BOTH, GLOBAL = "rater mean", "scene mean", "rater + scene", "global mean"


def load_scenes(path: Path) -> pd.DataFrame:
    """Read the ratings: rater, scene, rating (0 to 100, how much it moved), one row each.

    Raises
    ------
    MMReproError
        For a missing column or a rating outside 0 to 100.
    """
    frame = read_csv(path)
    names = {"ID": "rater", "clip_item": "scene", "emotional_rating": "rating"}
    missing = [name for name in names if name not in frame]
    if missing:
        raise MMReproError(f"{path.name} lacks the column {missing[0]!r}, which the film-scene ratings have.")
    wrong = ~frame["emotional_rating"].between(0, 100)
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0]) + 2
        raise MMReproError(f"{path.name}, line {line}: the rating must be between 0 and 100.")
    return frame.rename(columns=names)[list(names.values())]


def repeats(frame: pd.DataFrame) -> int:
    """Count ratings of a scene by somebody who had rated it before."""
    return int(frame.duplicated(["rater", "scene"]).sum())


def split_scenes(frame: pd.DataFrame, test_share: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split into training and test so that all ratings of one scene by one person stay together."""
    pairs = frame.groupby(["rater", "scene"], sort=True).ngroup().to_numpy()
    chosen = np.random.default_rng(seed).random(pairs.max() + 1) < test_share
    return frame[~chosen[pairs]], frame[chosen[pairs]]


def predict_means(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Predict each test rating by the global mean, its rater's, its scene's, and by both added.

    Who or what is new in the test is predicted by the global mean.

    Returns
    -------
    DataFrame
        One row a test rating, one column a predictor.
    """
    level = train["rating"].mean()
    rater = test["rater"].map(train.groupby("rater")["rating"].mean()).fillna(level)
    scene = test["scene"].map(train.groupby("scene")["rating"].mean()).fillna(level)
    both = (rater + scene - level).clip(0, 100)
    return pd.DataFrame({GLOBAL: level, SCENES: scene, RATERS: rater, BOTH: both}, index=test.index)


def control(frame: pd.DataFrame, test_share: float, seeds: tuple[int, ...]) -> tuple[pd.DataFrame, Interval]:
    """Measure the share of variance that each predictor explains, on repeated splits.

    Returns
    -------
    tuple
        Rows of system, seed, metric (RMSE in rating points, explained variance in percent against the global
        mean) and value; and the 95 % interval over raters of explained variance, raters less scenes.
    """
    rows, gains, raters = [], [], []
    for seed in seeds:
        train, test = split_scenes(frame, test_share, seed)
        errors = predict_means(train, test).sub(test["rating"], axis=0) ** 2
        base = errors[GLOBAL].mean()
        for name in errors:
            rows.append((name, seed, "RMSE", float(np.sqrt(errors[name].mean()))))
            rows.append((name, seed, "explained variance", float(100 * (1 - errors[name].mean() / base))))
        gains.append(100 * (errors[SCENES] - errors[RATERS]) / base)
        raters.append(test["rater"])
    interval = cluster_interval(pd.concat(gains), pd.concat(raters))
    return pd.DataFrame(rows, columns=["system", "seed", "metric", "value"]), interval
