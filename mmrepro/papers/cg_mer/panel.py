"""Panels of raters: how often they name the intended emotion and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.evidence import agreement
from mmrepro.papers.cg_mer.votes import EMOTIONS, PANELS, Votes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ActorSums:
    """What each actor's clips add to recognition and agreement, so that drawing actors is adding rows.

    Attributes
    ----------
    actors
        Shape (a,).
    hits, ratings
        Votes for the intended emotion, and all votes, shape (a, panels).
    parts
        Sums of `agreement.alpha_parts`, shape (a, panels, 1 + emotions).
    """

    actors: NDArray[np.str_]
    hits: Floats
    ratings: Floats
    parts: Floats

    def recognition(self, weights: Floats | None = None) -> Floats:
        """Return the percentage of ratings that name the intended emotion, shape (..., panels)."""
        drawn = np.ones(len(self.actors)) if weights is None else weights
        return np.asarray(100 * (drawn @ self.hits) / (drawn @ self.ratings))

    def alpha(self, weights: Floats | None = None) -> Floats:
        """Return Krippendorff's alpha, shape (..., panels)."""
        drawn = np.ones(len(self.actors)) if weights is None else weights
        return agreement.alpha_of(np.tensordot(drawn, self.parts, axes=1))


def actor_sums(votes: Votes) -> ActorSums:
    """Add up the votes on each actor's clips."""
    actors, membership = np.unique(votes.actors, return_inverse=True)

    def by_actor(values: NDArray[np.float64]) -> Floats:
        found = np.zeros((len(actors), *values.shape[1:]))
        np.add.at(found, membership, values)
        return found

    rows = np.arange(len(votes))
    hits = np.column_stack([votes.counts[panel][rows, votes.intended] for panel in PANELS])
    ratings = np.column_stack([votes.counts[panel].sum(axis=1) for panel in PANELS])
    parts = np.stack([agreement.alpha_parts(votes.counts[panel]) for panel in PANELS], axis=1)
    return ActorSums(actors, by_actor(hits.astype(float)), by_actor(ratings.astype(float)), by_actor(parts))


def confusion(votes: Votes) -> Floats:
    """Return the share of ratings (percent) by intended and named emotion, shape (panels, 6, 6)."""
    chosen = votes.intended == np.arange(len(EMOTIONS))[:, None]
    counts = np.stack([chosen.astype(float) @ votes.counts[panel] for panel in PANELS])
    totals = counts.sum(axis=2, keepdims=True)
    return np.asarray(100 * counts / np.where(totals > 0, totals, 1))


def emotion_table(votes: Votes) -> pd.DataFrame:
    """Return agreement and recognition by panel and intended emotion.

    Alpha of one emotion's clips compares chance within these clips only, so it is low where almost all
    votes name one category; the share of pairs that agree stands beside it.

    Returns
    -------
    DataFrame
        panel, emotion, clips, recognition (%), agreeing pairs (%), alpha.
    """
    rows = []
    for panel in PANELS:
        for number, emotion in enumerate(EMOTIONS):
            counts = votes.counts[panel][votes.intended == number]
            if not len(counts):
                continue
            totals = agreement.alpha_parts(counts).sum(axis=0)
            rows.append(
                {
                    "panel": panel,
                    "emotion": emotion,
                    "clips": len(counts),
                    "recognition (%)": 100 * counts[:, number].sum() / counts.sum(),
                    "agreeing pairs (%)": 100 * (1 - totals[0] / totals[1:].sum()),
                    "alpha": float(agreement.alpha_of(totals)),
                }
            )
    return pd.DataFrame(rows)


def majority_table(votes: Votes) -> pd.DataFrame:
    """Return, by panel, tied clips and how often the majority names the intended emotion (percent)."""
    rows = []
    for panel in PANELS:
        chosen = agreement.majority(votes.counts[panel])
        tied = chosen < 0
        right = (chosen == votes.intended)[~tied].mean()
        raters = votes.counts[panel].sum(axis=1)
        rows.append(
            {
                "panel": panel,
                "raters a clip": raters.mean(),
                "fewest": raters.min(),
                "most": raters.max(),
                "ties (%)": 100 * tied.mean(),
                "majority names the intended (%)": 100 * right,
            }
        )
    return pd.DataFrame(rows)


def rater_curve(votes: Votes, numbers: Sequence[int], rounds: int, seed: int = 0) -> pd.DataFrame:
    """Draw fewer votes a clip and measure again: alpha, kappa, and how often the majority is right.

    Returns
    -------
    DataFrame
        panel, raters, round, alpha, kappa, majority (% of clips whose majority names the intended
        emotion; a tie counts as not).
    """
    rng = np.random.default_rng(seed)
    rows = []
    for panel in PANELS:
        for raters in numbers:
            enough = votes.counts[panel].sum(axis=1) >= raters
            for number in range(rounds):
                thin = agreement.thin_votes(votes.counts[panel], raters, rng)
                right = (agreement.majority(thin) == votes.intended[enough]).mean()
                rows.append(
                    {
                        "panel": panel,
                        "raters": raters,
                        "round": number,
                        "alpha": agreement.krippendorff_alpha(thin),
                        "kappa": agreement.fleiss_kappa(thin),
                        "majority": 100 * right,
                    }
                )
    return pd.DataFrame(rows)
