"""Fusion of panels: votes by voice and by face joined to one answer, by rule or by learned weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmrepro.evidence.resampling import order_over_units, unit_means
from mmrepro.evidence.statistics import cluster_interval
from mmrepro.evidence.verdict import Estimate
from mmrepro.papers.cg_mer.baseline import cross_answers
from mmrepro.papers.cg_mer.split import grouped_folds
from mmrepro.papers.cg_mer.votes import PANELS, Votes

Floats = NDArray[np.float64]


def shares(votes: Votes, panel: str) -> Floats:
    """Return a panel's votes as probabilities, half a vote added to each emotion, shape (n, 6)."""
    raised = votes.counts[panel] + 0.5
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fixed_fusion(votes: Votes) -> dict[str, NDArray[np.int64]]:
    """Answer every clip with rules that learn nothing: each panel, their average, their product.

    Returns
    -------
    dict
        System -> index into `EMOTIONS`, shape (n,).
    """
    voice, face = shares(votes, "voice"), shares(votes, "face")
    return {
        "voice": voice.argmax(axis=1),
        "face": face.argmax(axis=1),
        "average": (voice + face).argmax(axis=1),
        "product": (np.log(voice) + np.log(face)).argmax(axis=1),
        "audio-visual": shares(votes, "audio-visual").argmax(axis=1),
    }


LEARNED: Mapping[str, tuple[str, ...]] = {
    "voice, learned": ("voice",),
    "face, learned": ("face",),
    "voice + face, learned": ("voice", "face"),
    "audio-visual, learned": ("audio-visual",),
    "all three, learned": PANELS,
}


def learned_fusion(votes: Votes, panels: Sequence[str], folds: int, seed: int = 0) -> NDArray[np.int64]:
    """Answer every clip with a logistic regression on log votes, trained on other actors.

    Parameters
    ----------
    panels
        Whose votes it sees.
    folds
        Parts into which the actors are split.
    """
    features = np.hstack([np.log(shares(votes, panel)) for panel in panels])
    parts = grouped_folds(votes.actors, "actor", folds, seed)
    return cross_answers(_votes_model, features, votes.intended, parts)


def _votes_model() -> ClassifierMixin:
    """Make a logistic regression; standardised features let it converge in a few steps."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=400))


@dataclass
class Fused:
    """Answers of every system to every clip.

    Attributes
    ----------
    answers
        System -> seed -> index into `EMOTIONS`, shape (n,).
    """

    votes: Votes
    answers: dict[str, dict[int, NDArray[np.int64]]] = field(default_factory=dict)

    def correct(self, system: str) -> Floats:
        """Return the percentage of seeds that answer each clip as intended, shape (n,)."""
        right = [100.0 * (each == self.votes.intended) for each in self.answers[system].values()]
        return np.asarray(np.mean(right, axis=0))

    def gap(self, systems: Sequence[str]) -> Estimate:
        """Estimate how much more often the first system is right than the second, over actors."""
        differences = self.correct(systems[0]) - self.correct(systems[1])
        return order_over_units(unit_means(differences, self.votes.actors))

    def table(self) -> pd.DataFrame:
        """Return system, value (percent right), low, high (95 % over actors), learned."""
        rows = []
        for system in self.answers:
            low, high = cluster_interval(self.correct(system), self.votes.actors)
            value = float(self.correct(system).mean())
            rows.append(
                {"system": system, "value": value, "low": low, "high": high, "learned": system in LEARNED}
            )
        return pd.DataFrame(rows)


def fuse(votes: Votes, seeds: Sequence[int], folds: int, repeated: Sequence[str]) -> Fused:
    """Answer every clip with every rule and every learned system.

    Parameters
    ----------
    repeated
        Learned systems that are trained once a seed, each with other folds of actors; the rest once.
    """
    fused = Fused(votes, {name: {seeds[0]: answers} for name, answers in fixed_fusion(votes).items()})
    for system, panels in LEARNED.items():
        fused.answers[system] = {
            seed: learned_fusion(votes, panels, folds, seed)
            for seed in (seeds if system in repeated else seeds[:1])
        }
    return fused
