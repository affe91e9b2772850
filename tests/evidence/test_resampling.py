import numpy as np
import pytest
from scipy import stats

from mmrepro.evidence import resampling
from mmrepro.evidence.statistics import mean_interval


def test_weights_are_counts_of_draws():
    weights = resampling.draw_weights(5, 20, 300)
    assert weights.shape == (300, 5)
    assert (weights.sum(axis=1) == 20).all() and (weights >= 0).all()
    assert weights.mean(axis=0) == pytest.approx(np.full(5, 4.0), abs=0.4)


def test_the_bootstrap_interval_is_that_of_the_normal_mean():
    values = np.random.default_rng(0).normal(3, 2, 200)
    weights = resampling.draw_weights(200, 200, 4000)
    low, high = resampling.percentile_interval(weights @ values / 200)
    error = 1.96 * values.std() / np.sqrt(200)
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.05)


def test_order_from_draws_counts_those_at_or_below_the_margin():
    draws = np.r_[np.full(5, -1.0), np.full(94, 2.0)]
    found = resampling.order_from_draws(1.8, draws, units=7)
    assert found.p_value == pytest.approx(6 / 100)
    assert (found.n_seeds, found.basis) == (7, "items")
    assert found.interval == resampling.bootstrap_interval(draws, 7)
    assert resampling.order_from_draws(1.8, draws, 7, margin=2.0).p_value == 1


def test_value_from_draws_predicts_wider_than_it_knows():
    found = resampling.value_from_draws(3.2, 3 + np.linspace(-1, 1, 2001), units=10**6)
    assert (found.n_seeds, found.basis) == (10**6, "items")
    assert found.interval == pytest.approx((2.05, 3.95), abs=1e-5)
    assert found.equivalence == pytest.approx((2.1, 3.9), abs=1e-5)
    assert found.prediction == pytest.approx((3.2 - 1.15 * 2**0.5, 3.2 + 0.75 * 2**0.5), abs=1e-5)


@pytest.mark.parametrize("units", [5, 12])
@pytest.mark.parametrize("level", [0.95, 0.9])
def test_the_interval_of_a_mean_of_few_people_is_students(units, level):
    """Draws that are normal with the spread of a bootstrapped mean: the t interval in closed form."""
    values = np.random.default_rng(units).normal(3, 2, units)
    ranks = (np.arange(200_000) + 0.5) / 200_000
    draws = stats.norm.ppf(ranks, values.mean(), values.std() / units**0.5)
    found = resampling.bootstrap_interval(draws, units, level)
    assert found == pytest.approx(mean_interval(values, level), abs=2e-3)


def test_one_person_leaves_every_draw_in_the_interval():
    assert resampling.bootstrap_interval([1.0, 2.0, 9.0], units=1) == (1.0, 9.0)


def test_few_units_can_give_no_small_p():
    found = resampling.order_over_units([30.0, 31, 29, 30, 30])
    assert found.p_value == pytest.approx(2**-5)
    assert found.interval == mean_interval([30.0, 31, 29, 30, 30])
    assert (found.n_seeds, found.basis) == (5, "items")


def test_an_order_over_units_is_tested_against_its_margin():
    values = [30, 31, 29, 30, 30]
    assert resampling.order_over_units(values, margin=29.5).p_value == pytest.approx(5 / 2**5)
    assert resampling.order_over_units(values, margin=40.0).p_value == 1
    assert resampling.order_over_units([0.5, 0.6, 0.7]).p_value == pytest.approx(2**-3)


def test_unit_means_are_by_sorted_unit():
    assert resampling.unit_means([1.0, 2, 4, 6], ["b", "a", "b", "a"]).tolist() == [4, 2.5]
