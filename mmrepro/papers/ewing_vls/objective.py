"""Three ways to train one projection on images of other organs: with words, with labels, with neither."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.papers.ewing_vls.captions import WORDINGS
from mmrepro.papers.ewing_vls.language import TextTower, Words
from mmrepro.training.share import whole_batch

_START_SCALE = math.log(1 / 0.07)  # of CLIP


class Projection(nn.Module):
    """Features (n, wide) to features (n, width), by one linear map; inputs are brought to one scale first."""

    mean: Tensor
    spread: Tensor

    def __init__(self, features: Tensor, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", features.mean(0))
        self.register_buffer("spread", features.std(0) + 1e-6)
        self.linear = nn.Linear(features.shape[1], width)

    def forward(self, features: Tensor) -> Tensor:
        """Project features."""
        found: Tensor = self.linear((features - self.mean) / self.spread)
        return found


class ImageText(nn.Module):
    """A pocket PLIP: images and captions in one space, matched by contrast (CLIP, with UniCL's targets).

    Every caption of an image's concept is a right one, since many images share a concept.
    """

    captions: Tensor

    def __init__(self, projection: Projection, concepts: Sequence[str], width: int) -> None:
        super().__init__()
        self.projection = projection
        self.reader = Words([wording.format(each) for wording in WORDINGS for each in concepts])
        ids = [self.reader([wording.format(each) for each in concepts]) for wording in WORDINGS]
        self.register_buffer("captions", torch.stack(ids))  # (wordings, concepts, words)
        self.text = TextTower(len(self.reader), self.reader.longest, width)
        self.scale = nn.Parameter(torch.tensor(_START_SCALE))

    def forward(self, features: Tensor, concepts: Tensor) -> Tensor:
        """Return the loss of a batch: features of both views (b, 2, wide), and concepts (b,)."""
        concepts = whole_batch(concepts).repeat_interleave(2)
        drawn = torch.randint(len(WORDINGS), concepts.shape, device="cpu").to(concepts.device)
        texts = functional.normalize(self.text(self.captions[drawn, concepts]), dim=1)
        seen = _seen(self.projection, features)
        logits = self.scale.exp().clamp(max=100) * seen @ texts.T
        return (matched(logits, concepts) + matched(logits.T, concepts)) / 2

    def prompt_logits(self, features: Tensor, prompts: Sequence[str]) -> Tensor:
        """Return the cosine of features (n, wide) with prompts, (n, prompts)."""
        ids = self.reader(prompts).to(features.device)
        texts = functional.normalize(self.text(ids), dim=1)
        return functional.normalize(self.projection(features), dim=1) @ texts.T


def _seen(projection: Projection, features: Tensor) -> Tensor:
    """Project both views (b, 2, wide) of all images of a batch to (2 b, width), of length 1."""
    found = functional.normalize(projection(features.flatten(0, 1)), dim=1)
    return whole_batch(found.unflatten(0, (-1, 2))).flatten(0, 1)


def matched(logits: Tensor, concepts: Tensor) -> Tensor:
    """Cross-entropy of logits (n, n) with rows spread evenly over all columns of the same concept."""
    right = (concepts[:, None] == concepts[None]).float()
    return functional.cross_entropy(logits, right / right.sum(1, keepdim=True))


class Labels(nn.Module):
    """The same projection trained to tell the concepts as mere numbers: the domain without language."""

    def __init__(self, projection: Projection, concepts: Sequence[str], width: int) -> None:
        super().__init__()
        self.projection = projection
        self.classifier = nn.Linear(width, len(concepts), bias=False)
        self.scale = nn.Parameter(torch.tensor(_START_SCALE))

    def forward(self, features: Tensor, concepts: Tensor) -> Tensor:
        """Return the loss of a batch, as in `ImageText`, with a vector a concept in place of captions."""
        seen = functional.normalize(self.projection(features.flatten(0, 1)), dim=1)
        known = functional.normalize(self.classifier.weight, dim=1)
        logits = self.scale.exp().clamp(max=100) * seen @ known.T
        return functional.cross_entropy(logits, concepts.repeat_interleave(2))


class Pairs(nn.Module):
    """The same projection trained to know two views of one image: neither language nor labels (SimCLR)."""

    def __init__(self, projection: Projection, concepts: Sequence[str], width: int) -> None:
        super().__init__()
        self.projection = projection
        self.scale = nn.Parameter(torch.tensor(_START_SCALE))

    def forward(self, features: Tensor, concepts: Tensor) -> Tensor:
        """Return the loss of a batch: each view must find its other view among all of the batch."""
        seen = _seen(self.projection, features)
        logits = self.scale.exp().clamp(max=100) * seen @ seen.T
        own = torch.eye(len(seen), dtype=torch.bool, device=seen.device)
        other = torch.arange(len(seen), device=seen.device) ^ 1  # views of an image stand side by side
        return functional.cross_entropy(logits.masked_fill(own, float("-inf")), other)


Objective = ImageText | Labels | Pairs
OBJECTIVES: dict[str, type[Objective]] = {
    "in-domain image-text": ImageText,
    "in-domain labels": Labels,
    "in-domain pairs": Pairs,
}
