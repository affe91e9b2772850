import numpy as np
import pytest

from mmrepro.papers.tarsier2 import published


def test_table_1_is_whole():
    table = published.dream_table()
    assert table["model"].nunique() == 19
    assert (table.groupby("model").size() == 6).all()
    assert table[["F1", "precision", "recall"]].notna().all(axis=None)


def test_f1_of_a_cell_is_that_of_its_precision_and_recall():
    table = published.dream_table()
    cells = table[table["category"] != "Overall"]
    joined = 2 * cells["precision"] * cells["recall"] / (cells["precision"] + cells["recall"])
    assert (joined - cells["F1"]).abs().max() < 0.11


def test_the_means_are_joined_before_f1():
    table = published.recomputed()
    assert (table["F1 of means, off by"].abs() <= published.ROUNDING).all()
    assert (table["mean of F1s, off by"].abs() > published.ROUNDING).any()


def test_ablations_have_every_benchmark():
    table = published.ablations()
    assert (table.groupby(["table", "arm"]).size() == 13).all()
    full = table.query("arm == 'Tarsier2-7B (full DPO)' and benchmark == 'DREAM-1K F1'")
    assert full["value"].tolist() == [42.0]


def test_ranks_start_with_the_largest():
    table = published.ranks(published.dream_table(), "category", "F1")
    best = table[(table["category"] == "Overall") & (table["rank"] == 1)]
    assert best["model"].tolist() == ["Tarsier2-7B"]


def test_the_error_of_f1_agrees_with_simulation():
    rng = np.random.default_rng(0)
    covariance = np.array([[0.06, 0.02], [0.02, 0.05]])
    draws = rng.multivariate_normal([0.4, 0.45], covariance, size=(3000, 200)).mean(axis=1)
    simulated = (2 * draws.prod(axis=1) / draws.sum(axis=1)).std()
    assert published.f1_error(0.4, 0.45, covariance, 200) == pytest.approx(simulated, rel=0.05)


def test_contributions_spread_as_the_error_says():
    rng = np.random.default_rng(1)
    scores = rng.uniform(size=(2, 500))
    error = published.f1_error(*scores.mean(axis=1), np.cov(scores, ddof=0), 500)
    assert published.contributions(*scores).std() / np.sqrt(500) == pytest.approx(error)


def test_pairing_makes_smaller_differences_telling():
    unpaired, paired = (published.smallest_difference(0.4, 0.4, c) for c in (0.0, 0.6))
    assert unpaired == pytest.approx(100 * 1.96 * 0.4 * np.sqrt(2 / 1000))
    assert paired < unpaired
    assert published.smallest_difference(0.4, 0.4, 1.0) == 0


def test_no_scores_within_their_range_spread_more_than_the_bound():
    ones = np.repeat([0.0, 1.0], [6, 4])
    assert np.allclose(published.bound_covariance(0.4, 0.4), np.cov(np.stack([ones, ones]), ddof=0))
