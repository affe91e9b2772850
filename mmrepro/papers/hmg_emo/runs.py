"""Training every system with every seed, at equal budget, and keeping what it predicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmrepro.papers.hmg_emo.corpus import HANDCRAFTED, Corpus
from mmrepro.papers.hmg_emo.fusion import Fusion
from mmrepro.papers.hmg_emo.graph import message_graph
from mmrepro.papers.hmg_emo.model import EmotionNetwork, NetworkConfig
from mmrepro.papers.hmg_emo.neighbours import neighbourhood
from mmrepro.papers.hmg_emo.settings import Settings
from mmrepro.papers.hmg_emo.split import Partition, Split, Unseen, split_edges
from mmrepro.resume import resumable
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, Validation, fit, make_accelerator
from mmrepro.training.seed import seed_everything
from mmrepro.training.share import batch_mean, whole_batch

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """A variant of the one network.

    Attributes
    ----------
    reads
        ``fused``: all modalities of the corpus; ``one``: its first, the pretrained one; ``hand``: the
        hand-crafted features.
    graph
        Whether messages are sent at all.
    labels
        Whether messages carry the training answers.
    context
        Whether anything is known of the users.
    unseen
        Whether it is also trained for unseen items.
    """

    name: str
    reads: Literal["fused", "one", "hand"] = "fused"
    fusion: Fusion = "gate"
    graph: bool = True
    labels: bool = False
    context: bool = True
    unseen: bool = False

    def modalities(self, corpus: Corpus) -> tuple[str, ...]:
        """Name the modalities that this system reads."""
        known = {"fused": corpus.modalities, "one": corpus.modalities[:1], "hand": (HANDCRAFTED,)}
        return known[self.reads]


SYSTEMS = (
    System("no graph, gate", graph=False, unseen=True),
    System("no graph, hand-crafted", "hand", graph=False, unseen=True),
    System("graph, gate", unseen=True),
    System("graph, mean", fusion="mean"),
    System("graph, concat", fusion="concat"),
    System("graph, one modality", "one"),
    System("graph, hand-crafted", "hand", unseen=True),
    System("graph, gate, no context", context=False),
    System("graph + labels, gate", labels=True, unseen=True),
)
_SHOWN = 2000  # items in a figure
SHARES = (0.25, 0.5, 0.75, 1.0)  # of the items that lose a modality in the test


@dataclass(frozen=True)
class Prediction:
    """Probabilities of one system and seed for the validation and the test answers, (n, k) each."""

    valid: Probabilities
    test: Probabilities


@dataclass
class Runs:
    """What every system predicts on one kind of split.

    Attributes
    ----------
    splits
        Seed -> split; all systems share it.
    predictions
        System -> seed -> prediction.
    missing
        System -> seed -> (modality, share of items without it) -> test probabilities.
    models
        System -> seed -> trained model.
    gates
        Weights of the gated system's modalities by seed, (items, modalities).
    histories
        Loss by system, seed and epoch.
    """

    corpus: Corpus
    splits: dict[int, Split]
    predictions: dict[str, dict[int, Prediction]] = field(default_factory=dict)
    missing: dict[str, dict[int, dict[tuple[str, float], Probabilities]]] = field(default_factory=dict)
    models: dict[str, dict[int, EmotionNetwork]] = field(default_factory=dict)
    gates: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    histories: list[pd.DataFrame] = field(default_factory=list)

    def labels(self, seed: int, part: Literal["valid", "test"]) -> NDArray[np.float64]:
        """Return the answers of a held-out part, (n, k)."""
        split = self.splits[seed]
        return cast(
            NDArray[np.float64], split.corpus.labels[split.rows(getattr(split, part))].double().numpy()
        )

    def items(self, seed: int) -> NDArray[np.int64]:
        """Return the item of each test answer."""
        split = self.splits[seed]
        return cast(NDArray[np.int64], split.corpus.edges[1, split.rows(split.test)].numpy())


class EdgeLoss:
    """The loss for the training loop: a batch of pairs is predicted from all other training pairs."""

    def __init__(self, split: Split, settings: Settings) -> None:
        self.split, self.settings = split, settings

    def __call__(self, net: nn.Module, batch: Batch) -> Tensor:
        """Return the mean binary cross-entropy over the emotions of a batch's answers."""
        partition = self._learning(batch[0]) if net.training else self.split.asking(batch[0])
        scores = score(net, partition, self.settings, batch[0].device)
        loss = nn.functional.binary_cross_entropy_with_logits(scores, partition.answers.to(scores.device))
        return batch_mean(loss, len(scores))  # a pair may have several answers

    def _learning(self, pairs: Tensor) -> Partition:
        """Predict this process's share of a batch; the shares of the others carry no messages either."""
        return self.split.learning(pairs, whole_batch(pairs))


