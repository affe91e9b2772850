"""What is measured on the answers: scores by seed, by type, on parts of the test, and tweets drawn anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.evidence.claim import Claim
from mmrepro.evidence.resampling import bootstrap_interval, draw_weights
from mmrepro.evidence.statistics import Interval
from mmrepro.papers.trimod_mner.hashtags import find_hashtags
from mmrepro.papers.trimod_mner.runs import Runs
from mmrepro.papers.trimod_mner.spans import (
    Tags,
    lenient_spans,
    score,
    span_counts,
    strict_spans,
    surface,
    surfaces,
)
from mmrepro.papers.trimod_mner.tweets import TYPES, Tweet

_DRAWS = 2000  # bootstrap resamples of the test tweets
Counts = NDArray[np.int64]


def scores(runs: Runs, train: Sequence[Tweet]) -> pd.DataFrame:
    """Score every system and seed: tidy rows of system, seed, metric and value in percent.

    Parameters
    ----------
    train
        The tweets that were trained on; they decide which test entities are unseen.
    """
    known = surfaces(train)
    rows = [
        {"system": system, "seed": seed, "metric": metric, "value": value}
        for system, by_seed in runs.answers.items()
        for seed, answers in by_seed.items()
        for metric, value in score_answers(runs.test.tweets, answers, known).items()
    ]
    return pd.DataFrame(rows)


def score_answers(tweets: Sequence[Tweet], answers: Sequence[Tags], known: set[str]) -> dict[str, float]:
    """Score the answers to the test tweets, in percent; entity-level, micro-averaged."""
    gold = [tweet.tags for tweet in tweets]
    strict = score(span_counts(gold, answers))
    tagged = [place for place, tweet in enumerate(tweets) if any(True for _ in find_hashtags(tweet.words))]
    found = {
        "F1": strict.f1,
        "precision": strict.precision,
        "recall": strict.recall,
        "lenient F1": score(span_counts(gold, answers, lenient_spans)).f1,
        "F1 with hashtag": score(span_counts([gold[i] for i in tagged], [answers[i] for i in tagged])).f1,
    }
    found |= {f"{kind} F1": score(span_counts(gold, answers, kind=kind)).f1 for kind in TYPES}
    return found | _recall_by_novelty(tweets, answers, known)


def _recall_by_novelty(tweets: Sequence[Tweet], answers: Sequence[Tags], known: set[str]) -> dict[str, float]:
    """Return recall of entities whose surface is an entity in training, and of all others."""
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for tweet, tags in zip(tweets, answers, strict=True):
        answer = strict_spans(tags)
        for span in strict_spans(tweet.tags):
            hits[surface(tweet, span) in known].append(span in answer)
    return {
        name: 100 * sum(hits[seen]) / max(1, len(hits[seen]))
        for name, seen in (("seen recall", True), ("unseen recall", False))
    }


def tweet_counts(runs: Runs, system: str) -> Counts:
    """Count right, predicted and gold entities of each test tweet, summed over seeds, shape (n, 3)."""
    by_seed = [
        [span_counts([gold], [tags]) for gold, tags in zip(runs.gold, answers, strict=True)]
        for answers in runs.answers[system].values()
    ]
    counts: Counts = np.asarray(by_seed, dtype=np.int64).sum(0)
    return counts


def f1_interval(one: Counts, other: Counts, rows: NDArray[np.int64] | None = None) -> Interval:
    """Bootstrap the difference of two micro-F1 scores (points) by drawing test tweets anew.

    F1 is no mean over tweets, so each draw adds up the counts of the drawn tweets first.

    Parameters
    ----------
    one, other
        Right, predicted and gold entities of each tweet, shape (n, 3); the same tweets.
    rows
        Tweets that the claim is about; None takes all.
    """
    if rows is not None:
        one, other = one[rows], other[rows]
    weights = draw_weights(len(one), len(one), _DRAWS)
    differences = _f1_of(weights @ one) - _f1_of(weights @ other)
    return bootstrap_interval(differences, len(one))


def _f1_of(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    right, entities = totals[:, 0], totals[:, 1] + totals[:, 2]
    return np.asarray(200 * right / np.maximum(entities, 1), dtype=np.float64)


def tweet_intervals(runs: Runs, claims: Sequence[Claim], name: str) -> dict[str, Interval]:
    """Draw test tweets anew for each order claim on data set `name`: claim id -> interval in points."""
    counted = {system: tweet_counts(runs, system) for system in runs.answers}
    tagged = np.array(
        [any(True for _ in find_hashtags(tweet.words)) for tweet in runs.test.tweets], dtype=bool
    )
    rows = {"F1": None, "F1 with hashtag": np.flatnonzero(tagged)}
    return {
        claim.id: f1_interval(counted[claim.systems[0]], counted[claim.systems[1]], rows[claim.metric])
        for claim in claims
        if claim.kind == "order" and name in claim.datasets and set(claim.systems) <= set(counted)
    }


def paired_differences(table: pd.DataFrame, reference: str = "text", metric: str = "F1") -> pd.DataFrame:
    """Subtract the reference seed by seed: system, seed, difference in points."""
    by_seed = table[table["metric"] == metric].pivot_table(index="seed", columns="system", values="value")
    others = by_seed.drop(columns=reference).sub(by_seed[reference], axis=0)
    return others.melt(ignore_index=False, value_name="difference").reset_index()
