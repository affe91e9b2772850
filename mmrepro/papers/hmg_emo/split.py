"""Who may know what: edges that carry messages, edges that are learnt from, edges that are asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo.corpus import Corpus

Unseen = Literal["pairs", "items"]


@dataclass(frozen=True)
class Partition:
    """One step's edges: those that carry messages and those that are predicted, never the same.

    Attributes
    ----------
    message, supervised
        Answers (rows of the corpus), shape (n,) each.

    Raises
    ------
    MMReproError
        When an answer of a (user, item) pair carries messages while another of the pair is predicted.
    """

    corpus: Corpus
    message: Tensor
    supervised: Tensor

    def __post_init__(self) -> None:
        pair = self.corpus.pair
        told = torch.zeros(int(pair.max()) + 1, dtype=torch.bool)
        told[pair[self.message]] = True
        shared = told[pair[self.supervised]]
        if shared.any():
            row = int(self.supervised[shared][0])
            user, item = self.corpus.edges[:, row].tolist()
            raise MMReproError(
                f"{int(shared.sum())} edges are predicted and carry messages at once, the one from user "
                f"{user} to item {item} first; a message edge tells its own answer, so take them out of one."
            )

    @property
    def asked(self) -> Tensor:
        """User and item of each predicted answer, shape (2, n)."""
        return self.corpus.edges[:, self.supervised]

    @property
    def answers(self) -> Tensor:
        """Emotions of each predicted answer, shape (n, k); for the loss and the scores only."""
        return self.corpus.labels[self.supervised]


@dataclass(frozen=True)
class Split:
    """Pairs for training, validation and test.

    Attributes
    ----------
    train, valid, test
        Numbers of (user, item) pairs, disjoint.
    always
        Answers that always carry messages; empty but in the leakage lab.
    """

    corpus: Corpus
    train: Tensor
    valid: Tensor
    test: Tensor
    always: Tensor

    def rows(self, pairs: Tensor) -> Tensor:
        """Return the answers of some pairs."""
        return self._of(pairs).nonzero().squeeze(1)

    def learning(self, pairs: Tensor, hidden: Tensor | None = None) -> Partition:
        """Predict the answers of some training pairs from those of all others that are not hidden either."""
        asked = self._of(pairs)
        message = self._of(self.train) & ~(asked if hidden is None else asked | self._of(hidden))
        return self._partition(message, asked)

    def asking(self, pairs: Tensor) -> Partition:
        """Predict the answers of held-out pairs from all training answers."""
        return self._partition(self._of(self.train), self._of(pairs))

    def _of(self, pairs: Tensor) -> Tensor:
        chosen = torch.zeros(int(self.corpus.pair.max()) + 1, dtype=torch.bool)
        chosen[pairs.cpu()] = True
        return chosen[self.corpus.pair]

    def _partition(self, message: Tensor, asked: Tensor) -> Partition:
        message[self.always] = True
        return Partition(self.corpus, message.nonzero().squeeze(1), asked.nonzero().squeeze(1))


def split_edges(corpus: Corpus, unseen: Unseen, valid: float, test: float, seed: int) -> Split:
    """Split at random so that all answers of a pair stay together.

    Parameters
    ----------
    unseen
        ``pairs``: test pairs are new, their user and item may be known. ``items``: test items are new.
    valid, test
        Shares of the pairs, or of the items.

    Raises
    ------
    MMReproError
        When a part would be empty.
    """
    count = int(corpus.pair.max()) + 1
    item_of = torch.zeros(count, dtype=torch.long)
    item_of[corpus.pair] = corpus.edges[1]
    units, unit_of = (count, torch.arange(count)) if unseen == "pairs" else (corpus.item_count, item_of)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(units))
    place = torch.empty(units, dtype=torch.long)
    place[order] = torch.arange(units)
    share = (place[unit_of].double() + 0.5) / units
    parts = (share >= valid + test, (share >= test) & (share < valid + test), share < test)
    for name, chosen in zip(("training", "validation", "test"), parts, strict=True):
        if not chosen.any():
            raise MMReproError(f"The {name} part has no pair; give it a larger share or keep more data.")
    train, held_out, last = (chosen.nonzero().squeeze(1) for chosen in parts)
    return Split(corpus, train, held_out, last, torch.zeros(0, dtype=torch.long))
