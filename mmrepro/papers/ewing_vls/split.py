"""Three ways to split bags, and the check that no group stands on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmrepro.errors import MMReproError
from mmrepro.papers.ewing_vls.tiles import Bags

Protocol = Literal["tiles at random", "slide blocks", "patients left out"]
PROTOCOLS: tuple[Protocol, ...] = ("tiles at random", "slide blocks", "patients left out")
Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


def folds(bags: Bags, protocol: Protocol, count: int, seed: int) -> list[Fold]:
    """Return (training, test) tiles of each fold; every tile is tested once.

    Tiles at random share slide and patient with the training; slide blocks share the patient; patients left
    out share nothing, and there are as many folds as patients, the same for every seed.

    Raises
    ------
    MMReproError
        When a group stands on both sides, or a class is absent from a training fold.
    """
    from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold, StratifiedKFold

    labels = bags.labels
    if protocol == "patients left out":
        groups, splitter = bags.patients, LeaveOneGroupOut()
    elif protocol == "slide blocks":
        groups, splitter = bags.blocks, StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    else:
        groups, splitter = (
            np.arange(len(labels)).astype(str),
            StratifiedKFold(count, shuffle=True, random_state=seed),
        )
    found = list(splitter.split(labels, labels, None if isinstance(splitter, StratifiedKFold) else groups))
    for train, test in found:
        require_apart(groups, train, test)
        _require_classes(bags, train, test)
    return found


def require_apart(
    groups: ArrayLike, train: Sequence[int] | NDArray[np.int64], test: Sequence[int] | NDArray[np.int64]
) -> None:
    """Raise MMReproError when a patient or block has tiles on both sides of a split."""
    names = np.asarray(groups)
    both = sorted({str(names[place]) for place in train} & {str(names[place]) for place in test})
    if both:
        raise MMReproError(
            f"{both[0]} stands on both sides of a split; keep its tiles in the training or in the test."
        )


def _require_classes(bags: Bags, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
    lacking = sorted(set(bags.classes) - {bags.classes[place] for place in bags.labels[train]})
    if lacking:
        left_out = ", ".join(sorted(set(bags.patients[test])))
        raise MMReproError(
            f"No training tile shows {lacking[0]} when tiles of {left_out} are left out; "
            "add tiles of that class from other patients or raise max_tiles."
        )


def core_folds(labels: NDArray[np.int64], count: int, seed: int) -> Iterator[Fold]:
    """Yield stratified folds of the benchmark's cores, whose patients are not told."""
    from sklearn.model_selection import StratifiedKFold

    yield from StratifiedKFold(count, shuffle=True, random_state=seed).split(labels, labels)
