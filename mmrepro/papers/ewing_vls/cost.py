"""What a pairing of extractor and aggregator costs: parameters and MACs exactly, seconds measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmrepro.papers.ewing_vls.extractors import ConvolutionTower, LiteTower, Tower
from mmrepro.papers.ewing_vls.heads import AGGREGATORS, Head

_CLASSES, _PATCHES, _SIDE, _HEAD = 4, 16, 224, {"ABMIL": 128, "TransMIL": 512}
_REPEATS = 3
PASSES = 50


class DenseTower(Tower):
    """VGG16 up to its second dense layer: the other reading of "VGG16 features", 4,096 of them."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import vgg16

        whole = vgg16(weights=None)
        self.body = nn.Sequential(whole.features, whole.avgpool, nn.Flatten(), *list(whole.classifier)[:5])
        self.width = 4096

    def forward(self, images: Tensor) -> Tensor:
        """Turn images into the activations of the second dense layer."""
        found: Tensor = self.body(images)
        return found


class ImageTransformer(Tower):
    """The image half of CLIP ViT-B/32, and so of PLIP, with random weights: what is counted and timed.

    In PyTorch's own layers, since transformers, whose class the tests hold it to, takes seconds to import.
    """

    def __init__(self, side: int = _SIDE, dim: int = 768, depth: int = 12, heads: int = 12) -> None:
        super().__init__()
        self.width, self.patches = 512, nn.Conv2d(3, dim, 32, 32, bias=False)
        self.start = nn.Parameter(torch.zeros(1, 1, dim))
        self.places = nn.Parameter(torch.zeros(1, (side // 32) ** 2 + 1, dim))
        self.before, self.after = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                dim, heads, 4 * dim, dropout=0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(depth)
        )
        self.project = nn.Linear(dim, self.width, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images into embeddings."""
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        hidden = torch.cat([self.start.expand(len(images), -1, -1), tokens], 1) + self.places
        hidden = self.before(hidden)
        for block in self.blocks:
            hidden = block(hidden)
        found: Tensor = self.project(self.after(hidden[:, 0]))
        return found


TOWERS: dict[str, Callable[[], Tower]] = {
    "VGG16": ConvolutionTower,
    "VGG16, dense": DenseTower,
    "PLIP": ImageTransformer,
}
# What is timed: the dense reading would take half a gigabyte, and PyTorch's counter, which takes the
# backward pass of a depthwise convolution for one of a full convolution, cannot count EfficientNet's steps.
TIMED: dict[str, Callable[[int], Tower]] = {
    "VGG16": lambda side: ConvolutionTower(),
    "PLIP": ImageTransformer,
    "EfficientNet-Lite0": lambda side: LiteTower(),
}


@dataclass(frozen=True)
class Pairing:
    """An extractor, frozen or fine-tuned, with an aggregator: four classes, bags of 16 patches.

    Attributes
    ----------
    trainable, frozen
        Parameters.
    answer_macs, step_macs
        Multiply-accumulates of one bag: to answer, and of a training step on it. A frozen extractor runs
        once, before training, so it is in the first and not in the second.
    """

    extractor: str
    mode: str
    aggregator: str
    trainable: int
    frozen: int
    answer_macs: int
    step_macs: int

    @property
    def run_macs(self) -> int:
        """Multiply-accumulates of training on one bag in `PASSES` passes, with the extraction before them."""
        extraction = self.answer_macs if self.mode == "frozen" else 0
        return extraction + PASSES * self.step_macs


def parameters(module: nn.Module) -> int:
    """Count parameters."""
    return sum(each.numel() for each in module.parameters())


def macs(run: Callable[[], Any]) -> int:
    """Count the multiply-accumulates of a computation; PyTorch's counter gives two operations for each."""
    with FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops()) // 2


def pairings() -> list[Pairing]:
    """Count every pairing of the towers with the four aggregators, on tensors without content."""
    for kind in AGGREGATORS:
        Head(kind, 8, 2, 8)  # imports libraries that cannot be imported below
    with torch.device("meta"):
        return [each for name, make in TOWERS.items() for each in _pairings_of(name, make().eval())]


def _pairings_of(extractor: str, tower: Tower) -> list[Pairing]:
    width, images = tower.width, torch.empty(_PATCHES, 3, _SIDE, _SIDE)
    bag, tuned_bag = torch.empty(1, _PATCHES, width), torch.empty(1, _PATCHES, width, requires_grad=True)
    with torch.no_grad():
        forward = macs(lambda: tower(images))
    both = macs(lambda: tower(images).sum().backward())
    found = []
    for kind in AGGREGATORS:
        head = Head(kind, width, _CLASSES, _HEAD.get(kind, 0))
        answer, step, through = (
            macs(run)
            for run in (
                torch.no_grad()(partial(_logits, head, bag)),
                lambda: _logits(head, bag).sum().backward(),  # noqa: B023 - called at once
                lambda: _logits(head, tuned_bag).sum().backward(),  # noqa: B023
            )
        )
        own, whole = parameters(head), parameters(tower)
        found += [
            Pairing(extractor, "fine-tuned", kind, own + whole, 0, forward + answer, both + through),
            Pairing(extractor, "frozen", kind, own, whole, forward + answer, step),
        ]
    return found


def _logits(head: Head, bag: Tensor) -> Tensor:
    """Run a head on a bag without a mask, whose content tensors without content cannot tell."""
    if head.kind in ("mean", "max"):
        pooled = bag.mean(1) if head.kind == "mean" else bag.max(1).values
        found: Tensor = head.classifier(pooled)
        return found
    answered: Tensor = head.model(bag)
    return answered


def table(found: list[Pairing]) -> pd.DataFrame:
    """Tabulate pairings: parameters in millions, multiply-accumulates in billions."""
    return pd.DataFrame(
        {
            "extractor": f"{each.extractor}, {each.mode}",
            "aggregator": each.aggregator,
            "trainable (M)": each.trainable / 1e6,
            "frozen (M)": each.frozen / 1e6,
            "GMAC to answer a bag": each.answer_macs / 1e9,
            "GMAC of a step": each.step_macs / 1e9,
        }
        for each in found
    )


def fewer(found: list[Pairing], one: tuple[str, str], other: tuple[str, str], of: str) -> int:
    """Count the aggregators with which `one` (extractor, mode) has less `of` (a field) than `other`."""
    values = {(p.extractor, p.mode, p.aggregator): getattr(p, of) for p in found}
    return sum(values[*one, kind] < values[*other, kind] for kind in AGGREGATORS)


def shares(found: list[Pairing], of: str, aggregator: str) -> dict[str, float]:
    """Split what frozen PLIP saves against fine-tuned VGG16 into freezing and extractor.

    Freezing comes first: fine-tuned to frozen VGG16, then to frozen PLIP. In percent of the whole saving.
    """
    values = {(p.extractor, p.mode): getattr(p, of) for p in found if p.aggregator == aggregator}
    tuned, frozen, plip = values["VGG16", "fine-tuned"], values["VGG16", "frozen"], values["PLIP", "frozen"]
    return {
        "by freezing": 100 * (tuned - frozen) / (tuned - plip),
        "by the extractor": 100 * (frozen - plip) / (tuned - plip),
    }


def measured(names: Sequence[str], side: int) -> pd.DataFrame:
    """Time some towers on one image: CPU seconds to extract, and of a training step; the least of a few.

    Weights are random, on which time does not depend.
    """
    rows = []
    for name in names:
        tower, images = TIMED[name](side).eval(), torch.rand(1, 3, side, side)
        rows.append(
            {"extractor": name, "extract (s)": _least(lambda: _forward(tower, images)),  # noqa: B023
             "training step (s)": _least(lambda: tower(images).sum().backward())}  # noqa: B023
        )  # fmt: skip
    return pd.DataFrame(rows)


@torch.inference_mode()
def _forward(tower: nn.Module, images: Tensor) -> None:
    tower(images)


def _least(run: Callable[[], Any]) -> float:
    """CPU seconds of the quickest of a few repeats, since other work on the machine only ever adds."""
    found = []
    for _ in range(_REPEATS):
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return min(found)
