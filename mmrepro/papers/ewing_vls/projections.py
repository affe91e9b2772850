"""Training projections on cached features, and the upper blocks of a tower with them."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.papers.ewing_vls.captions import Corpus
from mmrepro.papers.ewing_vls.extractors import Extractor, Features, LiteTower
from mmrepro.papers.ewing_vls.objective import OBJECTIVES, ImageText, Objective, Projection
from mmrepro.papers.ewing_vls.settings import Settings
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.seed import seed_everything

IMAGE_TEXT = "in-domain image-text"
_BATCH = 64
TUNED = "in-domain image-text, tuned tower"


@dataclass(frozen=True)
class Held:
    """Images that a seed trains on, and those it holds out; copies of an image lie on one side."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def hold_out(corpus: Corpus, group: NDArray[np.int64], seed: int) -> Held:
    """Hold out a quarter of each concept, whole groups of copies at a time."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(4, shuffle=True, random_state=seed)
    train, test = next(folds.split(corpus.concept_of, corpus.concept_of, group))
    return Held(train, test)


def loss_of(net: nn.Module, batch: Batch) -> Tensor:
    """Give the loss of an objective, which is what it returns."""
    found: Tensor = net(*batch)
    return found


def _plan(settings: Settings) -> TrainingSettings:
    return TrainingSettings(
        epochs=settings.projection_epochs,
        lr=settings.projection_lr,
        weight_decay=0.05,
        batch_size=settings.projection_batch,
    )


def train_projection(
    name: str, corpus: Corpus, features: Features, rows: NDArray[np.int64], settings: Settings, seed: int
) -> tuple[Objective, pd.DataFrame]:
    """Train one projection on the images `rows`, whose two views have `features` (images, 2, wide).

    Returns
    -------
    tuple
        The trained objective and its history (epoch, loss).
    """
    seed_everything(seed, settings.threads)
    seen = torch.from_numpy(features[rows])
    projection = Projection(seen.flatten(0, 1), settings.width)
    model = OBJECTIVES[name](projection, corpus.concepts, settings.width)
    data = Tensors(seen, torch.from_numpy(corpus.concept_of[rows]))
    history = fit(
        model, data, loss_of, _plan(settings), seed=seed, accelerator=make_accelerator(settings.device)
    )
    return model.cpu().eval(), history.assign(system=name, seed=seed)


@torch.inference_mode()
def projected(model: Objective, features: Features) -> Features:
    """Project features (n, wide) to (n, width), of unit length, as the loss compares them."""
    return _unit(model.projection(torch.from_numpy(features)))


def random_projection(features: Features, width: int, seed: int) -> Features:
    """Project features by a random map of the same width and scaling: the control of width alone."""
    seed_everything(seed)
    with torch.inference_mode():
        seen = torch.from_numpy(features)
        return _unit(Projection(seen, width)(seen))


def _unit(found: Tensor) -> Features:
    return np.asarray(functional.normalize(found, dim=1).numpy())


class TunedTower(nn.Module):
    """The upper blocks of a tower before an objective; frozen below, with frozen batch statistics."""

    def __init__(self, tower: LiteTower, objective: ImageText) -> None:
        super().__init__()
        self.blocks, self.head, self.objective = tower.high_blocks, tower.head, objective

    def train(self, mode: bool = True) -> TunedTower:
        """Leave batch statistics as they were: a batch of a few concepts is not the data."""
        super().train(mode)
        for part in (self.blocks, self.head):
            part.eval()
        return self

    def features(self, maps: Tensor) -> Tensor:
        """Run the upper blocks on maps of the lower ones."""
        found: Tensor = self.head(self.blocks(maps))
        return found.flatten(1)

    def forward(self, maps: Tensor, concepts: Tensor) -> Tensor:
        """Return the loss of a batch of maps (b, 2, channels, h, w) and concepts (b,)."""
        found = self.features(maps.flatten(0, 1)).unflatten(0, maps.shape[:2])
        loss: Tensor = self.objective(found, concepts)
        return loss


@torch.inference_mode()
def upper_features(tower: LiteTower, maps: Features) -> Features:
    """Finish a frozen tower on maps (n, channels, h, w) of its lower blocks."""
    parts = torch.from_numpy(maps).split(_BATCH)
    found = [tower.eval().upper(part.contiguous(memory_format=torch.channels_last)) for part in parts]
    return np.asarray(torch.cat(found).numpy())


def train_tuned(
    extractor: Extractor, corpus: Corpus, maps: Features, model: ImageText, rows: NDArray[np.int64],
    settings: Settings, seed: int,
) -> tuple[TunedTower, pd.DataFrame]:  # fmt: skip
    """Go on from copies of tower and `model`, upper blocks released; `maps` are of both views."""
    seed_everything(seed, settings.threads)
    assert isinstance(extractor.tower, LiteTower)
    tuned = TunedTower(copy.deepcopy(extractor.tower), copy.deepcopy(model))
    plan = TrainingSettings(
        epochs=settings.tuned_epochs, lr=settings.tuned_lr, weight_decay=0.05,
        batch_size=settings.projection_batch, warm_up=0.1,
    )  # fmt: skip
    data = Tensors(torch.from_numpy(maps[rows]), torch.from_numpy(corpus.concept_of[rows]))
    history = fit(tuned, data, loss_of, plan, seed=seed, accelerator=make_accelerator(settings.device))
    return tuned.cpu().eval(), history.assign(system=TUNED, seed=seed)


@torch.inference_mode()
def tuned_features(tuned: TunedTower, maps: Features) -> Features:
    """Extract and project with a tuned tower, from maps (n, channels, h, w)."""
    found = [
        tuned.objective.projection(tuned.features(part)) for part in torch.from_numpy(maps).split(_BATCH)
    ]
    return _unit(torch.cat(found))
