"""The other end of the comparison: tower and aggregator trained together, from pixels to answer."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmrepro.papers.ewing_vls.extractors import Extractor
from mmrepro.papers.ewing_vls.heads import Aggregator, Head
from mmrepro.papers.ewing_vls.runs import Probabilities, loss_of, pad
from mmrepro.papers.ewing_vls.settings import Settings
from mmrepro.papers.ewing_vls.split import Fold
from mmrepro.papers.ewing_vls.tiles import Bags
from mmrepro.training.batches import Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.seed import seed_everything


class EndToEnd(nn.Module):
    """A trainable tower below a head; patches off the mask are never looked at."""

    def __init__(self, extractor: Extractor, head: Head) -> None:
        super().__init__()
        self.tower, self.head = copy.deepcopy(extractor.tower), head

    def train(self, mode: bool = True) -> EndToEnd:
        """Leave batch statistics of the tower as they were: a few tiles are not the data."""
        super().train(mode)
        self.tower.eval()
        return self

    def forward(self, images: Tensor, mask: Tensor) -> Tensor:
        """Turn bags of images (b, n, 3, h, w) into logits (b, classes)."""
        features = self.tower(images[mask])
        bags = features.new_zeros(*mask.shape, features.shape[1])
        bags[mask] = features
        logits: Tensor = self.head(bags, mask)
        return logits


def fine_tune(
    extractor: Extractor, bags: Bags, splits: list[Fold], kind: Aggregator, settings: Settings, seed: int
) -> Probabilities:
    """Train tower and head on every fold and answer its test tiles, (tiles, classes)."""
    images = extractor.images(bags.patches)
    padded = pad(np.arange(len(images), dtype=np.float32)[:, None], bags.tile_of, len(bags.tiles))
    rows, labels = padded.features[..., 0].long(), torch.from_numpy(bags.labels)
    said = np.full((len(labels), len(bags.classes)), np.nan)
    plan = TrainingSettings(
        epochs=settings.fine_epochs, lr=settings.fine_lr, batch_size=settings.fine_batch, warm_up=0.1
    )
    for train, test in splits:
        seed_everything(seed, settings.threads)
        size = settings.transmil_size if kind == "TransMIL" else settings.head_size
        model = EndToEnd(extractor, Head(kind, extractor.width, len(bags.classes), size))
        accelerator = make_accelerator(settings.device)
        data = Tensors(images[rows[train]], padded.mask[train], labels[train])
        fit(model, data, loss_of, plan, seed=seed, accelerator=accelerator)
        said[test] = _answers(model.eval(), images[rows[test]], padded.mask[test], accelerator.device)
    return said


@torch.inference_mode()
def _answers(model: EndToEnd, images: Tensor, mask: Tensor, device: torch.device) -> NDArray[np.float64]:
    found = [
        model(part.to(device), own.to(device))
        for part, own in zip(images.split(1), mask.split(1), strict=True)
    ]
    return np.asarray(torch.cat(found).double().softmax(1).cpu().numpy())
