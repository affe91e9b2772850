"""Aggregators from torchmil behind one interface: a bag of features in, one logit a class out."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmrepro.errors import MMReproError

Aggregator = Literal["mean", "max", "ABMIL", "TransMIL"]
AGGREGATORS: tuple[Aggregator, ...] = ("mean", "max", "ABMIL", "TransMIL")


class Head(nn.Module):
    """An aggregator with a classifier.

    torchmil's models end in a single logit, for a bag that is positive or not; their last layer is replaced
    by one with a logit a class.

    Parameters
    ----------
    width
        Of the features.
    size
        Width of the attention (ABMIL) or of the transformer (TransMIL); mean and max have none.
    """

    def __init__(self, kind: Aggregator, width: int, classes: int, size: int = 128) -> None:
        super().__init__()
        self.kind, self.width = kind, width
        self.model = _model(kind, width, size)
        self.classifier = nn.Linear(size if kind == "TransMIL" else width, classes)
        if kind in ("ABMIL", "TransMIL"):
            self.model.classifier = self.classifier

    def forward(self, bags: Tensor, mask: Tensor) -> Tensor:
        """Turn bags (b, n, width), of which `mask` (b, n) is real, into logits (b, classes).

        Raises
        ------
        MMReproError
            When the features have another width than the head was made for, or a bag is empty.
        """
        self._require_fit(bags, mask)
        if self.kind == "TransMIL":
            return self._by_size(bags, mask, told=False)[0]
        found: Tensor = self.model(bags, mask.float() if self.kind == "ABMIL" else mask)
        return found if self.kind == "ABMIL" else self.classifier(found)

    def attend(self, bags: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits as `forward` does, and the attention of each patch (b, n), adding up to one a bag.

        Mean pooling attends evenly. Max pooling is said to attend to a patch as often as it holds a
        feature's largest value.
        """
        self._require_fit(bags, mask)
        if self.kind == "TransMIL":
            return self._by_size(bags, mask, told=True)
        if self.kind == "ABMIL":
            logits, raw = self.model(bags, mask.float(), return_att=True)
            return logits, raw.masked_fill(~mask, float("-inf")).softmax(1)
        even = mask / mask.sum(1, keepdim=True)
        return self(bags, mask), even if self.kind == "mean" else _largest(bags, mask)

    def _require_fit(self, bags: Tensor, mask: Tensor) -> None:
        if bags.shape[-1] != self.width:
            raise MMReproError(
                f"This head reads {self.width} features a patch and was given {bags.shape[-1]}; "
                "make it with the width of the extractor."
            )
        if not mask.any(1).all():
            raise MMReproError("A bag has no patch; leave it out before it comes to a head.")

    def _by_size(self, bags: Tensor, mask: Tensor, told: bool) -> tuple[Tensor, Tensor]:
        """Run bags together that fill the same square.

        TransMIL knows no mask. It lays a bag out as a square and repeats the first patches in what is left
        of it; done here for each bag, so that bags of several sizes make one batch and no padding is ever
        attended to.
        """
        sizes, order = mask.sum(1), mask.int().argsort(dim=1, descending=True, stable=True)
        sides = sizes.sqrt().ceil().long()
        logits = bags.new_zeros(len(bags), self.classifier.out_features)
        attention = bags.new_zeros(mask.shape)
        for side in sides.unique().tolist():
            rows = (sides == side).nonzero().squeeze(1)
            place = torch.arange(side**2, device=bags.device) % sizes[rows, None]
            place = order[rows].gather(1, place)
            square = bags[rows].gather(1, place[..., None].expand(-1, -1, self.width))
            found = self.model(square, return_att=told)
            logits = logits.index_copy(0, rows, found[0] if told else found)
            if told:
                # Nystrom's approximation of the attention may be slightly negative.
                share = found[1].clamp(min=1e-9)
                own = torch.zeros_like(attention[rows]).scatter_reduce(1, place, share, "sum")
                attention[rows] = own / own.sum(1, keepdim=True)
        return logits, attention


def _model(kind: Aggregator, width: int, size: int) -> Any:
    # Imported part by part: torchmil.models pulls in graph networks.
    if kind == "ABMIL":
        from torchmil.models.abmil import ABMIL

        return ABMIL((width,), att_dim=size, gated=True)
    if kind == "TransMIL":
        from torchmil.models.transmil import TransMIL

        return TransMIL((width,), att_dim=size, n_heads=4, n_landmarks=max(4, size // 4))
    from torchmil.nn import MaxPool, MeanPool

    return MeanPool() if kind == "mean" else MaxPool()


def _largest(bags: Tensor, mask: Tensor) -> Tensor:
    winners = bags.masked_fill(~mask[..., None], float("-inf")).argmax(1)  # (b, width)
    counts = torch.zeros(mask.shape, device=bags.device)
    return counts.scatter_add(1, winners, torch.ones(winners.shape, device=bags.device)) / bags.shape[-1]
