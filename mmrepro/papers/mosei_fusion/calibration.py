"""Why averaging decisions loses: over-confident weak modalities, and what repairs it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold

from mmrepro.evidence.calibration import calibration_error
from mmrepro.papers.mosei_fusion.data import MODALITIES
from mmrepro.papers.mosei_fusion.evaluation import Probabilities, Runs

_FLOOR = 1e-6


def fit_temperature(labels: NDArray[np.int64], values: Probabilities) -> float:
    """Find the temperature that minimises the log loss (Guo et al. 2017, section 4.2).

    Above 1 it softens over-confident probabilities; it never changes an answer.
    """

    def loss(log_temperature: float) -> float:
        return float(
            log_loss(labels, sharpen(values, np.exp(log_temperature)), labels=range(values.shape[1]))
        )

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 5), method="bounded").x))


def sharpen(values: Probabilities, temperature: float) -> Probabilities:
    """Divide the logits behind `values` by `temperature`."""
    return np.asarray(softmax(np.log(np.clip(values, _FLOOR, None)) / temperature, axis=1))


def repaired_late_fusion(
    unimodal: Mapping[str, Probabilities],
    labels: NDArray[np.int64],
    speakers: NDArray[np.str_],
    folds: int = 5,
) -> dict[str, Probabilities]:
    """Average decisions after temperature scaling, and stack them by logistic regression.

    There is no clean validation split (training features know their labels), so both are fitted on
    test speakers and applied to other test speakers. That spends a few test labels on one
    temperature a modality and one weight a class; compare these rows with each other, not with the
    systems that saw no test label.

    Returns
    -------
    dict
        ``late, calibrated`` and ``late, stacked`` -> probabilities (n, num_classes).
    """
    shape = unimodal[MODALITIES[0]].shape
    repaired = {"late, calibrated": np.zeros(shape), "late, stacked": np.zeros(shape)}
    logits = np.hstack([log_softmax(np.log(np.clip(unimodal[m], _FLOOR, None)), axis=1) for m in MODALITIES])
    for seen, unseen in GroupKFold(folds).split(logits, labels, speakers):
        scaled = [
            sharpen(unimodal[m][unseen], fit_temperature(labels[seen], unimodal[m][seen])) for m in MODALITIES
        ]
        repaired["late, calibrated"][unseen] = np.mean(scaled, axis=0)
        stacker = LogisticRegression(C=1.0, max_iter=1000).fit(logits[seen], labels[seen])
        columns = stacker.classes_.astype(int)
        repaired["late, stacked"][np.ix_(unseen, columns)] = stacker.predict_proba(logits[unseen])
    return repaired


def add_repaired(runs: Runs) -> None:
    """Add the repaired late fusions of every seed to `runs`."""
    for seed in runs.probabilities[MODALITIES[0]]:
        unimodal = {name: runs.probabilities[name][seed] for name in MODALITIES}
        for name, values in repaired_late_fusion(unimodal, runs.test.labels, runs.test.speakers).items():
            runs.add(name, seed, values)


def confidence_table(runs: Runs, systems: tuple[str, ...] = MODALITIES) -> pd.DataFrame:
    """Tabulate mean confidence, accuracy and calibration error of each system over seeds, in percent."""
    rows = []
    for system in systems:
        every = runs.probabilities[system].values()
        rows.append(
            {
                "system": system,
                "mean confidence": float(np.mean([each.max(1).mean() for each in every]) * 100),
                "accuracy": float(
                    np.mean([(each.argmax(1) == runs.test.labels).mean() for each in every]) * 100
                ),
                "calibration error": float(
                    np.mean([calibration_error(runs.test.labels, each) for each in every])
                ),
            }
        )
    return pd.DataFrame(rows)
