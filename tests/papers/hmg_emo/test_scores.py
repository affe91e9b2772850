import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from mmrepro.papers.hmg_emo import scores
from mmrepro.papers.hmg_emo.runs import Prediction

RNG = np.random.default_rng(5)
LABELS = (RNG.random((120, 4)) < [0.5, 0.3, 0.2, 0.1]).astype(float)
GIVEN = np.clip(0.3 * LABELS + RNG.random((120, 4)), 0, 1)


def test_map_is_the_mean_of_scikit_learns_average_precision():
    expected = average_precision_score(LABELS, GIVEN, average="macro")
    assert scores.mean_average_precision(LABELS, GIVEN) == pytest.approx(100 * expected)


def test_an_emotion_that_nobody_ticked_is_left_out():
    labels = LABELS.copy()
    labels[:, 2] = 0
    found = scores.average_precisions(labels, GIVEN)
    assert np.isnan(found[2])
    assert scores.mean_average_precision(labels, GIVEN) == pytest.approx(found[[0, 1, 3]].mean())


def test_macro_f1_is_scikit_learns_at_the_chosen_thresholds():
    thresholds = scores.best_thresholds(LABELS, GIVEN)
    expected = f1_score(LABELS, thresholds < GIVEN, average="macro", zero_division=0)
    assert scores.macro_f1(LABELS, GIVEN, thresholds) == pytest.approx(100 * expected)
    for emotion in range(4):
        best = max(
            f1_score(LABELS[:, emotion], GIVEN[:, emotion] > level) for level in np.linspace(0.05, 0.7, 27)
        )
        chosen = f1_score(LABELS[:, emotion], GIVEN[:, emotion] > thresholds[emotion])
        assert chosen == pytest.approx(best)


def test_top_hit_is_that_of_a_hand_worked_case():
    labels, given = np.array([[1, 0], [0, 1], [1, 1]]), np.array([[0.9, 0.1], [0.8, 0.3], [0.2, 0.6]])
    assert scores.top_hit(labels, given) == pytest.approx(200 / 3)


def test_thresholds_come_from_validation():
    labels = np.array([[1.0], [0.0], [1.0], [0.0]])
    low, high = labels * 0.1, np.where(labels > 0, 0.6, 0.4)
    # A threshold that parts the low ones cuts nothing of the high ones away: all four are ticked.
    found = scores.all_scores(labels, labels, Prediction(low, high))
    assert found["macro-F1"] == pytest.approx(200 * 2 / 6)
    assert found["mAP"] == 100


@pytest.mark.parametrize("ties", [False, True])
def test_redrawn_map_is_scikit_learns_with_the_draws_as_weights(ties):
    given = GIVEN.round(1) if ties else GIVEN
    items = RNG.integers(0, 15, 120)
    weights = RNG.multinomial(15, np.full(15, 1 / 15), size=8).astype(float)
    found = scores.redrawn_map(LABELS, given, items, weights)
    columns = range(LABELS.shape[1])
    expected = [
        100
        * np.mean(
            [average_precision_score(LABELS[:, k], given[:, k], sample_weight=w[items]) for k in columns]
        )
        for w in weights
    ]
    assert found == pytest.approx(expected, abs=1e-3)


def test_a_draw_without_an_emotion_leaves_it_out():
    labels = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    given, items = np.array([[0.9, 0.1], [0.5, 0.9], [0.1, 0.2]]), np.array([0, 1, 2])
    found = scores.redrawn_map(labels, given, items, np.array([[0.0, 2.0, 1.0]]))
    assert found == pytest.approx([100])
