"""Intervals and tests behind a verdict: SciPy's, under our names."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Interval: TypeAlias = tuple[float, float]
_ROUNDS = 4000  # bootstrap resamples: the 2.5 % quantile's own error is then below 0.25 points of rank


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Student-t interval of the mean of `values`, shape (n,), n >= 2."""
    from scipy import stats

    sample = np.asarray(values, dtype=float)
    error = stats.sem(sample)
    if error == 0:
        return float(sample.mean()), float(sample.mean())
    low, high = stats.t.interval(level, len(sample) - 1, loc=sample.mean(), scale=error)
    return float(low), float(high)


def prediction_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Interval that holds one new run's value with probability `level`, from n >= 2 runs."""
    from scipy import stats

    sample = np.asarray(values, dtype=float)
    count = len(sample)
    spread = sample.std(ddof=1) * math.sqrt(1 + 1 / count) * stats.t.ppf((1 + level) / 2, count - 1)
    return float(sample.mean() - spread), float(sample.mean() + spread)


def sign_flip_p(differences: ArrayLike) -> float:
    """Exact one-sided sign-flip test that paired `differences`, shape (n,), exceed zero.

    With n pairs the smallest p is 2⁻ⁿ, so n = 5 is the least that can reach 0.05.
    """
    from scipy import stats

    sample = np.asarray(differences, dtype=float)
    outcome = stats.permutation_test(
        (sample,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        alternative="greater",
        n_resamples=2 ** min(len(sample), 14),
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(outcome.pvalue)


def bootstrap_level(units: int, level: float = 0.95) -> float:
    """Return the share of bootstrap draws that an interval over `units` must span to hold `level`.

    A percentile interval of few units is too short twice over: it takes the spread of the sample for that
    of the population and the normal's tails for Student's. This is the expanded percentile interval of
    Hesterberg, *What Teachers Should Know About the Bootstrap* (The American Statistician, 2015). One unit
    says nothing of the spread: all draws.
    """
    from scipy import stats

    if units < 2:
        return 1.0
    reach = math.sqrt(units / (units - 1)) * stats.t.ppf((1 + level) / 2, units - 1)
    return float(1 - 2 * stats.norm.sf(reach))


def cluster_interval(differences: ArrayLike, clusters: ArrayLike, level: float = 0.95) -> Interval:
    """Bootstrap interval of the mean of `differences` over test items, resampling whole clusters.

    Items of one speaker are not independent; drawing speakers instead of items keeps that.

    Parameters
    ----------
    differences
        Shape (n,): one number a test item, such as correct by A minus correct by B.
    clusters
        Shape (n,): the cluster of each item.
    """
    from scipy import stats

    values = np.asarray(differences, dtype=float)
    _, membership = np.unique(np.asarray(clusters), return_inverse=True)
    totals, sizes = np.bincount(membership, weights=values), np.bincount(membership)

    def mean_of(drawn: NDArray[np.int64], axis: int = -1) -> NDArray[np.float64]:
        return np.asarray(totals[drawn].sum(axis=axis) / sizes[drawn].sum(axis=axis))

    outcome = stats.bootstrap(
        (np.arange(len(sizes)),),
        mean_of,
        n_resamples=_ROUNDS,
        confidence_level=bootstrap_level(len(sizes), level),
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(outcome.confidence_interval.low), float(outcome.confidence_interval.high)


def proportion_difference(share: float, reference: float, count: int) -> tuple[Interval, float]:
    """Compare a published share, known to come from `count` items, with a fixed reference share.

    Returns
    -------
    tuple
        The 95 % Wilson interval of ``share - reference`` and the exact binomial p that the share
        exceeds the reference (both in [0, 1]).
    """
    from scipy import stats

    outcome = stats.binomtest(round(share * count), count, reference, alternative="greater")
    interval = stats.binomtest(round(share * count), count).proportion_ci(0.95, method="wilson")
    return (float(interval.low - reference), float(interval.high - reference)), float(outcome.pvalue)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm-adjusted p-values, shape (n,), for n tests read together.

    Written out, because reading a record needs it and statsmodels takes seconds to load.
    """
    sample = np.asarray(p_values, dtype=float)
    order = np.argsort(sample)
    stepped = np.maximum.accumulate(sample[order] * np.arange(len(sample), 0, -1))
    adjusted = np.empty_like(sample)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
