"""Scores of descriptions, event by event: AutoDQ for what is told, Temporal Event Matching for its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.evidence.judge import Judge, Relation, Relations

Normalisation = Literal["f1", "recall", "max"]


@dataclass(frozen=True)
class EmptyRule:
    """What a list without events earns.

    Attributes
    ----------
    described
        Precision of a description that tells no event.
    reference
        Recall where the reference has none; NaN leaves the description out of the mean recall.
    """

    described: float = 0.0
    reference: float = float("nan")


OFFICIAL = EmptyRule(described=1.0, reference=1.0)
"""The released scorer of Tarsier: who tells nothing is never wrong."""


@dataclass(frozen=True)
class DescriptionScore:
    """AutoDQ of one description.

    Attributes
    ----------
    recalled, supported
        Relations of the reference's events to the description, and of the description's to the reference.
    recall, precision
        Shares that are entailed; contradicted and neutral events cost the same.
    """

    recalled: Relations
    supported: Relations
    recall: float
    precision: float

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision; 0 where both are 0."""
        return f1(self.recall, self.precision)


class Overall(NamedTuple):
    """Scores of a system over a benchmark, from 0 to 1."""

    recall: float
    precision: float
    f1: float


def f1(recall: float, precision: float) -> float:
    """Return the harmonic mean, 0 where both are 0."""
    total = recall + precision
    return 2 * recall * precision / total if total > 0 else 0.0


def autodq(
    judge: Judge,
    reference: str,
    reference_events: Sequence[str],
    description: str,
    described_events: Sequence[str],
    empty: EmptyRule | None = None,
) -> DescriptionScore:
    """Score one description as Tarsier's AutoDQ does (arXiv 2407.00634, section 4).

    Recall asks of every event of the reference whether the description entails it, precision the reverse.
    The order of events plays no part.
    """
    rule = empty or EmptyRule()
    recalled = judge.against_text(reference_events, description)
    supported = judge.against_text(described_events, reference)
    return DescriptionScore(
        recalled,
        supported,
        recall=_entailed_share(recalled, rule.reference),
        precision=_entailed_share(supported, rule.described),
    )


def _entailed_share(relations: Relations, if_empty: float) -> float:
    return float(np.mean(relations == Relation.ENTAILMENT)) if len(relations) else if_empty


def overall(scores: Sequence[DescriptionScore], categories: Sequence[str]) -> Overall:
    """Join scores as the released scorer does: mean per category, mean of those, F1 of the two means.

    Raises
    ------
    MMReproError
        Without a score, or where scores and categories differ in number.
    """
    if not scores or len(scores) != len(categories):
        raise MMReproError(
            f"{len(scores)} scores and {len(categories)} categories; give one category a score."
        )
    names = np.asarray(categories)
    pairs = np.array([[score.recall, score.precision] for score in scores])
    recall, precision = np.mean(
        [np.nanmean(pairs[names == name], axis=0) for name in dict.fromkeys(categories)], axis=0
    )
    return Overall(float(recall), float(precision), f1(float(recall), float(precision)))


def longest_common_subsequence(matches: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Align two sequences: the most pairs (row, column) that match and rise in both.

    Parameters
    ----------
    matches
        Shape (first, second): which may be paired.
    """
    rows, columns = matches.shape
    table = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    for row in range(rows):
        for column in range(columns):
            table[row + 1, column + 1] = (
                table[row, column] + 1
                if matches[row, column]
                else max(table[row, column + 1], table[row + 1, column])
            )
    pairs, row, column = [], rows, columns
    while row and column:
        if matches[row - 1, column - 1]:
            row, column = row - 1, column - 1
            pairs.append((row, column))
        elif table[row - 1, column] >= table[row, column - 1]:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]


def tem(matches: NDArray[np.bool_], normalise: Normalisation = "f1") -> float:
    """Return Temporal Event Matching, a reconstruction: the paper's formula is not published.

    The longest common subsequence L of the reference's R and the description's D events, over (R + D) / 2
    ("f1"), R ("recall") or the longer of both ("max"). FaceTrack-MM (arXiv 2501.07978) names its three parts:
    event extraction, relation classification, longest common subsequence.

    Parameters
    ----------
    matches
        Shape (reference events, described events): which entail each other.
    """
    reference, described = matches.shape
    if not reference or not described:
        return 0.0
    common = len(longest_common_subsequence(matches))
    size = {"f1": (reference + described) / 2, "recall": reference, "max": max(reference, described)}
    if normalise not in size:
        raise MMReproError(f"TEM cannot be normalised by {normalise!r}; give one of {', '.join(size)}.")
    return float(common / size[normalise])


def event_matches(judge: Judge, reference: Sequence[str], described: Sequence[str]) -> NDArray[np.bool_]:
    """Return which events match, shape (reference, described): one of the two entails the other."""
    forth = judge.between(reference, described) == Relation.ENTAILMENT
    back = judge.between(described, reference) == Relation.ENTAILMENT
    return np.asarray(forth | back.T)
