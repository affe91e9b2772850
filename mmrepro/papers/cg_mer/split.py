"""Splits: folds that refuse a speaker on both sides, and the leaky kind, which has to be called so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupKFold, StratifiedKFold

from mmrepro.errors import MMReproError

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class LeakyFold:
    """Rows to train on and rows to test on, with nothing promised about who is in them."""

    train: Rows
    test: Rows

    def __post_init__(self) -> None:
        twice = np.intersect1d(self.train, self.test)
        if len(twice):
            raise MMReproError(f"Row {twice[0]} is in the training and the test part ({len(twice)} row(s)).")


@dataclass(frozen=True)
class Fold(LeakyFold):
    """A fold whose groups (speakers, sessions) are each on one side; anything else is refused.

    Attributes
    ----------
    groups
        The group of every row of the data set, shape (n,).
    kind
        What a group is, for the sentence of the error.

    Raises
    ------
    MMReproError
        When a group has rows on both sides.
    """

    groups: NDArray[np.str_]
    kind: str = "speaker"

    def __post_init__(self) -> None:
        super().__post_init__()
        both = np.intersect1d(self.groups[self.train], self.groups[self.test])
        if len(both):
            raise MMReproError(
                f"The {self.kind} {str(both[0])!r} is in the training and the test part of one fold "
                f"({len(both)} in both); split by {self.kind}."
            )


def grouped_folds(
    groups: ArrayLike, kind: str = "speaker", folds: int | None = None, seed: int = 0
) -> list[Fold]:
    """Leave groups out: one at a time, or in `folds` random parts.

    Raises
    ------
    MMReproError
        When there are fewer groups than folds, or fewer than two.
    """
    known = np.asarray(groups).astype(str)
    names = np.unique(known)
    if len(names) < max(2, folds or 2):
        raise MMReproError(f"{len(names)} {kind}(s) cannot be split into {folds or 2} folds.")
    if folds is None:
        parts = [np.flatnonzero(known == name) for name in names]
    else:
        splitter = GroupKFold(folds, shuffle=True, random_state=seed)
        parts = [test for _, test in splitter.split(known, groups=known)]
    every = np.arange(len(known))
    return [Fold(np.setdiff1d(every, test), test, known, kind) for test in parts]


def random_folds(labels: ArrayLike, folds: int, seed: int) -> list[LeakyFold]:
    """Draw rows at random into folds, stratified by label: the split that lets speakers leak."""
    known = np.asarray(labels)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return [LeakyFold(train, test) for train, test in splitter.split(known, known)]


def check_cover(folds: Sequence[LeakyFold], rows: int) -> None:
    """Refuse folds that do not test every row exactly once."""
    tested = np.bincount(np.concatenate([fold.test for fold in folds]), minlength=rows)
    if len(tested) != rows or (tested != 1).any():
        raise MMReproError("The folds must test every row exactly once.")
