"""Three exercises: agreement of two raters, a split that refuses leaks, and how many people are enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmrepro.display.exercise import Answer, Exercise


def agreeing_pairs(counts: ArrayLike) -> float:
    """Return the percentage of pairs of raters that agree, over all items.

    Parameters
    ----------
    counts
        Votes, shape (items, categories).
    """
    votes = np.asarray(counts, dtype=float)
    raters = votes.sum(axis=1)
    return float(100 * (votes * (votes - 1)).sum() / (raters * (raters - 1)).sum())


def _check_pairs(answer: Answer) -> None:
    found = answer(np.array([[3, 0]]))
    assert found is not None, "It returns None; return a number in percent."
    assert abs(found - 100) < 1e-9, f"Three votes for one category: every pair agrees, not {found} %."
    mixed = answer(np.array([[2, 1]]))
    assert abs(mixed - 100 / 3) < 1e-9, (
        "Of the three pairs of votes in [2, 1] one agrees; a rater is no pair."
    )
    several = answer(np.array([[2, 0], [2, 2]]))
    assert abs(several - 100 * 3 / 7) < 1e-9, "Add up pairs over all items before dividing: here 3 of 7."


def speaker_folds(speakers: ArrayLike) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return one pair of rows (training, test) a speaker, who is tested alone."""
    known = np.asarray(speakers)
    return [(np.flatnonzero(known != name), np.flatnonzero(known == name)) for name in np.unique(known)]


def _check_folds(answer: Answer) -> None:
    speakers = np.array(["b", "a", "b", "c", "a"])
    folds = answer(speakers)
    assert folds is not None, "It returns None; return a list of pairs of row numbers."
    assert len(folds) == 3, f"Three speakers make three folds, not {len(folds)}."
    for train, test in folds:
        both = set(speakers[np.asarray(train)]) & set(speakers[np.asarray(test)])
        assert not both, f"Speaker {str(min(both))!r} is on both sides."
        assert len(train) + len(test) == len(speakers), "Every row must be in training or test."
    tested = sorted(int(row) for _, test in folds for row in test)
    assert tested == list(range(len(speakers))), "Every row must be tested exactly once."


def people_needed(differences: ArrayLike, half_width: float) -> int:
    """Return how many people give a 95 % interval of at most plus or minus `half_width`.

    Parameters
    ----------
    differences
        One difference a person of a pilot, in points.
    """
    spread = np.std(np.asarray(differences, dtype=float), ddof=1)
    return int(np.ceil((1.96 * spread / half_width) ** 2))


def _check_needed(answer: Answer) -> None:
    rng = np.random.default_rng(0)
    pilot = rng.normal(5, 4, 40)
    found = answer(pilot, 1.0)
    assert found is not None, "It returns None; return a whole number of people."
    spread = pilot.std(ddof=1)
    assert 1.96 * spread / np.sqrt(found) <= 1.0, (
        "With so many people the interval is still wider than asked."
    )
    assert 1.96 * spread / np.sqrt(found - 1) > 1.0, "One person fewer would do: round up, and no further."
    assert answer(pilot + 100, 1.0) == found, "Only the spread counts, not the mean."


EXERCISES = (
    Exercise(
        title="Pairs that agree",
        level="easy",
        task=(
            "Write `agreeing_pairs(counts)` for votes of shape (items, categories): the percentage of all "
            "pairs of raters of one item that name the same category. It is alpha before chance is taken out."
        ),
        hint="In a cell with `c` votes, `c * (c - 1)` ordered pairs agree; `n` votes make `n * (n - 1)`.",
        solution=agreeing_pairs,
        check=_check_pairs,
    ),
    Exercise(
        title="Nobody on both sides",
        level="medium",
        task=(
            "Write `speaker_folds(speakers)`: for an array of one speaker a row, a list of pairs of row "
            "numbers (training, test), one pair a speaker. Then give them to `Fold`, which refuses a leak."
        ),
        hint="`numpy.unique` names the speakers, `numpy.flatnonzero` finds the rows of one.",
        solution=speaker_folds,
        check=_check_folds,
    ),
    Exercise(
        title="How many people are enough?",
        level="hard",
        task=(
            "A pilot measured one difference a person. Write `people_needed(differences, half_width)`: the "
            "smallest number of people whose 95 % interval (normal, 1.96 standard errors) is at most plus or "
            "minus `half_width` wide. Try it on the differences between panels of each actor above."
        ),
        hint="The standard error of the mean of `n` people is their standard deviation over the root of `n`.",
        solution=people_needed,
        check=_check_needed,
    ),
)
