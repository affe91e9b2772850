import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from torchmetrics.classification import MulticlassCalibrationError

from mmrepro.evidence import calibration


def test_reliability_agrees_with_sklearns_curve(overconfident):
    labels, _, values = overconfident
    # For two classes, confidence between 0.5 and 1 in 10 bins is sklearn's curve of "the answer is right".
    right = values.argmax(1) == labels
    rate, confidence = calibration_curve(right, (values.max(1) - 0.5) * 2, n_bins=10)
    table = calibration.reliability(labels, values)
    assert np.allclose(table["accuracy"], rate * 100)
    assert np.allclose(table["confidence"], (confidence / 2 + 0.5) * 100)
    assert table["count"].sum() == len(labels)


def test_calibration_error_of_a_worked_example():
    values = np.array([[0.9, 0.1]] * 4 + [[0.4, 0.6]] * 4)
    labels = np.array([0, 0, 0, 1, 1, 1, 0, 0])
    # Half the answers at 90 % are right in 75 %, the other half at 60 % in 50 %.
    assert calibration.calibration_error(labels, values) == pytest.approx((15 + 10) / 2)


def test_true_probabilities_are_calibrated_and_sharpened_ones_are_not(overconfident):
    labels, true, values = overconfident
    assert calibration.calibration_error(labels, true) < 1
    assert calibration.calibration_error(labels, values) > 10


def test_calibration_error_agrees_with_torchmetrics_where_the_bins_are_the_same():
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(4000, 3)) * 2
    values, labels = softmax(logits, axis=1), rng.integers(3, size=4000)
    # torchmetrics bins from 0 to 1; 15 such bins are 10 between 1/3 and 1.
    theirs = MulticlassCalibrationError(3, n_bins=15)(torch.from_numpy(values), torch.from_numpy(labels))
    assert calibration.calibration_error(labels, values, bins=10) == pytest.approx(
        100 * float(theirs), abs=1e-4
    )
