"""Three exercises: from counting answers to a gate that copes with what is missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmrepro.display.exercise import Answer, Exercise


def item_mean(items: Sequence[int], labels: ArrayLike, count: int) -> NDArray[np.float64]:
    """Return the mean label of each item, (count, emotions), zeros where nobody answered."""
    ticks = np.asarray(labels, dtype=float)
    total, seen = np.zeros((count, ticks.shape[1])), np.zeros(count)
    np.add.at(total, np.asarray(items), ticks)
    np.add.at(seen, np.asarray(items), 1)
    return total / np.maximum(seen, 1)[:, None]


def _check_mean(answer: Answer) -> None:
    found = answer([0, 0, 2], [[1, 0], [1, 1], [0, 1]], 3)
    assert found is not None, "It returns None; return an array of shape (count, emotions)."
    found = np.asarray(found, dtype=float)
    assert found.shape == (3, 2), f"The shape must be (3, 2), not {found.shape}."
    assert not np.isnan(found).any(), "Nobody answered about item 1; return zeros there, not NaN."
    assert np.allclose(found, np.array([[1, 0.5], [0, 0], [0, 1]])), "Item 0 was answered twice: [1, 1/2]."


def parted(pairs: Sequence[tuple[int, int]], message: Sequence[int], supervised: Sequence[int]) -> list[int]:
    """Return the supervised edges whose (user, item) pair also stands among the message edges."""
    told = {tuple(pairs[edge]) for edge in message}
    return [edge for edge in supervised if tuple(pairs[edge]) in told]


def _check_parted(answer: Answer) -> None:
    pairs = [(0, 5), (1, 5), (0, 5), (1, 6)]
    found = answer(pairs, [0, 1], [2, 3])
    assert found is not None, "It returns None; return a list of edges."
    assert list(found) == [2], (
        f"Edge 2 is another answer of user 0 to item 5, which edge 0 tells; the answer is [2], not {found}."
    )
    assert list(answer(pairs, [1], [0, 2])) == [], (
        "Two supervised edges may share a pair: none carries messages."
    )
    assert list(answer(pairs, [0], [0])) == [0], "An edge that stands in both lists is the plainest leak."


def masked_gate(scores: ArrayLike, present: ArrayLike) -> NDArray[np.float64]:
    """Return softmax weights over the modalities that each item has, (items, modalities)."""
    given, known = np.asarray(scores, dtype=float), np.asarray(present, dtype=bool)
    shifted = np.where(known, given, -np.inf)
    shifted = shifted - np.max(np.where(known, given, -1e300), axis=1, keepdims=True)
    weights = np.where(known, np.exp(shifted), 0.0)
    return np.asarray(weights / np.maximum(weights.sum(1, keepdims=True), 1e-300))


def _check_gate(answer: Answer) -> None:
    found = answer([[0.0, 0.0, 5.0]], [[True, True, False]])
    assert found is not None, "It returns None; return an array of shape (items, modalities)."
    assert np.allclose(found, [[0.5, 0.5, 0]]), (
        f"The third modality is missing, however high its score; the weights are [1/2, 1/2, 0], not {found}."
    )
    assert np.allclose(answer([[1.0, 2.0]], [[True, True]]).sum(1), 1), (
        "The weights of an item add up to one."
    )
    big = answer([[1000.0, 0.0]], [[True, True]])
    assert np.allclose(big, [[1, 0]]), "Subtract the largest score first: exp(1000) overflows."
    assert np.allclose(answer([[3.0, 1.0]], [[False, False]]), 0), (
        "An item with no modality has no weights: zeros."
    )


EXERCISES = (
    Exercise(
        title="The rival that needs no model",
        level="easy",
        task=(
            "Write `item_mean(items, labels, count)`: the mean label vector of each item, as an array of "
            "shape (count, emotions), zeros for an item that nobody answered about."
        ),
        hint="`np.add.at` adds row by row, also where an item stands several times.",
        solution=item_mean,
        check=_check_mean,
    ),
    Exercise(
        title="Find the leak",
        level="medium",
        task=(
            "Write `parted(pairs, message, supervised)`: the supervised edges, as a list, whose (user, item) "
            "pair also stands among the message edges. `pairs[e]` is the pair of edge e."
        ),
        hint="Collect the pairs of the message edges in a set first.",
        solution=parted,
        check=_check_parted,
    ),
    Exercise(
        title="A gate for what is there",
        level="hard",
        task=(
            "Write `masked_gate(scores, present)`: softmax weights over the modalities that each item has, "
            "zero for those it lacks; it must survive large scores and an item that has none."
        ),
        hint="A missing modality's score is minus infinity; subtract each row's maximum before `exp`.",
        solution=masked_gate,
        check=_check_gate,
    ),
)
