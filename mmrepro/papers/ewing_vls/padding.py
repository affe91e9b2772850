"""What becomes of an answer when the zeros that fill up a bag are taken for patches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mmrepro.papers.ewing_vls.heads import Aggregator
from mmrepro.papers.ewing_vls.runs import Padded, cross_validate
from mmrepro.papers.ewing_vls.settings import Settings
from mmrepro.papers.ewing_vls.split import Fold


def filled_up(padded: Padded, more: int) -> Padded:
    """Return the same bags with `more` empty places at the end of each."""
    return Padded(functional.pad(padded.features, (0, 0, 0, more)), functional.pad(padded.mask, (0, more)))


def unmasked(padded: Padded) -> Padded:
    """Return the same bags with every place said to be a patch."""
    return Padded(padded.features, torch.ones_like(padded.mask))


def padding_scores(
    padded: Padded,
    labels: NDArray[np.int64],
    splits: Sequence[Fold],
    settings: Settings,
    seed: int,
    kind: Aggregator,
    masked: bool,
    more: int,
) -> dict[str, float]:
    """Cross-validate an aggregator on bags as they are, and filled up by `more` places, in percent.

    Returns
    -------
    dict
        Accuracy; the same with the filled-up bags; how much attention falls on what is no patch; and how
        many answers the filling-up changes, which should be none.
    """
    said, attention = [], []
    for bags in (padded, filled_up(padded, more)):
        read = bags if masked else unmasked(bags)
        found, seen = cross_validate(kind, read, labels, splits, settings, seed)
        said.append(found.argmax(1))
        attention.append(float(seen[~bags.mask.numpy()].sum()) / len(labels))
    short, long = said
    return {
        "accuracy": 100 * float(np.mean(short == labels)),
        f"accuracy, {more} places more": 100 * float(np.mean(long == labels)),
        "attention on padding": 100 * attention[0],
        "answers changed": 100 * float(np.mean(short != long)),
    }
