"""Scores of captions in prose: the judge set on captions of its own, then AutoDQ, TEM, BLEU and ROUGE-L."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.evidence.description import Normalisation, autodq, event_matches, tem
from mmrepro.evidence.events import EventExtractor, sentences
from mmrepro.evidence.judge import Judge, OverlapJudge
from mmrepro.papers.facetrack_mm.captions import Caption
from mmrepro.papers.facetrack_mm.perturbation import IDENTICAL

# A face caption has more events than AutoDQ's ten, and one person, who goes without saying.
PERSONS = frozenset({"he", "she", "they", "man", "woman", "person", "someone", "boy", "girl", "his", "her"})
EXTRACTOR = EventExtractor(limit=None, implicit=PERSONS)
THRESHOLDS = np.arange(0.20, 0.96, 0.01)


class Calibration(NamedTuple):
    """How well scores part a caption's own events from another's.

    Attributes
    ----------
    own, other
        Best score of each event against its own caption's other sentences' events, and another caption's.
    threshold
        Where the mean of both rates of right decisions is largest.
    auc, balanced
        Area under the curve, and that mean at the threshold; both on the captions that set it.
    """

    own: NDArray[np.float64]
    other: NDArray[np.float64]
    threshold: float
    auc: float
    balanced: float


def calibrate(captions: Sequence[Caption], seed: int) -> Calibration:
    """Set the judge's threshold on captions that are not judged afterwards.

    An event of a caption is scored against that caption's own sentences and events, but for itself, and
    against those of another caption, drawn at random.
    """
    from sklearn.metrics import roc_auc_score

    if len(captions) < 2:
        raise MMReproError(f"{len(captions)} captions cannot set a threshold; give at least 2.")
    rng = np.random.default_rng(seed)
    judge = OverlapJudge(1.0)
    own, other = [], []
    for place, each in enumerate(captions):
        events = EXTRACTOR.events(each.text)
        if not events:
            continue
        stranger = captions[(place + int(rng.integers(1, len(captions)))) % len(captions)]
        own.append(_best(judge, events, each.text))
        other.append(_best(judge, events, stranger.text))
    right, wrong = np.concatenate(own), np.concatenate(other)
    balanced = np.array([((right >= t).mean() + (wrong < t).mean()) / 2 for t in THRESHOLDS])
    best = int(balanced.argmax())
    labels = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    auc = float(roc_auc_score(labels, np.concatenate([right, wrong])))
    return Calibration(right, wrong, float(THRESHOLDS[best]), auc, float(balanced[best]))


def _best(judge: OverlapJudge, events: list[str], text: str) -> NDArray[np.float64]:
    """Return each event's best score against a text's units, an event that is told word for word apart."""
    units = list(dict.fromkeys([*sentences(text), *EXTRACTOR.events(text)]))
    scores = judge.scores(events, units)
    same = np.array([[event == unit for unit in units] for event in events])
    best: NDArray[np.float64] = np.where(same, 0.0, scores).max(axis=1)
    return best


@dataclass(frozen=True)
class CaptionScorer:
    """Score captions against references.

    Attributes
    ----------
    judge
        Decides which events match.
    normalise
        Of Temporal Event Matching.
    """

    judge: Judge
    normalise: Normalisation = "f1"

    def score(self, reference: str, described: str) -> dict[str, float]:
        """Return recall, precision, AutoDQ (F1 of the two), TEM, BLEU and ROUGE-L of one caption, in percent.

        A caption without events scores 0 on the first four.
        """
        told, wanted = EXTRACTOR.events(described), EXTRACTOR.events(reference)
        found = autodq(self.judge, reference, wanted, described, told)
        recall = 0.0 if np.isnan(found.recall) else found.recall
        matches = event_matches(self.judge, wanted, told)
        scores = {
            "recall": recall,
            "precision": found.precision,
            "AutoDQ": 0.0 if not wanted else found.f1,
            "TEM": tem(matches, self.normalise),
            "BLEU": bleu(reference, described),
            "ROUGE-L": rouge_l(reference, described),
        }
        return {name: 100 * value for name, value in scores.items()}

    def table(self, references: Sequence[Caption], conditions: dict[str, list[str]]) -> pd.DataFrame:
        """Score every condition: caption, condition and the six scores, one row each."""
        rows = [
            {"caption": each.number, "condition": condition, **self.score(each.text, text)}
            for condition, texts in conditions.items()
            for each, text in zip(references, texts, strict=True)
        ]
        return pd.DataFrame(rows)


def drops(scores: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Return how much each caption loses by each score, in points, against the identical caption."""
    identical, other = (
        scores[scores["condition"] == name].set_index("caption").drop(columns="condition").sort_index()
        for name in (IDENTICAL, condition)
    )
    return identical - other


def bleu(reference: str, described: str) -> float:
    """Return sentence BLEU from 0 to 1, with sacrebleu's smoothing; 0 for an empty text."""
    from sacrebleu import sentence_bleu

    return float(sentence_bleu(described.lower(), [reference.lower()]).score) / 100


def rouge_l(reference: str, described: str) -> float:
    """Return the F-measure of ROUGE-L from 0 to 1."""
    from rouge_score.rouge_scorer import RougeScorer

    return float(RougeScorer(["rougeL"]).score(reference, described)["rougeL"].fmeasure)
