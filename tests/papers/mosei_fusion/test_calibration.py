import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from mmrepro.papers.mosei_fusion import calibration
from mmrepro.papers.mosei_fusion.data import MODALITIES


def test_temperature_finds_the_factor_that_was_put_in(overconfident):
    labels, true, values = overconfident
    assert calibration.fit_temperature(labels, values) == pytest.approx(3, rel=0.05)
    assert calibration.fit_temperature(labels, true) == pytest.approx(1, rel=0.05)


def test_sharpening_keeps_answers_and_inverts():
    values = softmax(np.random.default_rng(0).normal(size=(50, 3)), axis=1)
    warm = calibration.sharpen(values, 2.5)
    assert np.array_equal(warm.argmax(1), values.argmax(1))
    assert (warm.max(1) < values.max(1)).all()
    assert np.allclose(calibration.sharpen(warm, 1 / 2.5), values)


def test_repair_helps_where_weak_modalities_are_overconfident():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 600)
    speakers = np.repeat(np.arange(30), 20).astype(str)
    good = softmax(
        np.column_stack([-1.0 * (2 * labels - 1), 1.0 * (2 * labels - 1)]) + rng.normal(0, 1, (600, 2)),
        axis=1,
    )
    loud = [softmax(rng.normal(0, 8, (600, 2)), axis=1) for _ in range(2)]
    unimodal = dict(zip(MODALITIES, [good, *loud], strict=True))
    mean = np.mean(list(unimodal.values()), axis=0)
    repaired = calibration.repaired_late_fusion(unimodal, labels, speakers)
    accuracy = {name: (values.argmax(1) == labels).mean() for name, values in repaired.items()}
    assert min(accuracy.values()) > (mean.argmax(1) == labels).mean() + 0.1
    for values in repaired.values():
        assert np.allclose(values.sum(1), 1)
        assert log_loss(labels, values) < log_loss(labels, mean)


def test_repair_is_fitted_on_other_speakers():
    """A speaker whose labels are flipped cannot teach the model about itself."""
    labels = np.tile([0, 1], 50)
    speakers = np.repeat(np.arange(5), 20).astype(str)
    told = np.where(speakers == "4", 1 - labels, labels)
    values = np.where(told[:, None] == np.arange(2), 0.9, 0.1)
    repaired = calibration.repaired_late_fusion(dict.fromkeys(MODALITIES, values), labels, speakers)
    wrong = repaired["late, stacked"].argmax(1) != labels
    assert wrong[speakers == "4"].all() and not wrong[speakers != "4"].any()


def test_confidence_table_averages_over_seeds(fusion):
    from mmrepro.papers.mosei_fusion.evaluation import Runs

    test = fusion.test.take(np.arange(4))
    sure = np.full((4, 2), 0.5)
    sure[:, 0], sure[:, 1] = 0.8, 0.2
    runs = Runs(test, {"text": {0: sure, 1: np.full((4, 2), 0.5)}})
    row = calibration.confidence_table(runs, ("text",)).iloc[0]
    assert row["mean confidence"] == pytest.approx(65)


def test_repaired_fusions_are_added_for_every_seed(fusion):
    from mmrepro.papers.mosei_fusion.evaluation import Runs

    rng = np.random.default_rng(0)
    draw = {seed: softmax(rng.normal(size=(len(fusion.test), 2)), axis=1) for seed in (0, 1)}
    runs = Runs(fusion.test, {name: dict(draw) for name in MODALITIES})
    calibration.add_repaired(runs)
    assert set(runs.probabilities["late, calibrated"]) == set(runs.probabilities["late, stacked"]) == {0, 1}
