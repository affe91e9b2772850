"""Three exercises, from counts to a fair comparison."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mmrepro.display.exercise import Answer, Exercise


def per_ten_thousand(counts: ArrayLike) -> np.ndarray:
    """Return ln(1 + counts per 10,000) of cells, (cells, genes)."""
    matrix = np.asarray(counts, dtype=float)
    return np.asarray(np.log1p(matrix / matrix.sum(1, keepdims=True) * 1e4))


def _check_normalised(answer: Answer) -> None:
    found = answer([[1, 3], [0, 5]])
    assert found is not None, "It returns None; return an array of the shape of the counts."
    found = np.asarray(found)
    assert found.shape == (2, 2), f"Two cells with two genes stay (2, 2), not {found.shape}."
    assert abs(found[1, 1] - np.log(10001)) < 1e-9, (
        "A cell's only expressed gene has all of its 10,000 counts."
    )
    assert np.allclose(np.expm1(found).sum(1), 1e4), "Before the logarithm every cell adds up to 10,000."


def zero_probability(mean: float, dispersion: float, dropout: float) -> float:
    """Return the probability of a zero under a zero-inflated negative binomial."""
    return float(dropout + (1 - dropout) * (dispersion / (dispersion + mean)) ** dispersion)


def _check_zero(answer: Answer) -> None:
    found = answer(2.0, 1.0, 0.0)
    assert found is not None, "It returns None; return a probability."
    assert abs(found - 1 / 3) < 1e-9, "Without dropout, r = 1 and mean 2 give 1 / (1 + 2)."
    assert abs(answer(2.0, 1.0, 0.4) - (0.4 + 0.6 / 3)) < 1e-9, (
        "Dropout adds zeros; what is kept may be zero too."
    )
    assert abs(answer(0.0, 3.0, 0.0) - 1) < 1e-9, "A gene without counts is always zero."


def whole_group_folds(groups: Sequence[str]) -> list[tuple[list[int], list[int]]]:
    """Return (training, test) rows, one pair a group, with the group's rows as the test."""
    rows = range(len(groups))
    return [
        ([row for row in rows if groups[row] != name], [row for row in rows if groups[row] == name])
        for name in sorted(set(groups))
    ]


def _check_folds(answer: Answer) -> None:
    groups = ["p2", "p1", "p2", "p3"]
    found = answer(groups)
    assert found is not None, "It returns None; return a list of (training, test) pairs."
    assert len(found) == 3, f"Three patients make three folds, not {len(found)}."
    tested = sorted(row for _, test in found for row in test)
    assert tested == [0, 1, 2, 3], "Every cell is tested exactly once."
    for train, test in found:
        assert not {groups[row] for row in train} & {groups[row] for row in test}, (
            "A patient stands on both sides of a fold."
        )


EXERCISES = (
    Exercise(
        title="The same depth for every cell",
        level="easy",
        task=(
            "Write `per_ten_thousand(counts)` for an array (cells, genes): each cell scaled to 10,000 "
            "counts, then the natural logarithm of one plus that."
        ),
        hint="Divide by the row sums with `keepdims=True`; numpy has `log1p`.",
        solution=per_ten_thousand,
        check=_check_normalised,
    ),
    Exercise(
        title="Where zeros come from",
        level="medium",
        task=(
            "Write `zero_probability(mean, dispersion, dropout)`: the probability that a gene is zero under "
            "the zero-inflated negative binomial. Then ask how many zeros of a written cell are dropout."
        ),
        hint="A negative binomial with total count r and mean m is zero with probability (r / (r + m)) ** r.",
        solution=zero_probability,
        check=_check_zero,
    ),
    Exercise(
        title="Whole patients",
        level="hard",
        task=(
            "Write `whole_group_folds(groups)`: for the group of each cell a list of (training, test) rows, "
            "one pair for each group in sorted order, whose test rows are the cells of that group alone."
        ),
        hint="One pass over the sorted set of groups; compare each row's group with it.",
        solution=whole_group_folds,
        check=_check_folds,
    ),
)
