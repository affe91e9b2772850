"""Estimates whose uncertainty is one of people, speakers or sessions, not of seeds."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmrepro.evidence.statistics import Interval, bootstrap_level, mean_interval, sign_flip_p
from mmrepro.evidence.verdict import Estimate

Draws: TypeAlias = NDArray[np.float64]


def draw_weights(units: int, size: int, rounds: int, seed: int = 0) -> Draws:
    """Draw `size` of `units` with replacement, `rounds` times, as how often each was drawn.

    Sums over drawn units are then one matrix product.

    Returns
    -------
    array
        Shape (rounds, units), each row adding up to `size`.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(size, np.full(units, 1 / units), size=rounds).astype(np.float64)


def percentile_interval(draws: ArrayLike, level: float = 0.95) -> Interval:
    """Return the central `level` of `draws`, shape (rounds,)."""
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(np.asarray(draws, dtype=float), [tail, 100 - tail])
    return float(low), float(high)


def bootstrap_interval(draws: ArrayLike, units: int, level: float = 0.95) -> Interval:
    """Return the interval of a number from bootstrap `draws` of it over `units` people, shape (rounds,)."""
    return percentile_interval(draws, bootstrap_level(units, level))


def value_from_draws(value: float, draws: ArrayLike, units: int) -> Estimate:
    """Estimate a number from bootstrap draws of it over `units` people.

    The prediction interval, for another sample of as many people, is wider than the bootstrap's by the
    square root of two: both samples vary.
    """
    low, high = bootstrap_interval(draws, units)
    wider = np.sqrt(2)
    return Estimate(
        value=value,
        interval=(low, high),
        equivalence=bootstrap_interval(draws, units, 0.90),
        prediction=(float(value + wider * (low - value)), float(value + wider * (high - value))),
        n_seeds=units,
        basis="items",
    )


def order_from_draws(value: float, draws: ArrayLike, units: int, margin: float = 0.0) -> Estimate:
    """Estimate a difference from draws of it over `units` people; p is the share at or below `margin`."""
    found = np.asarray(draws, dtype=float)
    p_value = (1 + int((found <= margin).sum())) / (1 + len(found))
    return Estimate(
        value=value,
        interval=bootstrap_interval(found, units),
        p_value=p_value,
        n_seeds=units,
        basis="items",
    )


def order_over_units(differences: ArrayLike, margin: float = 0.0) -> Estimate:
    """Estimate a mean difference from one number a unit: t interval, exact sign-flip p.

    For few units (speakers, sessions), where a bootstrap would be too sure.
    """
    found = np.asarray(differences, dtype=float)
    return Estimate(
        value=float(found.mean()),
        interval=mean_interval(found),
        p_value=sign_flip_p(found - margin),
        n_seeds=len(found),
        basis="items",
    )


def unit_means(values: ArrayLike, units: ArrayLike) -> NDArray[np.float64]:
    """Return the mean of `values` over each unit, shape (units,), in the order of the sorted units."""
    _, membership = np.unique(np.asarray(units), return_inverse=True)
    totals = np.bincount(membership, weights=np.asarray(values, dtype=float))
    return np.asarray(totals / np.bincount(membership))
