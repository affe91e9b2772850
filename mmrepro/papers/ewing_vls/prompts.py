"""Naming tissue by prompts: without an example, with a few, and in other words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from mmrepro.papers.ewing_vls.captions import UNSEEN_WORDINGS, WORDINGS
from mmrepro.papers.ewing_vls.experiment import Bank, SeedRun
from mmrepro.papers.ewing_vls.extractors import Features
from mmrepro.papers.ewing_vls.objective import ImageText, Labels
from mmrepro.papers.ewing_vls.projections import IMAGE_TEXT, projected

SHOTS = (2, 4, 8)
_TEXT_FREE = "in-domain labels"
ZERO_SHOT, CLASSIFIER, CHANCE = "prompts", "classifier without text", "most frequent concept"


@torch.inference_mode()
def similarities(model: ImageText, features: Features, prompts: Sequence[str]) -> Features:
    """Return the cosine of features (n, wide) with each prompt, (n, prompts)."""
    return np.asarray(model.prompt_logits(torch.from_numpy(features), prompts).numpy())


def nearest_captions(model: ImageText, features: Features, concepts: Sequence[str]) -> NDArray[np.int64]:
    """Return the concept whose captions, over all training wordings, are nearest to each image, (n,)."""
    every = [similarities(model, features, [wording.format(c) for c in concepts]) for wording in WORDINGS]
    return np.asarray(np.mean(every, axis=0).argmax(1), dtype=np.int64)


def _held_out(bank: Bank, run: SeedRun) -> tuple[Features, NDArray[np.int64]]:
    """Return the whole views of the images that a seed held out, and their concepts."""
    return bank.captioned[run.held.test, 0], bank.corpus.concept_of[run.held.test]


def naming_rows(bank: Bank, runs: Sequence[SeedRun]) -> Iterator[dict[str, Any]]:
    """Yield the accuracy of naming held-out images by prompts, by the text-free classifier, by chance."""
    for run in runs:
        features, gold = _held_out(bank, run)
        named = nearest_captions(run.pocket, features, bank.corpus.concepts)
        text_free = run.models[_TEXT_FREE]
        assert isinstance(text_free, Labels)
        with torch.inference_mode():
            weights = torch.nn.functional.normalize(text_free.classifier.weight, dim=1).numpy()
        told = (projected(text_free, features) @ weights.T).argmax(1)
        frequent = np.bincount(bank.corpus.concept_of[run.held.train]).argmax()
        for system, said in ((ZERO_SHOT, named), (CLASSIFIER, told), (CHANCE, np.full(len(gold), frequent))):
            yield {"system": system, "metric": "held-out naming", "seed": run.seed,
                   "value": 100 * float(np.mean(said == gold))}  # fmt: skip


def wording_table(bank: Bank, runs: Sequence[SeedRun]) -> pd.DataFrame:
    """Return the accuracy of naming held-out images with each wording: wording, kind, seed, accuracy."""
    rows = []
    for run in runs:
        features, gold = _held_out(bank, run)
        for kind, wordings in (("in the training", WORDINGS), ("new", UNSEEN_WORDINGS)):
            for wording in wordings:
                prompts = [wording.format(each) for each in bank.corpus.concepts]
                said = similarities(run.pocket, features, prompts).argmax(1)
                rows.append({"wording": wording, "kind": kind, "seed": run.seed,
                             "accuracy": 100 * float(np.mean(said == gold))})  # fmt: skip
    return pd.DataFrame(rows)


def wording_rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield, seed by seed, how far apart the best and the worst wording are, in points."""
    for seed, rows in table.groupby("seed"):
        spread = rows["accuracy"].max() - rows["accuracy"].min()
        yield {
            "system": ZERO_SHOT,
            "metric": "best less worst wording",
            "seed": int(str(seed)),
            "value": spread,
        }


def few_shot_table(bank: Bank, runs: Sequence[SeedRun]) -> pd.DataFrame:
    """Return the accuracy with a few labelled training images a concept: features, shots, seed, accuracy.

    A logistic regression is fitted on them; prompts need none and are in the table with no shots.
    """
    from sklearn.linear_model import LogisticRegression

    rows: list[dict[str, Any]] = []
    for run in runs:
        _, gold = _held_out(bank, run)
        rng = np.random.default_rng(run.seed)
        order = rng.permutation(run.held.train)
        concepts = bank.corpus.concept_of
        wide = bank.captioned[:, 0]
        spaces = {"ImageNet": wide / np.linalg.norm(wide, axis=1, keepdims=True)}
        spaces |= {name: projected(run.models[name], wide) for name in (IMAGE_TEXT, _TEXT_FREE)}
        for shots in SHOTS:
            picked = np.concatenate([order[concepts[order] == c][:shots] for c in np.unique(concepts)])
            for name, space in spaces.items():
                with warnings.catch_warnings():
                    # Nearly as many classes as images are what a few shots are.
                    warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
                    fitted = LogisticRegression(C=10, max_iter=500).fit(space[picked], concepts[picked])
                right = 100 * float(np.mean(fitted.predict(space[run.held.test]) == gold))
                rows.append({"features": name, "shots": shots, "seed": run.seed, "accuracy": right})
    return pd.DataFrame(rows)


def concept_heat(bank: Bank, run: SeedRun) -> pd.DataFrame:
    """Return the mean cosine of held-out images of each concept (rows) with each prompt (columns)."""
    features, gold = _held_out(bank, run)
    names = list(bank.corpus.concepts)
    found = similarities(run.pocket, features, [WORDINGS[0].format(each) for each in names])
    rows = [found[gold == place].mean(0) for place in range(len(names)) if (gold == place).any()]
    kept = [name for place, name in enumerate(names) if (gold == place).any()]
    return pd.DataFrame(rows, index=kept, columns=names)
