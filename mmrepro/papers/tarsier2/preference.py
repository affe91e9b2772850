"""Preferences that need no people: a model's own words on an intact and on a spoilt video (section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmrepro.errors import MMReproError
from mmrepro.evidence.description import DescriptionScore
from mmrepro.papers.tarsier2.corruption import CORRUPTIONS, corrupt, stretched


@dataclass(frozen=True)
class Pair:
    """Two descriptions of one video.

    Attributes
    ----------
    row
        Of the video.
    chosen, rejected
        Told of the intact video, and of the spoilt one (or of the intact one, told again).
    recall_gain, precision_gain
        What AutoDQ gives the chosen one more than the rejected one.
    kind
        How the video was spoilt.
    """

    row: int
    chosen: str
    rejected: str
    recall_gain: float
    precision_gain: float
    kind: str

    @property
    def differs(self) -> bool:
        """Whether there is anything to prefer."""
        return self.chosen != self.rejected

    def passes(self, least_gain: float) -> bool:
        """Tell whether the pair passes the paper's filter: no loss in either, and enough gain in both."""
        # Sums of thirds and halves miss a threshold by a rounding error.
        gains = self.recall_gain, self.precision_gain
        return self.differs and min(gains) >= 0 and sum(gains) >= least_gain - 1e-9


def spoil(videos: Tensor, rng: np.random.Generator) -> tuple[Tensor, list[str]]:
    """Spoil each of `videos` (count, frames, ...) in a way drawn at random, to as many frames as before."""
    count = videos.shape[1]
    kinds = [str(kind) for kind in rng.choice(list(CORRUPTIONS), size=len(videos))]
    places = np.stack([stretched(corrupt(kind, count, rng), count) for kind in kinds])
    return videos[torch.arange(len(videos))[:, None], torch.from_numpy(places)], kinds


def make_pairs(
    chosen: Sequence[str],
    rejected: Sequence[str],
    chosen_scores: Sequence[DescriptionScore],
    rejected_scores: Sequence[DescriptionScore],
    kinds: Sequence[str],
) -> list[Pair]:
    """Pair two descriptions of each video; equal ones are kept, for the count."""
    rows = zip(chosen, rejected, chosen_scores, rejected_scores, kinds, strict=True)
    return [
        Pair(row, one, other, above.recall - below.recall, above.precision - below.precision, kind)
        for row, (one, other, above, below, kind) in enumerate(rows)
    ]


def filtered(pairs: Sequence[Pair], least_gain: float) -> list[Pair]:
    """Keep the pairs that pass the filter.

    Raises
    ------
    MMReproError
        Where none does.
    """
    kept = [pair for pair in pairs if pair.passes(least_gain)]
    if not kept:
        raise MMReproError(
            f"0 of {len(pairs)} pairs pass the filter; lower least_gain ({least_gain:g}) or use videos that "
            "the model was not tuned on."
        )
    return kept


def dpo_loss(
    chosen: Tensor, rejected: Tensor, chosen_before: Tensor, rejected_before: Tensor, beta: float
) -> Tensor:
    """Return the loss of direct preference optimisation (arXiv 2305.18290, equation 7), a scalar.

    Parameters
    ----------
    chosen, rejected
        Log-probabilities of the descriptions under the policy, (pairs,).
    chosen_before, rejected_before
        The same under the model that the policy started from.
    beta
        How strongly the policy is tied to that model.
    """
    if beta <= 0:
        raise MMReproError(f"beta is {beta:g}; it must be above 0, or no preference would count.")
    margin = beta * ((chosen - chosen_before) - (rejected - rejected_before))
    return -functional.logsigmoid(margin).mean()
