"""Baselines of one modality, each under splits that leak and splits that do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import accuracy_score, f1_score, recall_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mmrepro.papers.cg_mer.split import LeakyFold, check_cover
from mmrepro.resume import resumable

Floats = NDArray[np.float64]
Labels = NDArray[Any]  # names of classes, or their numbers
MakeModel = Callable[[], Any]


def speech_model() -> ClassifierMixin:
    """Make a support vector machine on standardised features, classes weighted equally."""
    return make_pipeline(StandardScaler(), SVC(C=2, gamma="scale", class_weight="balanced"))


def phase_model(trees: int, seed: int, jobs: int) -> ClassifierMixin:
    """Make a forest of extremely randomised trees on frames, classes weighted equally."""
    return ExtraTreesClassifier(
        trees, min_samples_leaf=3, class_weight="balanced", n_jobs=jobs, random_state=seed
    )


@resumable
def cross_answers(make: MakeModel, features: Floats, labels: Labels, folds: Sequence[LeakyFold]) -> Labels:
    """Answer every row with a model that was trained without its fold, shape (n,)."""
    check_cover(folds, len(labels))
    answers = np.empty_like(labels)
    for fold in folds:
        model = make().fit(features[fold.train], labels[fold.train])
        if hasattr(model, "n_jobs"):
            model.n_jobs = 1  # threads would add the trees' votes up in another order each time
        answers[fold.test] = model.predict(features[fold.test])
    return answers


def score(labels: Labels, answers: Labels) -> dict[str, float]:
    """Score answers in percent: accuracy, mean recall over classes (UAR), macro-F1."""
    return {
        "accuracy": float(accuracy_score(labels, answers) * 100),
        "UAR": float(recall_score(labels, answers, average="macro", zero_division=0) * 100),
        "macro-F1": float(f1_score(labels, answers, average="macro", zero_division=0) * 100),
    }


def recall_shares(labels: Labels, answers: Labels) -> Floats:
    """Weigh each right answer so that the mean over rows is the UAR in percent, shape (n,)."""
    _, membership, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    weight = len(labels) / (len(sizes) * sizes[membership])
    return np.asarray(100 * weight * (labels == answers), dtype=np.float64)


def standardised_by(features: Floats, groups: NDArray[np.str_]) -> Floats:
    """Standardise each group's rows by the group itself.

    It needs all of a speaker's recordings before the first is answered, so a test speaker is not new any
    more: results with it are reported apart.
    """
    found = np.empty_like(features)
    for group in np.unique(groups):
        rows = groups == group
        found[rows] = (features[rows] - features[rows].mean(axis=0)) / (features[rows].std(axis=0) + 1e-9)
    return found
