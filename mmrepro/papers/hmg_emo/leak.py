"""The leakage lab: what each way of telling the answer would add to the score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import torch

from mmrepro.papers.hmg_emo.baseline import LOGISTIC, logistic_with_reactions
from mmrepro.papers.hmg_emo.model import EmotionNetwork
from mmrepro.papers.hmg_emo.runs import SYSTEMS, Runs, predict, train
from mmrepro.papers.hmg_emo.scores import mean_average_precision
from mmrepro.papers.hmg_emo.settings import Settings
from mmrepro.papers.hmg_emo.split import Split, split_edges

READER = next(system for system in SYSTEMS if system.labels)  # the one system that could read a leaked label


def leaky_training(split: Split) -> Split:
    """Let every training answer carry messages even while it is predicted."""
    rows = split.rows(split.train)
    copies = split.corpus.edges.shape[1] + torch.arange(len(rows))
    return replace(split, corpus=split.corpus.with_copies(rows), always=torch.cat([split.always, copies]))


def leaky_test(split: Split) -> Split:
    """Let every test answer, with its label, carry messages while it is predicted."""
    rows = split.rows(split.test)
    copies = split.corpus.edges.shape[1] + torch.arange(len(rows))
    return replace(split, corpus=split.corpus.with_copies(rows), always=torch.cat([split.always, copies]))


def lab(runs: Runs, settings: Settings) -> pd.DataFrame:
    """Measure every leak on the first `lab_seeds` seeds.

    Returns
    -------
    DataFrame
        leak, seed, honest and leaky mAP in percent, each pair from one seed.
    """
    rows: list[tuple[str, int, float, float]] = []
    for seed in settings.seeds[: settings.lab_seeds]:
        split = runs.splits[seed]
        score = _scorer(split, settings)
        honest = mean_average_precision(runs.labels(seed, "test"), runs.predictions[READER.name][seed].test)
        trained = runs.models[READER.name][seed]
        rows.append(("test labels in the message graph", seed, honest, score(trained, leaky_test(split))))
        told = train(READER, leaky_training(split), settings, seed)[0]
        rows.append(("supervised edges carry messages", seed, honest, score(told, split)))
        rows.append(("both of these", seed, honest, score(told, leaky_test(leaky_training(split)))))
        rows.append(("repeats on both sides", seed, honest, _parted_repeats(split, settings, seed)))
        reference = mean_average_precision(runs.labels(seed, "test"), runs.predictions[LOGISTIC][seed].test)
        told_reaction = logistic_with_reactions(split, settings, seed)
        leaky = mean_average_precision(runs.labels(seed, "test"), told_reaction.test)
        rows.append(("liked and disliked as inputs (logistic)", seed, reference, leaky))
    return pd.DataFrame(rows, columns=["leak", "seed", "honest", "leaky"])


def _scorer(split: Split, settings: Settings) -> Callable[[EmotionNetwork, Split], float]:
    labels = split.corpus.labels[split.rows(split.test)].double().numpy()
    return lambda model, seen: mean_average_precision(labels, predict(model, seen, split.test, settings))


def _parted_repeats(split: Split, settings: Settings, seed: int) -> float:
    """Split answer by answer, so that a repeated answer may stand in training and test."""
    loose = split_edges(split.corpus.ungrouped(), "pairs", settings.valid_share, settings.test_share, seed)
    model, _ = train(READER, loose, settings, seed)
    return _scorer(loose, settings)(model, loose)
