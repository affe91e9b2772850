"""Inspecting drawn satellites: a small network answers three questions about a picture.

Which panel is broken, how, and which face of the body is seen? One network learns from satellites that are
lit from the left and turned to the left, another from as many of all kinds. Both are asked about pictures
such as the first has seen, about others under a sun from the right, and about others turned to the right.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.camera import SIZE
from mmrepro.papers.space_operator.sightings import ANSWERS, Half, Images, Pictures, blanked, draw_pictures
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.parallel import Each
from mmrepro.training.seed import seed_everything

ALL = "all three"
MAJORITY = "majority"
_SEEDS_APART = 10_000
TESTS: dict[str, tuple[Half, Half]] = {
    "seen": ("left", "left"),
    "unseen sun": ("right", "left"),
    "unseen turn": ("left", "right"),
}
"""Test -> where the sun stands and how the satellite is turned in its pictures."""
TRAINED: dict[str, tuple[Half, Half]] = {"narrow": ("left", "left"), "wide": ("any", "any")}
"""System -> the same for as many training pictures."""
BLANK = "narrow, blank picture"


class InspectionSettings(BaseModel):
    """How drawn satellites are inspected.

    Attributes
    ----------
    train, test
        Pictures to learn from, and pictures of each test.
    width
        Channels of the network's first layer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: Annotated[int, Field(ge=20)] = 1500
    test: Annotated[int, Field(ge=20)] = 400
    size: Annotated[int, Field(ge=48)] = SIZE
    width: Annotated[int, Field(ge=4)] = 16
    epochs: Annotated[int, Field(ge=1)] = 12
    lr: Annotated[float, Field(gt=0)] = 4e-3
    batch_size: Annotated[int, Field(ge=1)] = 50
    threads: Annotated[int, Field(ge=1)] = 1
    device: str = "cpu"


@dataclass(frozen=True)
class Inspection:
    """What came of one seed.

    Attributes
    ----------
    rows
        Accuracy (%) as system, seed, metric, value; a metric is a question.
    told
        System and test -> answers (pictures, 3) beside the right ones, (pictures, 3).
    history
        Loss by system and epoch.
    """

    seed: int
    rows: pd.DataFrame
    told: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
    history: pd.DataFrame


