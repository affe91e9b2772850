"""Leaks: the same baseline under a random split and under splits by session, speaker or text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.evidence.resampling import order_over_units, unit_means
from mmrepro.evidence.statistics import mean_interval
from mmrepro.evidence.verdict import Estimate
from mmrepro.papers.cg_mer import baseline
from mmrepro.papers.cg_mer.gesture import GestureSet
from mmrepro.papers.cg_mer.speech import Utterances
from mmrepro.papers.cg_mer.split import LeakyFold, grouped_folds, random_folds

RANDOM = "random rows"
Labels = NDArray[np.str_]


@dataclass
class Answers:
    """Answers of one baseline to one data set under several splits.

    Attributes
    ----------
    labels
        What would be right, shape (n,).
    by_split
        Split -> seed -> answers, shape (n,).
    """

    labels: Labels
    by_split: dict[str, dict[int, Labels]] = field(default_factory=dict)

    def scores(self) -> pd.DataFrame:
        """Return tidy scores in percent: system (the split), metric, seed, value."""
        rows = [
            {"system": split, "seed": seed, "metric": metric, "value": value}
            for split, by_seed in self.by_split.items()
            for seed, answers in by_seed.items()
            for metric, value in baseline.score(self.labels, answers).items()
        ]
        return pd.DataFrame(rows)

    def recall(self, split: str) -> NDArray[np.float64]:
        """Return one number a row whose mean is the UAR (percent), averaged over seeds, shape (n,)."""
        each = [baseline.recall_shares(self.labels, answers) for answers in self.by_split[split].values()]
        return np.asarray(np.mean(each, axis=0))

    def correct(self, split: str) -> NDArray[np.float64]:
        """Return the percentage of seeds that answer each row rightly, shape (n,)."""
        return np.asarray(
            np.mean([100.0 * (self.labels == each) for each in self.by_split[split].values()], axis=0)
        )

    def gap(self, splits: Sequence[str], units: Labels, metric: str, margin: float) -> Estimate:
        """Estimate how much more the first split says than the second, over speakers or sessions.

        Parameters
        ----------
        units
            The speaker or session of each row.
        metric
            ``accuracy`` or ``UAR``.
        """
        values = self.correct if metric == "accuracy" else self.recall
        return order_over_units(unit_means(values(splits[0]) - values(splits[1]), units), margin)


def gesture_answers(frames: GestureSet, seeds: Sequence[int], trees: int, folds: int, jobs: int) -> Answers:
    """Answer the phase of every frame under three splits, one forest a seed."""
    found = Answers(frames.phases)
    by_group = {
        "by session": grouped_folds(frames.sessions, "session"),
        "by person": grouped_folds(frames.people, "person"),
    }
    for seed in seeds:
        make = partial(baseline.phase_model, trees, seed, jobs)
        splits: Mapping[str, Sequence[LeakyFold]] = {
            RANDOM: random_folds(frames.phases, folds, seed),
            **by_group,
        }
        for split, parts in splits.items():
            answers = baseline.cross_answers(make, frames.features, frames.phases, parts)
            found.by_split.setdefault(split, {})[seed] = answers
    return found


def speech_answers(rows: Utterances, seeds: Sequence[int], folds: int, text: str) -> Answers:
    """Answer the emotion of every recording under four splits; only the random one depends on a seed.

    Parameters
    ----------
    text
        What a text of the data set is called: ``word`` or ``sentence``.
    """
    found = Answers(rows.labels)

    def answer(parts: Sequence[LeakyFold], features: NDArray[np.float64]) -> Labels:
        return baseline.cross_answers(baseline.speech_model, features, rows.labels, parts)

    for seed in seeds:
        drawn = random_folds(rows.labels, folds, seed)
        found.by_split.setdefault(RANDOM, {})[seed] = answer(drawn, rows.features)
    by_speaker = grouped_folds(rows.speakers, "speaker")
    known = baseline.standardised_by(rows.features, rows.speakers)
    found.by_split[f"by {text}"] = {seeds[0]: answer(grouped_folds(rows.texts, text), rows.features)}
    found.by_split["by speaker"] = {seeds[0]: answer(by_speaker, rows.features)}
    found.by_split["by speaker, z-scored"] = {seeds[0]: answer(by_speaker, known)}
    return found


def majority_share(labels: Labels) -> float:
    """Return the accuracy (percent) of always answering the most frequent label."""
    _, counts = np.unique(labels, return_counts=True)
    return float(100 * counts.max() / counts.sum())


def gap_intervals(answers: Answers, splits: Sequence[str], ways: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """Give the gap in accuracy between two splits its interval, once for each way to count.

    Parameters
    ----------
    ways
        Name -> the unit of each row, such as its person; rows of one unit are averaged first.

    Returns
    -------
    DataFrame
        counted, units (how many), gap, low, high (points, 95 % t interval over the units).
    """
    gap = answers.correct(splits[0]) - answers.correct(splits[1])
    rows = []
    for counted, units in ways.items():
        means = unit_means(gap, units)
        low, high = mean_interval(means)
        rows.append(
            {"counted": counted, "units": len(means), "gap": float(means.mean()), "low": low, "high": high}
        )
    return pd.DataFrame(rows)
