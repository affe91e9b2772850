"""What a branch looks at, and what is lost when it falls silent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.models.detection.fcos import FCOS

from mmrepro.papers.piip.detection import Task
from mmrepro.papers.piip.detector import detect, merged_map
from mmrepro.papers.piip.precision import average_precision
from mmrepro.papers.piip.pyramid import PIIP


def receptive_fields(pyramid: PIIP, images: Tensor) -> list[NDArray[np.float32]]:
    """Measure the effective receptive field of every branch's centre cell.

    The mean over images of the absolute gradient of the cell's channels, added up with random signs, with
    respect to the pixels (Luo et al. 2016), scaled to a largest value of one.

    Parameters
    ----------
    images
        Shape (b, 3, h, w).

    Returns
    -------
    list of array
        One (h, w) map a branch.
    """
    pyramid.eval()
    signs = torch.Generator().manual_seed(0)
    fields = []
    for place in range(len(pyramid.dims)):
        seen = images.clone().requires_grad_()
        maps = pyramid(seen)[place]
        centre = maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2]
        weights = torch.randint(0, 2, centre.shape, generator=signs).to(centre) * 2 - 1
        (gradient,) = torch.autograd.grad((centre * weights).sum(), seen)
        field = gradient.abs().sum(1).mean(0)
        fields.append((field / field.max()).cpu().numpy())
    return fields


def share_within(field: NDArray[np.float32], radius: float) -> float:
    """Return how much of a field (%) lies within `radius` pixels of its centre."""
    rows, columns = np.indices(field.shape)
    centre = (np.array(field.shape) - 1) / 2
    near = np.hypot(rows - centre[0], columns - centre[1]) <= radius
    return float(100 * field[near].sum() / field.sum())


def silenced(detector: FCOS, task: Task, names: Sequence[str]) -> pd.DataFrame:
    """Score a trained detector with every subset of its branches heard, the others counted as zero.

    Nothing is trained again, unlike in the paper's Table 8: this shows what this detector relies on.

    Returns
    -------
    DataFrame
        heard (names joined by +), AP.
    """
    backbone = merged_map(detector)
    rows = []
    for count in range(1, len(names) + 1):
        for keep in combinations(range(len(names)), count):
            backbone.keep = keep
            found = detect(detector, task.test, task.sizes)
            scores = average_precision(task.truth, found, task.classes).scores
            rows.append({"heard": " + ".join(names[place] for place in keep), "AP": scores["AP"]})
    backbone.keep = None
    return pd.DataFrame(rows)
