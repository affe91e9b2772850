"""From predictions to the tables of the chapter: scores by system and seed, intervals over items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.evidence.claim import Claim
from mmrepro.evidence.resampling import bootstrap_interval, draw_weights
from mmrepro.evidence.statistics import Interval
from mmrepro.papers.hmg_emo import scores
from mmrepro.papers.hmg_emo.runs import Probabilities, Runs

UNSEEN = ", unseen items"  # behind the name of a metric
WORST = "mAP, worst modality missing"
Floats = NDArray[np.float64]


def score_runs(runs: Runs, suffix: str = "") -> pd.DataFrame:
    """Score every system and seed: tidy rows of system, seed, metric and value in percent."""
    rows = [
        {"system": system, "seed": seed, "metric": metric + suffix, "value": value}
        for system, by_seed in runs.predictions.items()
        for seed, found in by_seed.items()
        for metric, value in scores.all_scores(
            runs.labels(seed, "valid"), runs.labels(seed, "test"), found
        ).items()
    ]
    return pd.DataFrame(rows)


def f1_by_thresholds(runs: Runs, chosen_on: Literal["valid", "test"] | float) -> pd.Series[float]:
    """Return the macro-F1 (percent, mean over seeds) of each system on the test.

    Parameters
    ----------
    chosen_on
        The part on which the threshold of each emotion is found; or one threshold for all.

    Raises
    ------
    MMReproError
        When it is neither a part nor a probability between 0 and 1.
    """
    if chosen_on not in ("valid", "test") and not (isinstance(chosen_on, float) and 0 < chosen_on < 1):
        raise MMReproError(
            "Thresholds are chosen on 'valid' or 'test', or one probability between 0 and 1 is given, "
            f"such as 0.5; not {chosen_on!r}."
        )
    rows = []
    for system, by_seed in runs.predictions.items():
        for seed, found in by_seed.items():
            if isinstance(chosen_on, float):
                thresholds = np.full(found.test.shape[1], chosen_on)
            else:
                thresholds = scores.best_thresholds(runs.labels(seed, chosen_on), getattr(found, chosen_on))
            rows.append((system, scores.macro_f1(runs.labels(seed, "test"), found.test, thresholds)))
    return pd.DataFrame(rows, columns=["system", "F1"]).groupby("system", sort=False)["F1"].mean()


def missing_scores(runs: Runs) -> pd.DataFrame:
    """Score the fused systems with a modality missing: system, seed, modality, share and mAP in percent.

    Share 0 is the score with nothing missing.
    """
    rows = []
    for system, by_seed in runs.missing.items():
        for seed, found in by_seed.items():
            labels = runs.labels(seed, "test")
            whole = scores.mean_average_precision(labels, runs.predictions[system][seed].test)
            rows += [(system, seed, name, 0.0, whole) for name in runs.corpus.modalities]
            rows += [
                (system, seed, name, share, scores.mean_average_precision(labels, given))
                for (name, share), given in found.items()
            ]
    return pd.DataFrame(rows, columns=["system", "seed", "modality", "share", "mAP"])


def worst_missing(table: pd.DataFrame) -> pd.DataFrame:
    """Take, for each system and seed, the mAP without the modality whose absence hurts most."""
    least = table[table["share"] == 1].groupby(["system", "seed"], sort=False)["mAP"].min().reset_index()
    return least.rename(columns={"mAP": "value"}).assign(metric=WORST)


def emotion_scores(runs: Runs, systems: Sequence[str]) -> pd.DataFrame:
    """Return average precision by emotion: system, seed, emotion and AP in percent."""
    rows = [
        {"system": system, "seed": seed, "emotion": emotion.replace("_", " "), "AP": value}
        for system in systems
        for seed, found in runs.predictions[system].items()
        for emotion, value in zip(
            runs.corpus.emotions,
            scores.average_precisions(runs.labels(seed, "test"), found.test),
            strict=True,
        )
    ]
    return pd.DataFrame(rows)


class Redrawn:
    """mAP of every system with the test items drawn anew, the same draws for all systems and seeds."""

    def __init__(self, runs: Runs, draws: int) -> None:
        self.runs = runs
        self.weights = draw_weights(runs.corpus.item_count, runs.corpus.item_count, draws)
        self._known: dict[str, Floats] = {}

    def map_of(self, system: str) -> Floats:
        """Return the mean over seeds of the redrawn mAP, (draws,)."""
        if system not in self._known:
            found = self.runs.predictions[system]
            self._known[system] = self._mean({seed: [each.test] for seed, each in found.items()})
        return self._known[system]

    def worst_of(self, system: str) -> Floats:
        """Return the same with the modality missing whose absence hurts most, draw by draw."""
        found = self.runs.missing[system]
        return self._mean(
            {
                seed: [given for (_, share), given in each.items() if share == 1]
                for seed, each in found.items()
            }
        )

    def _mean(self, found: Mapping[int, Sequence[Probabilities]]) -> Floats:
        by_seed = [
            np.min([self._redraw(seed, given) for given in candidates], axis=0)
            for seed, candidates in found.items()
        ]
        return np.asarray(np.mean(by_seed, axis=0))

    def _redraw(self, seed: int, given: Probabilities) -> Floats:
        return scores.redrawn_map(self.runs.labels(seed, "test"), given, self.runs.items(seed), self.weights)


def item_intervals(
    known: Runs, unseen: Runs, claims: Sequence[Claim], dataset: str, draws: int
) -> dict[str, Interval]:
    """Draw test items anew for each order claim on `dataset`: claim id -> interval in points."""
    on = {"mAP": Redrawn(known, draws), "mAP" + UNSEEN: Redrawn(unseen, draws)}
    intervals = {}
    for claim in claims:
        if claim.kind != "order" or dataset not in claim.datasets:
            continue
        redraw = on["mAP"].worst_of if claim.metric == WORST else on[claim.metric].map_of
        one, other = (redraw(system) for system in claim.systems)
        difference = one - other
        # In a tiny run a draw may hold no test item at all; it says nothing.
        intervals[claim.id] = bootstrap_interval(difference[np.isfinite(difference)], known.corpus.item_count)
    return intervals
