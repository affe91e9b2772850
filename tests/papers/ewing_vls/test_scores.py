import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from mmrepro.evidence.claim import Claim
from mmrepro.papers.ewing_vls import scores, units
from mmrepro.papers.ewing_vls.runs import Answers


@pytest.fixture
def said(rng):
    labels = rng.permutation(np.repeat([0, 1, 2], [7, 9, 14]))
    values = rng.dirichlet(np.ones(3), 30)
    values[:8] = values[8:16]  # ties
    return labels, values


def test_scores_agree_with_sklearn_for_every_weighting(said, rng):
    labels, values = said
    weights = rng.integers(0, 4, size=(6, 30)).astype(float)
    found = scores.weighted_scores(labels, values, weights)
    for row, own in zip(found, weights, strict=True):
        answer = values.argmax(1)
        areas = [roc_auc_score(labels == place, values[:, place], sample_weight=own) for place in range(3)]
        assert row == pytest.approx(
            [
                100 * accuracy_score(labels, answer, sample_weight=own),
                100 * balanced_accuracy_score(labels, answer, sample_weight=own),
                100 * np.mean(areas),
            ]
        )


def test_macro_auc_is_sklearns(said):
    labels, values = said
    ours = scores.weighted_scores(labels, values, np.ones((1, 30)))[0, 2]
    assert ours == pytest.approx(100 * roc_auc_score(labels, values, multi_class="ovr", average="macro"))


def test_a_draw_without_a_class_has_no_auc(said):
    labels, values = said
    weights = np.ones((1, 30)) * (labels != 1)
    found = scores.weighted_scores(labels, values, weights)[0]
    assert np.isfinite(found[0]) and np.isnan(found[1:]).all()


def test_patients_are_drawn_whole():
    patients = np.array(["a", "a", "b", "c", "c", "c"])
    weights = scores.patient_weights(patients, 50)
    assert (weights[:, 0] == weights[:, 1]).all() and (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, 0] + weights[:, 2] + weights[:, 3] == 3).all()


def some_answers(labels, rng, **shifts):
    found = Answers()
    for name, shift in shifts.items():
        for seed in (0, 1):
            values = rng.dirichlet(np.ones(3), len(labels))
            values[np.arange(len(labels)), labels] += shift
            found.probabilities.setdefault((name, "ABMIL", "patients left out"), {})[seed] = (
                values / values.sum(1, keepdims=True)
            )
    return found


def test_intervals_hold_the_value_and_patients_are_the_wider_ones_when_they_differ(rng):
    labels = np.tile([0, 1, 2], 40)
    patients = np.repeat(["p", "q", "r", "s"], 30)
    answers = some_answers(labels, rng, good=1.0)
    for values in answers.probabilities["good", "ABMIL", "patients left out"].values():
        values[:30] = np.roll(values[:30], 1, axis=1)  # one patient is read wrongly
    table = scores.intervals(answers, labels, patients, "patients left out", 300).set_index("metric")
    assert (table["tiles low"] <= table["value"]).all() and (table["value"] <= table["tiles high"]).all()
    wide = table["patients high"] - table["patients low"]
    assert (wide > table["tiles high"] - table["tiles low"]).all() and (table["kept"] == 100).all()


def test_a_gain_is_counted_tile_by_tile():
    labels = np.array([0, 1])
    right, wrong = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.9, 0.1], [0.8, 0.2]])
    gains = scores.gain_of(labels, {0: right, 1: right, 2: right}, {0: wrong, 1: right})
    assert gains.tolist() == [0, 50]
    assert scores.confusion(labels, {0: wrong}).tolist() == [[100, 0], [100, 0]]


def test_power_grows_with_patients_and_gain_and_is_small_without_one():
    rng = np.random.default_rng(1)
    patients = np.repeat(list("abcd"), 15)
    gains = rng.choice([-100, 0, 100], 60) + np.repeat([-10, 0, 5, 10], 15)
    found = {(n, g): scores.power(gains, patients, n, g, 2000) for n in (4, 16) for g in (0, 10, 40)}
    assert found[16, 40] > found[16, 10] > found[16, 0] and found[16, 40] > found[4, 40] > found[4, 0]
    assert found[4, 0] < 8 and found[16, 0] < 8  # nominal: 2.5
    assert scores.power(np.zeros(60), patients, 4, 10, 50) == 100  # a gain without any spread


def test_the_power_table_has_a_row_a_pair():
    gains, patients = np.arange(8.0), np.array(list("aabbccdd"))
    table = scores.power_table(gains, patients, [4, 8], [5, 10], 60)
    assert len(table) == 4 and table["power"].between(0, 100).all()


def claim(metric, systems):
    return Claim(id="E1", kind="order", sentence="s", metric=metric, systems=systems, source="s")


def test_claims_find_the_answers_that_they_compare(rng):
    strict = "patients left out"
    assert units.compared(claim(f"accuracy, {strict}", ("a", "b"))) == (
        ("a", "ABMIL", strict), ("b", "ABMIL", strict)
    )  # fmt: skip
    one, _ = units.compared(claim("accuracy by aggregator", ("TransMIL", "ABMIL")))
    assert one == ("in-domain image-text", "TransMIL", strict)
    one, _ = units.compared(claim("accuracy by split", ("slide blocks", strict)))
    assert one == ("ImageNet", "ABMIL", "slide blocks")
    assert units.compared(claim("power for ten points", ("four patients", "asked for"))) is None


def test_a_difference_has_an_interval_over_patients(rng, bags):
    answers = some_answers(bags.labels, rng, a=2.0, b=0.0)
    for metric in ("accuracy", "macro AUC"):
        low, high = units.patient_interval(
            claim(f"{metric}, patients left out", ("a", "b")), answers, bags, 200
        )
        assert 0 <= low < high <= 100  # of so few patients every draw counts


def test_rows_carry_split_and_aggregator(rng):
    labels = np.tile([0, 1, 2], 10)
    answers = some_answers(labels, rng, good=1.0)
    rows = pd.DataFrame(scores.score_rows(answers, labels))
    assert set(rows["system"]) == {"good"} and "calibration error, patients left out" in set(rows["metric"])
    rows = pd.DataFrame(scores.aggregator_rows(answers, labels, "good", "patients left out"))
    assert set(rows["system"]) == {"ABMIL"} and len(rows) == 6
