"""Scores: what copilots and their rivals answer, what they write, and what a fair split costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.evidence import resampling
from mmrepro.evidence.verdict import Estimate
from mmrepro.papers.instructcell import cells, rivals
from mmrepro.papers.instructcell.corpus import CellSet
from mmrepro.papers.instructcell.neighbours import (
    Choice,
    Space,
    kernel_distance,
    predicted_knn,
    self_knn,
)
from mmrepro.papers.instructcell.runs import COPILOT, Runs, Splits, answers, write_cells
from mmrepro.papers.instructcell.settings import Settings
from mmrepro.papers.instructcell.templates import Task, Template

Labels = NDArray[np.str_]
Row = dict[str, Any]
ASKED: dict[Task, str] = {"annotation": "pancreas", "drug response": "pc9"}
_HIGH = 0.95  # the paper's figure for drug response, as a share


def class_scores(gold: Labels, found: Labels) -> dict[str, float]:
    """Return accuracy, macro-F1 and weighted F1 in percent; an answer that is no class is simply wrong."""
    from sklearn.metrics import f1_score

    names = sorted(set(gold.tolist()))
    macro, weighted = (
        100 * float(f1_score(gold, found, labels=names, average=kind, zero_division=0))
        for kind in ("macro", "weighted")
    )
    return {"accuracy": 100 * float(np.mean(gold == found)), "macro-F1": macro, "weighted F1": weighted}


def recalls(gold: Labels, found: Labels) -> dict[str, float]:
    """Return the share of each class that was found, in percent."""
    return {str(name): 100 * float(np.mean(found[gold == name] == name)) for name in np.unique(gold)}


def answer_rows(runs: Runs) -> dict[str, list[Row]]:
    """Score annotation and drug response of every system that was trained on them, with unseen templates.

    Returns
    -------
    dict
        Set -> rows with system, metric, seed and value.
    """
    found: dict[str, list[Row]] = {name: [] for name in ASKED.values()}
    for task, name in ASKED.items():
        gold = runs.bank.sets[name].labels
        for system, by_seed in runs.models.items():
            if not system.startswith((COPILOT.name, task)):
                continue
            for seed, model in by_seed.items():
                places = runs.splits[seed][name]["test"]
                wordings = runs.templates[task]["test"]
                said = answers(model, runs.bank, name, task, places, wordings, seed)
                found[name] += _rows(system, seed, gold[places], said)
    return found


def _rows(system: str, seed: int, gold: Labels, said: Labels) -> Iterator[Row]:
    high = sum(value >= 100 * _HIGH for value in recalls(gold, said).values())
    invalid = 100 * float(np.mean(~np.isin(said, np.unique(gold))))
    scores = {**class_scores(gold, said), "classes found to 95 %": float(high), "no such class": invalid}
    for metric, value in scores.items():
        yield {"system": system, "metric": metric, "seed": seed, "value": value}


def rival_rows(runs: Runs) -> dict[str, list[Row]]:
    """Score the plain classifiers on the same splits."""
    found: dict[str, list[Row]] = {}
    for name in ASKED.values():
        bank, labels = runs.bank, runs.bank.sets[name].labels
        every = bank.rows(name, np.arange(len(labels)))
        expression, counts = bank.expression[every].numpy(), bank.counts[every]
        found[name] = []
        for seed, splits in runs.splits.items():
            train, test = splits[name]["train"], splits[name]["test"]
            for system, classify in rivals.CLASSIFIERS.items():
                said = classify(expression[train], labels[train], expression[test])
                found[name] += _rows(system, seed, labels[test], said)
            said = rivals.latent_classifier(counts, train, labels[train], test, seed)
            found[name] += _rows("latent of counts, linear", seed, labels[test], said)
    return found


def wording_rows(runs: Runs) -> list[Row]:
    """Score how much the wording matters: seen against unseen templates, options against none (points)."""
    rows: list[Row] = []
    name = ASKED["annotation"]
    gold = runs.bank.sets[name].labels
    for seed, model in runs.models[COPILOT.name].items():
        places = runs.splits[seed][name]["test"]
        unseen = runs.templates["annotation"]["test"] + runs.templates["annotation"]["valid"]
        kinds = {
            "seen": runs.templates["annotation"]["train"],
            "unseen": unseen,
            "options": [each for each in unseen if each.offers],
            "no options": [each for each in unseen if not each.offers],
        }
        right = {}
        for kind, wordings in kinds.items():
            if wordings:
                said = answers(model, runs.bank, name, "annotation", places, wordings, seed)
                right[kind] = 100 * float(np.mean(said == gold[places]))
        for metric, (first, second) in {
            "seen less unseen templates": ("seen", "unseen"),
            "options less no options": ("options", "no options"),
        }.items():
            if first in right and second in right:
                value = right[first] - right[second]
                rows.append({"system": COPILOT.name, "metric": metric, "seed": seed, "value": value})
    return rows


def by_template(runs: Runs, seed: int, most: int = 18) -> pd.DataFrame:
    """Return the accuracy of the copilot with each of some unseen templates: words, options, accuracy."""
    name = ASKED["annotation"]
    places, gold = runs.splits[seed][name]["test"], runs.bank.sets[name].labels
    wordings: list[Template] = runs.templates["annotation"]["test"] + runs.templates["annotation"]["valid"]
    rows = []
    for template in wordings[:most]:
        said = answers(
            runs.models[COPILOT.name][seed], runs.bank, name, "annotation", places, [template], seed
        )
        accuracy = 100 * float(np.mean(said == gold[places]))
        rows.append({"words": template.words, "options": template.offers, "accuracy": accuracy})
    return pd.DataFrame(rows)


def generation_rows(runs: Runs, name: str, choice: Choice | None = None) -> list[Row]:
    """Score what copilots and plain samplers write for the test cells of a set, in the space of `choice`."""
    rows: list[Row] = []
    labels = runs.bank.sets[name].labels
    for seed, splits in runs.splits.items():
        train, test = (runs.bank.rows(name, splits[name][part]) for part in ("train", "test"))
        real, own = (runs.bank.counts[part].numpy().astype(float) for part in (test, train))
        space = Space(_pool(runs, splits) if choice and choice.pooled else real, choice)
        judge = Judge(space, real, labels[splits[name]["test"]])
        for system, by_seed in runs.models.items():
            if system.startswith(COPILOT.name):
                wordings = runs.templates["generation"]["test"]
                written = write_cells(by_seed[seed], runs.bank, name, splits, wordings, seed)
                named = 100 * float(np.mean(written.named == written.wanted))
                scores = {**judge(written.counts), "type named": named}
                rows += [{"system": system, "metric": key, "seed": seed, "value": value}
                         for key, value in scores.items()]  # fmt: skip
        for system, sample in rivals.SAMPLERS.items():
            drawn = sample(own, labels[splits[name]["train"]], judge.labels, np.random.default_rng(seed))
            rows += [{"system": system, "metric": key, "seed": seed, "value": value}
                     for key, value in judge(drawn).items()]  # fmt: skip
    return rows


def _pool(runs: Runs, splits: Splits) -> NDArray[np.float64]:
    """Stack the test cells of every set that cells are written for."""
    names = [name for name, each in runs.bank.sets.items() if "generation" in each.source.tasks]
    rows = np.concatenate([runs.bank.rows(name, splits[name]["test"]) for name in names])
    return runs.bank.counts[rows].numpy().astype(float)


class Judge:
    """Compares written cells with the real test cells whose types they were to have."""

    def __init__(self, space: Space, real: NDArray[np.float64], labels: Labels) -> None:
        self.space, self.labels = space, labels
        self.places, self.real = space(real), real
        self.own = self_knn(self.places, labels)

    def __call__(self, counts: NDArray[np.float64]) -> dict[str, float]:
        """Return pKNN (%), distance in sKNN (points), kernel distance, and zeros (%)."""
        places = self.space(counts)
        return {
            "pKNN": 100 * predicted_knn(places, self.labels, self.places, self.labels),
            "distance in sKNN": 100 * abs(self_knn(places, self.labels) - self.own),
            "kernel distance": kernel_distance(places, self.places),
            "zeros": 100 * float(np.mean(counts == 0)),
        }


def split_gap(cells_set: CellSet, settings: Settings, margin: float) -> tuple[pd.DataFrame, Estimate]:
    """Compare a random split of cells with one that keeps each group whole, by logistic regression.

    Both test each group's cells: with the rest of all cells as training data, or of the other groups only.

    Returns
    -------
    tuple
        group, random, whole (accuracy in percent); and the estimate of the gap over groups.
    """
    source = cells_set.source
    groups = cells_set.counts.obs[source.group].to_numpy(dtype=str)
    expression = cells.normalised(cells_set.counts).X.toarray()
    rng = np.random.default_rng(settings.seeds[0])
    folds = rng.permutation(len(groups)) % len(np.unique(groups))
    at_random = np.empty(len(groups), dtype=object)
    for fold in np.unique(folds):
        test = folds == fold
        at_random[test] = rivals.logistic_regression(
            expression[~test], cells_set.labels[~test], expression[test]
        )
    rows = []
    for group in np.unique(groups):
        test = groups == group
        said = rivals.logistic_regression(expression[~test], cells_set.labels[~test], expression[test])
        gold = cells_set.labels[test]
        pair = {"random": np.mean(at_random[test] == gold), "whole": np.mean(said == gold)}
        rows.append({"group": str(group), **{key: 100 * float(value) for key, value in pair.items()}})
    frame = pd.DataFrame(rows)
    return frame, resampling.order_over_units(frame["random"] - frame["whole"], margin)
