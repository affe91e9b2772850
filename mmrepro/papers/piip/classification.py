"""Classification of whole images: from scratch on the merged map, or with every branch's own head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, cast

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import ViTBranch, as_tokens
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.settings import Settings
from mmrepro.papers.piip.systems import build_pyramid, schedule_of
from mmrepro.training.batches import Batch, batches
from mmrepro.training.loop import fit, make_accelerator
from mmrepro.training.parallel import Each
from mmrepro.training.seed import seed_everything

_TESTED = 64  # images a batch when nothing is learnt


class Classifier(nn.Module):
    """Merged map, layer norm, mean over places, linear: the paper's head for training from scratch."""

    def __init__(self, pyramid: PIIP, classes: int) -> None:
        super().__init__()
        self.pyramid, self.merging = pyramid, pyramid.merging("pooled")
        self.norm, self.head = nn.LayerNorm(self.merging.width), nn.Linear(self.merging.width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (b, 3, h, w) into scores (b, classes)."""
        tokens = self.norm(as_tokens(self.merging(self.pyramid(images))))
        scores: Tensor = self.head(tokens.mean(1))
        return scores


class SeparateHeads(nn.Module):
    """Every branch's own pretrained norm and head; their scores are averaged (fine-tuning, section 4.4).

    Parameters
    ----------
    reads
        ``class token``, as a head was pretrained; or ``first patch``, what the released code reads: it
        splits the class token off and then takes the first of what is left, the top-left patch.
    """

    def __init__(self, pyramid: PIIP, reads: Literal["class token", "first patch"] = "class token") -> None:
        super().__init__()
        if not all(branch.prefix for branch in cast(Sequence[ViTBranch], pyramid.branches)):
            raise MMReproError("Separate heads read class tokens; build every branch with class_token=True.")
        self.pyramid, self.place = pyramid, 0 if reads == "class token" else 1

    def forward(self, images: Tensor) -> Tensor:
        """Turn images (b, 3, h, w) into scores (b, classes)."""
        return self.read(self.pyramid.tokens(images))

    def read(self, tokens: Sequence[Tensor]) -> Tensor:
        """Score the last tokens (b, 1 + n_j, dim_j) of every branch."""
        nets = [branch.net for branch in cast(Sequence[ViTBranch], self.pyramid.branches)]
        scores = [net.head(net.norm(each)[:, self.place]) for net, each in zip(nets, tokens, strict=True)]
        return torch.stack(scores).mean(0)


@dataclass(frozen=True)
class Classification:
    """One classifier after training: how many test images are right (%)."""

    system: str
    seed: int
    accuracy: float
    history: pd.DataFrame


def train_classifiers(
    train: Dataset[Batch], test: Dataset[Batch], classes: int, settings: Settings, each: Each = map
) -> list[Classification]:
    """Train every system with the first seeds; `each` is the `map` that runs the jobs."""
    asked = settings.scenes
    jobs = [(name, seed) for name in asked.systems for seed in settings.seeds[: asked.runs]]
    return list(each(partial(train_classifier, train, test, classes, settings), jobs))


def train_classifier(
    train: Dataset[Batch], test: Dataset[Batch], classes: int, settings: Settings, job: tuple[str, int]
) -> Classification:
    """Train one classifier with one seed and test it."""
    (name, seed), asked = job, settings.scenes
    seed_everything(seed, settings.threads)
    model = Classifier(build_pyramid(asked.systems[name], settings), classes)
    accelerator = make_accelerator(settings.device)
    loss = partial(scene_loss, turned=asked.turned)
    history = fit(model, train, loss, schedule_of(asked), seed=seed, accelerator=accelerator)
    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode():
        right = [
            model(normalised(pixels.to(device))).argmax(-1).cpu() == labels
            for pixels, labels in batches(test, _TESTED, loaders=asked.loaders)
        ]
    return Classification(name, seed, 100 * torch.cat(right).float().mean().item(), history)


def scene_loss(net: nn.Module, batch: Batch, turned: bool = True) -> Tensor:
    """Return the cross-entropy on a batch, flipped at random; `turned` too, where a view has no up."""
    pixels, labels = batch
    images = normalised(pixels)
    if torch.rand(()) < 0.5:
        images = images.flip(-1)
    if turned:
        images = torch.rot90(images, int(torch.randint(4, ())), (-2, -1))
    return functional.cross_entropy(net(images), labels, label_smoothing=0.1)


def normalised(pixels: Tensor) -> Tensor:
    """Turn uint8 pixels into numbers with about zero mean and unit deviation."""
    return (pixels.float() / 255 - 0.45) / 0.25
