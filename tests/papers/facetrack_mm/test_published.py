import numpy as np
import pytest
from scipy.stats import spearmanr

from mmrepro.papers.facetrack_mm import published


@pytest.fixture
def main():
    return published.main_table()


def test_the_table_has_eighteen_systems_and_eight_columns(main):
    assert main.shape == (18, 8)
    assert tuple(main.columns) == published.METRICS
    assert main.notna().all().all()
    assert main.index.is_unique


def test_columns_are_won_only_by_being_better_than_everyone(main):
    assert published.columns_won(main, published.OURS) == sum(
        main[column].idxmax() == published.OURS for column in main
    )
    tied = main.copy()
    tied.loc["GPT-4o", "TEM"] = tied.loc[published.OURS, "TEM"]
    assert published.columns_won(tied, published.OURS) == 7


def test_rank_correlations_are_those_of_scipy(main):
    found = published.rank_correlations(main)
    for column in main.columns.drop("TEM"):
        assert found[column] == pytest.approx(spearmanr(main[column], main["TEM"]).statistic)


def test_draws_are_differences_of_two_correlations_over_drawn_systems(main):
    draws = published.correlation_gap_draws(main, "AutoDQ", "ROUGE-L", rounds=50)
    rng = np.random.default_rng(0)
    picked = main.to_numpy()[rng.integers(0, 18, (50, 18))]
    columns = [list(main.columns).index(name) for name in ("AutoDQ", "ROUGE-L", "TEM")]
    for draw, sample in zip(draws[:5], picked, strict=False):
        near, far, metric = (sample[:, column] for column in columns)
        by_hand = spearmanr(near, metric).statistic - spearmanr(far, metric).statistic
        assert draw == pytest.approx(by_hand)
