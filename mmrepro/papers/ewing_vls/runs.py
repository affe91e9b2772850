"""Training a head on every fold of every split, and keeping what it says of the tiles that it never saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.papers.ewing_vls.extractors import Features
from mmrepro.papers.ewing_vls.heads import Aggregator, Head
from mmrepro.papers.ewing_vls.settings import Settings
from mmrepro.papers.ewing_vls.split import Fold
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.seed import seed_everything

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Padded:
    """Bags of unequal size in one array: features (bags, most, width), and which of them are real."""

    features: Tensor
    mask: Tensor


def pad(features: Features, bag_of: NDArray[np.int64], bags: int) -> Padded:
    """Lay the features of each bag side by side, in their order, and fill up with zeros."""
    sizes = np.bincount(bag_of, minlength=bags)
    place = np.concatenate([np.arange(size) for size in sizes])
    order = np.argsort(bag_of, kind="stable")
    filled = np.zeros((bags, sizes.max(), features.shape[1]), dtype=np.float32)
    mask = np.zeros(filled.shape[:2], dtype=bool)
    filled[bag_of[order], place], mask[bag_of[order], place] = features[order], True
    return Padded(torch.from_numpy(filled), torch.from_numpy(mask))


def scaled(padded: Padded, train: NDArray[np.int64]) -> Tensor:
    """Bring every feature to mean 0 and spread 1 over the patches of the training bags."""
    rows = torch.from_numpy(train)
    known = padded.features[rows][padded.mask[rows]]
    found = (padded.features - known.mean(0)) / (known.std(0) + 1e-6)
    return found * padded.mask[..., None]


def loss_of(net: nn.Module, batch: Batch) -> Tensor:
    """Give the cross-entropy of a batch of bags."""
    bags, mask, labels = batch
    return functional.cross_entropy(net(bags, mask), labels)


def train_head(
    kind: Aggregator, bags: Tensor, mask: Tensor, labels: Tensor, classes: int, settings: Settings, seed: int,
    accelerator: Accelerator,
) -> Head:  # fmt: skip
    """Train a head on bags, all of them a step, as there are so few."""
    seed_everything(seed, settings.threads)
    size = settings.transmil_size if kind == "TransMIL" else settings.head_size
    head = Head(kind, bags.shape[-1], classes, size)
    plan = TrainingSettings(
        epochs=settings.head_epochs, lr=settings.head_lr, weight_decay=0.01, batch_size=len(bags)
    )
    fit(head, Tensors(bags, mask, labels), loss_of, plan, seed=seed, accelerator=accelerator)
    return head.eval()


@dataclass
class Answers:
    """What heads said of tiles that they were not trained on.

    Attributes
    ----------
    probabilities
        (features, aggregator, split) -> seed -> (bags, classes).
    attention
        The same key -> seed -> (bags, most patches).
    """

    probabilities: dict[tuple[str, str, str], dict[int, Probabilities]] = field(default_factory=dict)
    attention: dict[tuple[str, str, str], dict[int, NDArray[np.float64]]] = field(default_factory=dict)


def cross_validate(
    kind: Aggregator, padded: Padded, labels: NDArray[np.int64], splits: Iterable[Fold], settings: Settings,
    seed: int,
) -> tuple[Probabilities, NDArray[np.float64]]:  # fmt: skip
    """Train on each fold and answer its test bags.

    Returns
    -------
    tuple
        Probabilities (bags, classes), and attention (bags, most patches).
    """
    classes = int(labels.max()) + 1
    said = np.full((len(labels), classes), np.nan)
    attention = np.zeros(tuple(padded.mask.shape))
    told, accelerator = torch.from_numpy(labels), make_accelerator(settings.device)
    for train, test in splits:
        bags = scaled(padded, train)
        rows, asked = torch.from_numpy(train), torch.from_numpy(test)
        head = train_head(
            kind, bags[rows], padded.mask[rows], told[rows], classes, settings, seed, accelerator
        ).cpu()
        with torch.inference_mode():
            logits, seen = head.attend(bags[asked], padded.mask[asked])
        said[test], attention[test] = logits.double().softmax(1).numpy(), seen.double().numpy()
    return said, attention
