"""Agreement of raters on categories: Krippendorff's alpha and Fleiss' kappa, from counts of votes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

Counts: TypeAlias = NDArray[np.int64]
"""Votes, shape (items, categories): how many raters put each item into each category."""


def alpha_parts(counts: Counts) -> NDArray[np.float64]:
    """Return what each item adds to alpha, so that resampling items is adding up rows.

    Items with fewer than two votes can disagree with nobody and add nothing.

    Returns
    -------
    array
        Shape (items, 1 + categories): the item's disagreeing pairs, then its votes by category.
    """
    votes = np.asarray(counts, dtype=np.float64)
    raters = votes.sum(axis=1)
    usable = raters > 1
    pairs = (raters**2 - (votes**2).sum(axis=1)) / np.where(usable, raters - 1, 1)
    parts = np.column_stack([pairs, votes])
    parts[~usable] = 0
    return parts


def alpha_of(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return alpha from sums of `alpha_parts`, shape (..., 1 + categories); NaN where no vote differs."""
    votes = totals[..., 1:]
    count = votes.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = totals[..., 0] / count
        expected = (count**2 - (votes**2).sum(axis=-1)) / (count * (count - 1))
        return np.asarray(1 - observed / expected)


def krippendorff_alpha(counts: Counts) -> float:
    """Return Krippendorff's alpha for categories without order.

    One minus observed over expected disagreement; raters may differ from item to item, and in number.
    Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011).

    Raises
    ------
    MMReproError
        When no item has two votes, or when all votes name one category, so that alpha is not defined.
    """
    totals = alpha_parts(counts).sum(axis=0)
    if totals.sum() == 0:
        raise MMReproError("Agreement needs an item with two votes, and no item has more than one.")
    if np.count_nonzero(totals[1:]) < 2:
        raise MMReproError("Alpha is not defined where all votes name one category.")
    return float(alpha_of(totals))


def fleiss_kappa(counts: Counts) -> float:
    """Return Fleiss' kappa, which needs the same number of votes for every item.

    Raises
    ------
    MMReproError
        When the numbers of votes differ; `thin_votes` makes them equal.
    """
    from statsmodels.stats.inter_rater import fleiss_kappa as kappa

    raters = np.unique(np.asarray(counts).sum(axis=1))
    if len(raters) != 1 or raters[0] < 2:
        raise MMReproError(
            f"Fleiss' kappa needs equally many votes for every item, at least two, not {raters.min()} to "
            f"{raters.max()}; thin_votes makes them equal."
        )
    return float(kappa(np.asarray(counts)))


def thin_votes(counts: Counts, raters: int, rng: np.random.Generator) -> Counts:
    """Draw `raters` of each item's votes without replacement; items with fewer are left out.

    Returns
    -------
    array
        Shape (kept items, categories), each row adding up to `raters`.
    """
    votes = np.asarray(counts, dtype=np.int64)
    kept = votes[votes.sum(axis=1) >= raters]
    categories = kept.shape[1]
    # Every vote becomes a ticket with a random number; an item keeps its smallest ones.
    item = np.repeat(np.arange(len(kept)), kept.sum(axis=1))
    category = np.repeat(np.tile(np.arange(categories), len(kept)), kept.ravel())
    order = np.lexsort((rng.random(len(item)), item))
    starts = np.cumsum(kept.sum(axis=1)) - kept.sum(axis=1)
    rank = np.arange(len(item)) - np.repeat(starts, kept.sum(axis=1))
    drawn = order[rank < raters]
    flat = np.bincount(item[drawn] * categories + category[drawn], minlength=kept.size)
    return flat.reshape(kept.shape).astype(np.int64)


def vote_entropy(counts: Counts) -> NDArray[np.float64]:
    """Return the entropy of each item's votes in bits, shape (items,); 0 where all agree."""
    votes = np.asarray(counts, dtype=np.float64)
    share = votes / votes.sum(axis=1, keepdims=True)
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(-(share * logs).sum(axis=1) + 0.0)


def majority(counts: Counts) -> NDArray[np.int64]:
    """Return the most frequent category of each item, shape (items,); -1 where two tie."""
    votes = np.asarray(counts)
    tied = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return np.where(tied, -1, votes.argmax(axis=1)).astype(np.int64)
