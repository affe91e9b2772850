"""Training every system over seeds, and what is measured on the test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.evidence.claim import Claim
from mmrepro.evidence.statistics import Interval, cluster_interval
from mmrepro.papers.mosei_fusion.data import (
    MODALITIES,
    Array,
    FusionData,
    Split,
    drop_constant,
    standardise,
)
from mmrepro.papers.mosei_fusion.model import JOINS, EarlyFusion, EncoderConfig
from mmrepro.papers.mosei_fusion.settings import Settings
from mmrepro.resume import resumable
from mmrepro.training.batches import Batch
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.seed import seed_everything

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """A join over some modalities; a single modality through `EarlyFusion` is the unimodal model."""

    name: str
    join: type[nn.Module]
    modalities: tuple[str, ...] = MODALITIES


UNIMODAL = tuple(System(name, EarlyFusion, (name,)) for name in MODALITIES)
FUSED = tuple(System(name, join) for name, join in JOINS.items())


@dataclass
class Runs:
    """Test probabilities of every system and seed.

    Attributes
    ----------
    probabilities
        System -> seed -> array of shape (n_test, num_classes).
    models
        The trained model of every system, for the first seed.
    histories
        Training loss by system, seed and epoch.
    """

    test: Split
    probabilities: dict[str, dict[int, Probabilities]] = field(default_factory=dict)
    models: dict[str, nn.Module] = field(default_factory=dict)
    histories: list[pd.DataFrame] = field(default_factory=list)

    def add(self, system: str, seed: int, values: Probabilities) -> None:
        """Note the test probabilities of one run."""
        self.probabilities.setdefault(system, {})[seed] = values

    def correct(self, system: str) -> NDArray[np.float64]:
        """Return the share of seeds that answer each test item rightly, shape (n_test,)."""
        answers = np.stack([each.argmax(1) for each in self.probabilities[system].values()])
        return np.asarray((answers == self.test.labels).mean(0), dtype=np.float64)

    def scores(self) -> pd.DataFrame:
        """Return tidy scores in percent: system, metric, seed, value."""
        rows = [
            {"system": system, "seed": seed, "metric": metric, "value": value}
            for system, by_seed in self.probabilities.items()
            for seed, values in by_seed.items()
            for metric, value in score(self.test.labels, values.argmax(1)).items()
        ]
        return pd.DataFrame(rows)


def score(labels: NDArray[np.int64], answers: NDArray[np.int64]) -> dict[str, float]:
    """Score answers in percent: accuracy, balanced accuracy, macro-F1."""
    return {
        "accuracy": float(accuracy_score(labels, answers) * 100),
        "balanced accuracy": float(balanced_accuracy_score(labels, answers) * 100),
        "macro-F1": float(f1_score(labels, answers, average="macro", zero_division=0) * 100),
    }


def cross_entropy(model: nn.Module, batch: Batch) -> Tensor:
    """Return the mean cross-entropy of a batch of modalities and labels."""
    return functional.cross_entropy(model(batch[:-1]), batch[-1])


def build(system: System, data: FusionData, settings: Settings) -> nn.Module:
    """Make an untrained model of `system` for `data`."""
    config = EncoderConfig(settings.hidden_size, settings.num_layers, settings.num_heads, settings.dropout)
    return system.join(data.dims(system.modalities), data.num_classes, config)


@resumable
def train(system: System, data: FusionData, settings: Settings, seed: int) -> tuple[nn.Module, pd.DataFrame]:
    """Train one system with one seed for the fixed number of epochs; return it and its history."""
    seed_everything(seed, settings.threads)
    model = build(system, data, settings)
    plan = TrainingSettings(
        epochs=settings.epochs,
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        batch_size=settings.batch_size,
    )
    accelerator = make_accelerator(settings.device)
    rows = data.train.tensors(system.modalities)
    history = fit(model, rows, cross_entropy, plan, seed=seed, accelerator=accelerator)
    return model, history.assign(system=system.name, seed=seed)


@torch.inference_mode()
def predict(model: nn.Module, split: Split, modalities: Sequence[str] = MODALITIES) -> Probabilities:
    """Return class probabilities, shape (n, num_classes)."""
    model.eval()
    device = next(model.parameters()).device
    outputs = [
        model(
            [torch.from_numpy(split.features[name][start : start + 1024]).to(device) for name in modalities]
        )
        for start in range(0, len(split), 1024)
    ]
    return np.asarray(torch.cat(outputs).float().softmax(-1).cpu(), dtype=np.float64)


def train_systems(data: FusionData, systems: Sequence[System], settings: Settings) -> Runs:
    """Train every system with every seed; the averaged unimodal models come free as late fusion."""
    runs = Runs(data.test)
    for system in systems:
        for seed in settings.seeds:
            model, history = train(system, data, settings, seed)
            runs.add(system.name, seed, predict(model, data.test, system.modalities))
            runs.models.setdefault(system.name, model)
            runs.histories.append(history)
        print(f"{system.name}, seeds trained: {len(settings.seeds)}", flush=True)
    for seed in settings.seeds:
        separate = [runs.probabilities[name][seed] for name in MODALITIES]
        runs.add("late, trained apart", seed, np.mean(separate, axis=0))
    return runs


def cross_validate_videos(
    features: Mapping[str, Array], labels: NDArray[np.int64], settings: Settings, systems: Sequence[System]
) -> Runs:
    """Train on all folds but one and answer that one, so that every video is answered once a seed.

    Each seed draws its own folds; features are standardised by the training folds alone.
    """
    names = np.array([f"video {number}" for number in range(len(labels))])
    every = Split(features, labels, names, np.full(len(labels), ""))
    runs = Runs(every)
    for system in systems:
        for seed in settings.seeds[: settings.video_seeds]:
            folds = StratifiedKFold(settings.video_folds, shuffle=True, random_state=seed)
            answered = np.zeros((len(labels), int(labels.max()) + 1))
            for train_rows, test_rows in folds.split(names, labels):
                data = standardise(drop_constant(FusionData(every.take(train_rows), every.take(test_rows))))
                model, _ = train(system, data, settings, seed)
                answered[test_rows] = predict(model, data.test, system.modalities)
            runs.add(system.name, seed, answered)
    return runs


def leak_table(data: FusionData, settings: Settings, speakers: int = 10) -> pd.DataFrame:
    """Show what a validation split of training speakers says beside the test split, in percent.

    `speakers` training speakers are held out and a model of each modality never sees them. Where the
    features themselves were fitted on the training labels, it recognises the held-out ones all the
    same, and the validation accuracy says nothing about the test.

    Returns
    -------
    DataFrame
        modality, validation, test.
    """
    seed = settings.seeds[0]
    held = np.random.default_rng(seed).choice(np.unique(data.train.speakers), speakers, replace=False)
    inside = np.isin(data.train.speakers, held)
    kept = FusionData(data.train.take(~inside), data.train.take(inside))
    rows = []
    for system in UNIMODAL:
        model, _ = train(system, kept, settings, seed)
        found = {
            name: score(split.labels, predict(model, split, system.modalities).argmax(1))["accuracy"]
            for name, split in (("validation", kept.test), ("test", data.test))
        }
        rows.append({"modality": system.name, **found})
    return pd.DataFrame(rows)


def control_table(runs: Runs, systems: Sequence[System], seed: int = 0) -> pd.DataFrame:
    """Take one modality from trained models: silenced (all zero), or of another test item.

    Returns
    -------
    DataFrame
        system, modality, control (``intact``, ``silenced``, ``shuffled``), accuracy in percent; for the
        first seed's models.
    """
    order = np.random.default_rng(seed).permutation(len(runs.test))
    rows = []
    for system in systems:
        model = runs.models[system.name]
        for modality in MODALITIES:
            values = runs.test.features[modality]
            for control, changed in (
                ("intact", values),
                ("silenced", values * 0),
                ("shuffled", values[order]),
            ):
                features = {**runs.test.features, modality: changed}
                test = Split(features, runs.test.labels, runs.test.speakers, runs.test.transcripts)
                answers = predict(model, test).argmax(1)
                accuracy = score(test.labels, answers)["accuracy"]
                rows.append(
                    {"system": system.name, "modality": modality, "control": control, "accuracy": accuracy}
                )
    return pd.DataFrame(rows)


def cluster_intervals(runs: Runs, claims: Sequence[Claim], name: str) -> dict[str, Interval]:
    """Bootstrap, over speakers of the test split, the difference that each order claim is about.

    Parameters
    ----------
    name
        The data set that `runs` answers; claims about another one are left out.

    Returns
    -------
    dict
        Claim id -> 95 % interval in points.
    """
    return {
        claim.id: cluster_interval(
            (runs.correct(claim.systems[0]) - runs.correct(claim.systems[1])) * 100, runs.test.speakers
        )
        for claim in claims
        if claim.kind == "order" and name in claim.datasets and set(claim.systems) <= set(runs.probabilities)
    }
