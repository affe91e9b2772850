"""Baselines without a network: the prior, the item's own mean, and two models of hand-crafted features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmrepro.papers.hmg_emo.corpus import HANDCRAFTED
from mmrepro.papers.hmg_emo.runs import Prediction, Probabilities, Runs
from mmrepro.papers.hmg_emo.scores import mean_average_precision
from mmrepro.papers.hmg_emo.settings import Settings
from mmrepro.papers.hmg_emo.split import Split

PRIOR, ITEM_MEAN = "prior", "item mean"
LOGISTIC, BOOSTING, BEST = "logistic, hand-crafted", "boosting, hand-crafted", "best hand-crafted"
_PSEUDO_ANSWERS = 5.0  # weight of the prior in an item's mean, in answers
Floats = NDArray[np.float32]


def add_baselines(runs: Runs, settings: Settings) -> None:
    """Let every baseline predict on every split of `runs`.

    ``best hand-crafted`` is, seed by seed, the one of the two models with the higher mAP on validation.
    """
    for seed, split in runs.splits.items():
        found = {PRIOR: prior(split), ITEM_MEAN: item_mean(split)}
        found[LOGISTIC] = fitted(split, _logistic(settings, seed))
        found[BOOSTING] = fitted(split, _boosting(settings, seed))
        labels = runs.labels(seed, "valid")
        found[BEST] = max(
            (found[LOGISTIC], found[BOOSTING]), key=lambda each: mean_average_precision(labels, each.valid)
        )
        for name, prediction in found.items():
            runs.predictions.setdefault(name, {})[seed] = prediction


def prior(split: Split) -> Prediction:
    """Predict how often each emotion was ticked in training, whoever hears whatever."""
    share = split.corpus.labels[split.rows(split.train)].double().mean(0)
    return _both(split, lambda rows: share.expand(len(rows), -1).numpy())


def item_mean(split: Split) -> Prediction:
    """Predict what others ticked for the item in training, drawn towards the prior; no model at all."""
    corpus, rows = split.corpus, split.rows(split.train)
    labels, items = corpus.labels[rows].double(), corpus.edges[1, rows]
    ticked = torch.zeros(corpus.item_count, labels.shape[1], dtype=torch.double).index_add(0, items, labels)
    answers = torch.bincount(items, minlength=corpus.item_count)[:, None]
    means = (ticked + _PSEUDO_ANSWERS * labels.mean(0)) / (answers + _PSEUDO_ANSWERS)
    return _both(split, lambda rows: means[corpus.edges[1, rows]].numpy())


def fitted(split: Split, make: Callable[[], object], reactions: bool = False) -> Prediction:
    """Fit one classifier an emotion on hand-crafted features and user context.

    Parameters
    ----------
    make
        Makes an unfitted scikit-learn classifier.
    reactions
        Adds what the user said beside the emotion, for the leakage lab.
    """
    from sklearn.multioutput import MultiOutputClassifier

    train = split.rows(split.train)
    inputs = edge_features(split, reactions)
    labels = split.corpus.labels.numpy()
    known = [each for each in range(labels.shape[1]) if 0 < labels[train][:, each].sum() < len(train)]
    model = MultiOutputClassifier(make()).fit(inputs[train], labels[train][:, known])

    def probabilities(rows: Tensor) -> Probabilities:
        # An emotion that training never shows, or always, is predicted as just that.
        found = np.tile(labels[train].mean(0), (len(rows), 1)).astype(float)
        found[:, known] = np.stack([each[:, 1] for each in model.predict_proba(inputs[rows])], 1)
        return found

    return _both(split, probabilities)


def edge_features(split: Split, reactions: bool = False) -> Floats:
    """Join the item's hand-crafted features and the user's context, for every answer."""
    corpus = split.corpus
    users, items = corpus.edges
    parts = [corpus.items[HANDCRAFTED][items].float(), corpus.users[users]]
    joined: Floats = torch.cat(parts + [corpus.reaction] * reactions, 1).numpy()
    return joined


def logistic_with_reactions(split: Split, settings: Settings, seed: int) -> Prediction:
    """Fit the logistic regression with liked and disliked among its inputs: a leak, for the lab alone."""
    return fitted(split, _logistic(settings, seed), reactions=True)


def _logistic(settings: Settings, seed: int) -> Callable[[], object]:
    from sklearn.linear_model import LogisticRegression

    return lambda: LogisticRegression(C=settings.baseline_c, max_iter=300, random_state=seed)


def _boosting(settings: Settings, seed: int) -> Callable[[], object]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return lambda: HistGradientBoostingClassifier(
        max_iter=settings.boosting_rounds, max_leaf_nodes=8, early_stopping=False, random_state=seed
    )


def _both(split: Split, predict: Callable[[Tensor], Probabilities]) -> Prediction:
    return Prediction(predict(split.rows(split.valid)), predict(split.rows(split.test)))
