import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo.evaluation import f1_by_thresholds, score_runs
from mmrepro.papers.hmg_emo.runs import Prediction, Runs
from mmrepro.papers.hmg_emo.split import Split

from .conftest import tiny_corpus


@pytest.fixture
def runs():
    """Two seeds of 5 users and 2 items: item 0 is validation, item 1 is the test, both ticked alike."""
    edges = [(user, item) for item in range(2) for user in range(4)] + [(4, 0)]
    labels = [[1], [0], [1], [0]] * 2 + [[1]]
    corpus = tiny_corpus(edges, labels, users=5)
    pairs = torch.arange(4), torch.arange(4, 8)
    numbers = [corpus.pair[rows] for rows in pairs]
    split = Split(corpus, corpus.pair[8:], *numbers, torch.zeros(0, dtype=torch.long))
    return Runs(corpus, {0: split, 1: split})


TICKED = np.array([[1.0], [0.0], [1.0], [0.0]])
LOW, HIGH = np.where(TICKED > 0, 0.3, 0.1), np.where(TICKED > 0, 0.6, 0.4)


def test_thresholds_of_the_test_hide_that_those_of_validation_do_not_fit(runs):
    runs.predictions["moved"] = {0: Prediction(LOW, HIGH), 1: Prediction(LOW, HIGH)}
    # Thresholds that part the low ones tick all four: half of them rightly.
    assert f1_by_thresholds(runs, "valid")["moved"] == pytest.approx(200 * 2 / 6)
    assert f1_by_thresholds(runs, "test")["moved"] == 100
    assert f1_by_thresholds(runs, 0.5)["moved"] == 100
    assert f1_by_thresholds(runs, 0.65)["moved"] == 0


def test_where_both_parts_are_alike_nothing_is_gained(runs):
    runs.predictions["alike"] = {0: Prediction(LOW, LOW), 1: Prediction(HIGH, HIGH)}
    assert f1_by_thresholds(runs, "valid")["alike"] == f1_by_thresholds(runs, "test")["alike"] == 100
    # The first seed's probabilities all lie below one half.
    assert f1_by_thresholds(runs, 0.5)["alike"] == 50


def test_thresholds_of_validation_are_those_of_the_chapters_scores(runs):
    runs.predictions["moved"] = {0: Prediction(LOW, HIGH), 1: Prediction(HIGH, HIGH)}
    rows = score_runs(runs)
    expected = rows[rows["metric"] == "macro-F1"]["value"].mean()
    assert f1_by_thresholds(runs, "valid")["moved"] == pytest.approx(expected)


@pytest.mark.parametrize("wrong", ["train", 0.0, 1, 1.5])
def test_other_choices_are_refused(runs, wrong):
    with pytest.raises(MMReproError, match=f"'valid' or 'test', or one probability.*not {wrong!r}"):
        f1_by_thresholds(runs, wrong)