class Inspector(nn.Module):
    """Four convolutions and a linear layer for each question."""

    def __init__(self, size: int = SIZE, width: int = 16) -> None:
        super().__init__()
        if size % 16:
            raise MMReproError(f"an inspector cannot look at {size} pixels; give a multiple of 16.")
        self.size = size
        channels = [3, width, 2 * width, 4 * width, 4 * width]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(channels):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        self.look = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2))
        seen = channels[-1] * (size // 16) ** 2
        self.heads = nn.ModuleList(nn.Linear(seen, len(each)) for each in ANSWERS.values())

    def forward(self, images: Tensor) -> list[Tensor]:
        """Turn images (batch, size, size, 3) of 0 to 255 into scores of answers, (batch, answers) a question.

        Raises
        ------
        MMReproError
            For images of another size.
        """
        if images.shape[1:] != (self.size, self.size, 3):
            raise MMReproError(
                f"pictures of shape {tuple(images.shape[1:])} were shown to an inspector made for "
                f"({self.size}, {self.size}, 3); draw them with size={self.size}."
            )
        seen = self.look(images.float().permute(0, 3, 1, 2) / 127.5 - 1)
        return [head(seen) for head in self.heads]


def answer_loss(net: nn.Module, batch: Batch) -> Tensor:
    """Return the cross-entropy of the right answers, mean over the questions; a scalar."""
    images, labels = batch
    scores = net(images)
    losses = [functional.cross_entropy(each, labels[:, place]) for place, each in enumerate(scores)]
    return torch.stack(losses).mean()


@torch.no_grad()
def answers(net: Inspector, images: Images, at_once: int = 250) -> NDArray[np.int64]:
    """Return the likeliest answer to each question, as places in `ANSWERS`, (pictures, 3)."""
    net.eval()
    device = next(net.parameters()).device
    found = []
    for start in range(0, len(images), at_once):
        scores = net(torch.from_numpy(images[start : start + at_once]).to(device))
        found.append(torch.stack([each.argmax(-1) for each in scores], -1).cpu())
    return torch.cat(found).numpy()


def train_inspector(
    pictures: Pictures, settings: InspectionSettings, seed: int
) -> tuple[Inspector, pd.DataFrame]:
    """Train an inspector on pictures."""
    torch.manual_seed(seed)
    net = Inspector(settings.size, settings.width)
    plan = TrainingSettings(
        epochs=settings.epochs,
        lr=settings.lr,
        weight_decay=0.02,
        batch_size=settings.batch_size,
        warm_up=0.1,
    )
    data = Tensors(torch.from_numpy(pictures.images), torch.from_numpy(pictures.labels))
    history = fit(net, data, answer_loss, plan, seed=seed, accelerator=make_accelerator(settings.device))
    return net.eval(), history


def most_common(train: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Answer `count` times what is the right answer most often in training, (count, 3)."""
    return np.tile([np.bincount(column).argmax() for column in train.T], (count, 1))


def accuracy_rows(
    system: str, seed: int, told: NDArray[np.int64], right: NDArray[np.int64]
) -> list[dict[str, str | int | float]]:
    """Return the accuracy (%) of each question, and of pictures about which every answer is right."""
    correct = told == right
    values = dict(zip(ANSWERS, correct.mean(0).tolist(), strict=True)) | {ALL: float(correct.all(1).mean())}
    return [
        {"system": system, "seed": seed, "metric": name, "value": 100 * share}
        for name, share in values.items()
    ]


def inspect_seed(settings: InspectionSettings, seed: int) -> Inspection:
    """Train both networks and ask them the same questions."""
    seed_everything(seed, settings.threads)
    first = _SEEDS_APART * (1 + seed)
    train = _drawn(TRAINED, settings.train, first, settings)
    tests = _drawn(TESTS, settings.test, first + len(TRAINED), settings)
    told: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    histories = []
    for system, pictures in train.items():
        net, history = train_inspector(pictures, settings, seed)
        histories.append(history.assign(system=system, seed=seed))
        for name, test in tests.items():
            told[f"{system}, {name}"] = answers(net, test.images), test.labels
        if system == "narrow":
            seen = tests["seen"]
            told[BLANK] = answers(net, blanked(seen.images)), seen.labels
            told[MAJORITY] = most_common(pictures.labels, len(seen)), seen.labels
    rows = [row for system, pair in told.items() for row in accuracy_rows(system, seed, *pair)]
    return Inspection(seed, pd.DataFrame(rows), told, pd.concat(histories, ignore_index=True))


def inspect_seeds(settings: InspectionSettings, seeds: Sequence[int], each: Each = map) -> list[Inspection]:
    """Run every seed; `each` is the `map` that runs the jobs."""
    found: Iterable[Inspection] = each(partial(inspect_seed, settings), list(seeds))
    return list(found)


def confusion(runs: Sequence[Inspection], system: str, question: str = "fault") -> pd.DataFrame:
    """Count answers (columns) by the right answer (rows) in %, over all seeds; each row adds up to 100."""
    place = list(ANSWERS).index(question)
    names = ANSWERS[question]
    table = np.zeros((len(names), len(names)))
    for run in runs:
        told, right = run.told[system]
        np.add.at(table, (right[:, place], told[:, place]), 1)
    return pd.DataFrame(100 * table / table.sum(1, keepdims=True), index=names, columns=names)


def _drawn(
    kinds: Mapping[str, tuple[Half, Half]], count: int, first: int, settings: InspectionSettings
) -> dict[str, Pictures]:
    """Draw pictures of each kind, with seeds from `first` on."""
    return {
        name: draw_pictures(count, first + place, sun=sun, turn=turn, size=settings.size)
        for place, (name, (sun, turn)) in enumerate(kinds.items())
    }