def score(net: nn.Module, partition: Partition, settings: Settings, device: torch.device) -> Tensor:
    """Return the logits of a partition's predicted answers; the network sees its message graph alone."""
    graph, asked = neighbourhood(
        message_graph(partition), partition.asked, settings.sampler, settings.fanout, settings.layers
    )
    return cast(Tensor, net(graph.to(device), asked.to(device)))


@torch.inference_mode()
def predict(model: EmotionNetwork, split: Split, pairs: Tensor, settings: Settings) -> Probabilities:
    """Return the probabilities that a trained model gives to the answers of held-out pairs."""
    model.eval()
    device = next(model.parameters()).device
    size = settings.batch_edges or len(pairs)
    rows, found = [], []
    for batch in pairs.split(size):
        partition = split.asking(batch)
        rows.append(partition.supervised)
        found.append(score(model, partition, settings, device).sigmoid().double().cpu())
    # Batches are of pairs, answers come in the order of the corpus.
    probabilities: Probabilities = torch.cat(found)[torch.cat(rows).argsort()].numpy()
    return probabilities


@resumable
def train(system: System, split: Split, settings: Settings, seed: int) -> tuple[EmotionNetwork, pd.DataFrame]:
    """Train one system with one seed; the epoch with the least validation loss is kept.

    Every system gets the same batches, epochs and selection.
    """
    seed_everything(seed, settings.threads)
    # Deterministic algorithms also fill fresh memory, to show who reads it; here nobody does, and it costs.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    config = NetworkConfig(
        system.modalities(split.corpus),
        system.fusion,
        settings.hidden_size,
        settings.num_heads,
        settings.layers if system.graph else 0,
        settings.dropout,
        system.labels,
    )
    model = EmotionNetwork(split.corpus, config)
    plan = TrainingSettings(
        epochs=settings.epochs,
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        batch_size=settings.batch_edges or math.ceil(settings.supervised_share * len(split.train)),
        clip_norm=5.0,
        patience=settings.patience,
    )
    history = fit(
        model,
        Tensors(split.train),
        EdgeLoss(split, settings),
        plan,
        seed=seed,
        validation=Validation(Tensors(split.valid), clean=True),
        accelerator=make_accelerator(settings.device),
    )
    return model, history.assign(system=system.name, seed=seed)


def view(system: System, split: Split) -> Split:
    """Return the split as a system may see it: without user context where it has none."""
    return split if system.context else _on(split, split.corpus.without_context())


def _on(split: Split, corpus: Corpus) -> Split:
    return Split(corpus, split.train, split.valid, split.test, split.always)


def train_systems(
    corpus: Corpus, settings: Settings, unseen: Unseen, systems: Sequence[System] = SYSTEMS
) -> Runs:
    """Train systems with every seed, on splits that all of them share."""
    splits = {
        seed: split_edges(corpus, unseen, settings.valid_share, settings.test_share, seed)
        for seed in settings.seeds
    }
    runs = Runs(corpus, splits)
    for system in systems:
        for seed, shared in splits.items():
            split = view(system, shared)
            model, history = train(system, split, settings, seed)
            found = Prediction(*(predict(model, split, part, settings) for part in (split.valid, split.test)))
            runs.predictions.setdefault(system.name, {})[seed] = found
            runs.models.setdefault(system.name, {})[seed] = model
            runs.histories.append(history)
            if system.reads == "fused" and system.graph and system.context and not system.labels:
                runs.missing.setdefault(system.name, {})[seed] = without_each(model, split, settings, seed)
            if system.name == "graph, gate":
                runs.gates[seed] = gates(model, corpus)
        print(f"{system.name}, unseen {unseen}, seeds trained: {len(splits)}", flush=True)
    return runs


def without_each(
    model: EmotionNetwork, split: Split, settings: Settings, seed: int
) -> dict[tuple[str, float], Probabilities]:
    """Predict the test again while a share of the items lacks one modality, for each modality and share."""
    return {
        (name, share): predict(
            model, _on(split, split.corpus.without(name, share, seed)), split.test, settings
        )
        for name in split.corpus.modalities
        for share in SHARES
    }


@torch.inference_mode()
def gates(model: EmotionNetwork, corpus: Corpus) -> NDArray[np.float32]:
    """Return how a trained model weighs the modalities of the items that `shown_items` names."""
    model.eval()
    device, rows = next(model.parameters()).device, torch.from_numpy(shown_items(corpus))
    items = {name: corpus.items[name][rows].to(device) for name in corpus.modalities}
    return cast(NDArray[np.float32], model.gates(items, corpus.present[rows].to(device)).cpu().numpy())


def shown_items(corpus: Corpus) -> NDArray[np.int64]:
    """Return the items that figures show: all of a small corpus, evenly spaced ones of a large one."""
    count = corpus.item_count
    return np.unique(np.linspace(0, count - 1, min(count, _SHOWN)).astype(np.int64))
