import itertools
import math

import numpy as np
import pytest
from scipy import special, stats

from mmrepro.evidence import statistics

SAMPLE = [4.0, 6.0, 11.0]  # mean 7, standard deviation sqrt(13)


def test_the_t_interval_by_hand():
    half = 4.302652729911275 * math.sqrt(13) / math.sqrt(3)  # t(0.975, 2) from a table
    assert statistics.mean_interval(SAMPLE) == pytest.approx((7 - half, 7 + half), rel=1e-9)


def test_the_level_of_the_t_interval_counts():
    half = 2.919985580353726 * math.sqrt(13) / math.sqrt(3)
    assert statistics.mean_interval(SAMPLE, level=0.90) == pytest.approx((7 - half, 7 + half), rel=1e-9)


def test_the_interval_of_equal_values_is_a_point():
    assert statistics.mean_interval([2.5, 2.5, 2.5]) == (2.5, 2.5)
    assert statistics.prediction_interval([2.5, 2.5, 2.5]) == (2.5, 2.5)


def test_the_prediction_interval_of_three_runs_is_4_97_deviations_wide():
    factor = stats.t.ppf(0.975, 2) * 2 * math.sqrt(1 / 3)  # sqrt(1 + 1/3) = 2 sqrt(1/3)
    assert factor == pytest.approx(4.968, abs=1e-3)
    low, high = statistics.prediction_interval(SAMPLE)
    assert (7 - low, high - 7) == pytest.approx((factor * math.sqrt(13),) * 2, rel=1e-9)


def test_the_prediction_interval_holds_a_new_run_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(size=(2000, 6))
    held = [low <= row[5] <= high for row in draws for low, high in [statistics.prediction_interval(row[:5])]]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)  # three standard errors


@pytest.mark.parametrize("count", range(2, 9))
def test_the_sign_flip_p_counts_every_sign(count):
    sample = np.random.default_rng(count).normal(0.5, 1, count).round(2)
    signs = itertools.product([1, -1], repeat=count)
    means = np.array([np.mean(sample * flip) for flip in signs])
    expected = np.mean(means >= sample.mean() - 1e-12)
    assert statistics.sign_flip_p(sample) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ([1, 2, 3, 4, 5], 1 / 32),
        ([-1, -2, -3, -4, -5], 1.0),
        ([1, 1, 1, 1, -1], 6 / 32),
        ([0, 0, 0, 0, 0], 1.0),
        ([1.0] * 10, 1 / 1024),
        ([1.0] * 14, 1 / 2**14),
    ],
)
def test_sign_flip_p_of_known_cases(sample, expected):
    assert statistics.sign_flip_p(sample) == pytest.approx(expected, rel=1e-9)


def test_many_pairs_are_drawn_repeatably_and_near_the_normal_limit():
    sample = np.random.default_rng(3).normal(0.3, 1, 40)
    once = statistics.sign_flip_p(sample)
    assert once == statistics.sign_flip_p(sample)
    assert once == pytest.approx(stats.ttest_1samp(sample, 0, alternative="greater").pvalue, abs=0.01)


def test_singleton_clusters_give_the_item_bootstrap():
    values = np.random.default_rng(0).normal(0.2, 1, 200)
    found = statistics.cluster_interval(values, np.arange(200))
    draws = np.random.default_rng(1).integers(0, 200, (4000, 200))
    expected = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    assert found == pytest.approx(tuple(expected), abs=0.02)


def test_clusters_that_agree_within_widen_the_interval():
    speakers = np.repeat(np.arange(20), 25)
    values = np.random.default_rng(0).normal(size=20)[speakers]
    low, high = statistics.cluster_interval(values, speakers)
    item_low, item_high = statistics.cluster_interval(values, np.arange(len(values)))
    assert (high - low) > 3 * (item_high - item_low)  # sqrt(25) = 5 in the limit
    assert low < values.mean() < high


def test_clusters_weigh_as_many_items_as_they_hold():
    values, clusters = [1.0] * 9 + [0.0], ["big"] * 9 + ["small"]
    low, high = statistics.cluster_interval(values, clusters)
    assert (low, high) == (0.0, 1.0)  # both drawn twice; half of the draws mix them at 0.9


def test_the_bootstrap_repeats():
    values = np.random.default_rng(0).normal(size=50)
    assert statistics.cluster_interval(values, np.arange(50) // 5) == statistics.cluster_interval(
        values, np.arange(50) // 5
    )


def wilson(successes, count):
    z = 1.959963984540054
    share = successes / count
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return centre - half, centre + half


def test_the_wilson_interval_by_its_formula():
    (low, high), _ = statistics.proportion_difference(0.7187, 0.6, 4662)
    expected = wilson(round(0.7187 * 4662), 4662)
    assert (low + 0.6, high + 0.6) == pytest.approx(expected, rel=1e-9)


def test_the_exact_binomial_p_by_its_sum():
    _, p_value = statistics.proportion_difference(0.8, 0.5, 10)
    expected = sum(special.comb(10, hits) for hits in range(8, 11)) / 2**10
    assert p_value == pytest.approx(expected, rel=1e-12)


def test_holm_on_a_worked_example():
    # Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, then never decreasing.
    assert statistics.holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_holm_as_statsmodels_has_it():
    from statsmodels.stats.multitest import multipletests

    sample = np.random.default_rng(0).uniform(0, 0.2, 15).round(2)  # with ties
    assert statistics.holm(sample) == pytest.approx(multipletests(sample, method="holm")[1])


def test_holm_of_one_and_of_none():
    assert statistics.holm([0.03]) == pytest.approx([0.03])
    assert statistics.holm([]).size == 0


def test_holm_never_exceeds_one():
    assert statistics.holm([0.6, 0.9]).max() == 1.0
