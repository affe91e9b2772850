"""Generated graphs of growing size, and what one step of training keeps in memory on them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor, nn

from mmrepro.papers.hmg_emo.corpus import Corpus, number_pairs
from mmrepro.papers.hmg_emo.graph import message_graph
from mmrepro.papers.hmg_emo.model import EmotionNetwork, NetworkConfig
from mmrepro.papers.hmg_emo.neighbours import Sampler, neighbourhood
from mmrepro.papers.hmg_emo.split import Partition

UNIT = 8000  # edges at multiple 1, about as many as Emotify has
_USERS, _ITEMS, _EMOTIONS, _BATCH = 700, 400, 9, 512


def generated_corpus(multiple: int, seed: int = 0) -> Corpus:
    """Draw a random corpus of `multiple` times `UNIT` edges, with users and items in proportion."""
    draw = torch.Generator().manual_seed(seed)
    users, items, edges = _USERS * multiple, _ITEMS * multiple, UNIT * multiple
    ends = torch.stack([torch.randint(count, (edges,), generator=draw) for count in (users, items)])
    return Corpus(
        emotions=tuple(f"emotion {number}" for number in range(_EMOTIONS)),
        users=torch.randn(users, 16, generator=draw),
        items={"tags": torch.randn(items, 64, generator=draw)},
        present=torch.ones(items, 1, dtype=torch.bool),
        modalities=("tags",),
        links={("genre", "of", "item"): torch.stack([torch.arange(items) % 4, torch.arange(items)])},
        edges=ends,
        labels=(torch.rand(edges, _EMOTIONS, generator=draw) < 0.2).float(),
        pair=number_pairs(ends),
        reaction=torch.zeros(edges, 0),
        user_names=(),
        item_names=(),
        item_groups=(),
    )


class Step:
    """One training step on a generated graph: 512 pairs are predicted, all other edges may carry messages."""

    def __init__(self, corpus: Corpus, sampler: Sampler, fanout: int, layers: int) -> None:
        torch.manual_seed(0)
        config = NetworkConfig(corpus.modalities, layers=layers, labels=True, dropout=0.0)
        self.model = EmotionNetwork(corpus, config)
        asked = corpus.pair < _BATCH
        self.partition = Partition(corpus, (~asked).nonzero().squeeze(1), asked.nonzero().squeeze(1))
        self.options = (sampler, fanout, layers)

    def loss(self) -> Tensor:
        """Return the loss of the step, ready to go backward."""
        torch.manual_seed(0)  # the same neighbours every time
        graph, asked = neighbourhood(message_graph(self.partition), self.partition.asked, *self.options)
        scores = self.model(graph, asked)
        return nn.functional.binary_cross_entropy_with_logits(scores, self.partition.answers)

    def kept_mb(self) -> float:
        """Return the megabytes that the forward pass keeps for the backward one, parameters left out.

        Counted from the tensors themselves, so the number is the same on every machine.
        """
        own = {weight.untyped_storage().data_ptr() for weight in self.model.parameters()}
        sizes: dict[int, int] = {}
        alive: list[Tensor] = []  # else a freed address could be counted once for two tensors

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                sizes[storage.data_ptr()] = storage.nbytes()
                alive.append(tensor)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            self.loss()
        return sum(sizes.values()) / 2**20


def growth_table(multiples: Sequence[int], whole_up_to: int, fanout: int, layers: int) -> pd.DataFrame:
    """Measure kept memory by size, for the whole graph at once and for capped neighbourhoods.

    Returns
    -------
    DataFrame
        multiple, edges, messages (``whole graph`` or ``capped neighbourhood``) and MB.
    """
    rows: list[tuple[int, int, str, float]] = []
    for multiple in multiples:
        corpus = generated_corpus(multiple)
        if multiple <= whole_up_to:
            whole = Step(corpus, "none", fanout, layers).kept_mb()
            rows.append((multiple, UNIT * multiple, "whole graph", whole))
        capped = Step(corpus, "capped", fanout, layers).kept_mb()
        rows.append((multiple, UNIT * multiple, "capped neighbourhood", capped))
    return pd.DataFrame(rows, columns=["multiple", "edges", "messages", "MB"])
