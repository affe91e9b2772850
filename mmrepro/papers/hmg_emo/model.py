"""The network: fused items and user context, hetero graph attention, one head for edges."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric.data import HeteroData
from torch_geometric.nn.conv import HeteroConv, TransformerConv

from mmrepro.papers.hmg_emo.corpus import Corpus, Relation
from mmrepro.papers.hmg_emo.fusion import Encoders, Fusion, GatedFusion, make_fusion
from mmrepro.papers.hmg_emo.graph import FELT, FELT_BY, group_sizes


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and switches of the network.

    Attributes
    ----------
    layers
        Rounds of messages; none is the same network without a graph.
    labels
        Whether a message tells what its sender felt.
    """

    modalities: tuple[str, ...]
    fusion: Fusion = "gate"
    hidden_size: int = 32
    num_heads: int = 2
    layers: int = 2
    dropout: float = 0.3
    labels: bool = False


class MessageLayer(nn.Module):
    """One round of messages over every relation, added to what a node knew."""

    def __init__(self, kinds: Sequence[Relation], config: NetworkConfig, emotions: int) -> None:
        super().__init__()
        size, heads = config.hidden_size, config.num_heads
        self.told = {FELT, FELT_BY} if config.labels else set()
        layers = {
            kind: TransformerConv(
                (size, size),
                size // heads,
                heads=heads,
                dropout=config.dropout,
                edge_dim=emotions if kind in self.told else None,
                root_weight=False,
            )
            for kind in kinds
        }
        for layer in layers.values():
            layer.lin_skip = None  # made even where root_weight is off; it would count as parameters
        with warnings.catch_warnings():  # groups speak and are never told anything: that is meant
            warnings.filterwarnings("ignore", message="There exist node types")
            self.relations = HeteroConv(layers, aggr="sum")
        self.norms = nn.ModuleDict({target: nn.LayerNorm(size) for _, _, target in kinds})

    def forward(self, states: dict[str, Tensor], graph: HeteroData) -> dict[str, Tensor]:
        """Return every node's state after one round, node type -> (nodes, size)."""
        attributes = {kind: graph[kind].edge_attr for kind in self.told}
        heard = self.relations(states, graph.edge_index_dict, edge_attr_dict=attributes)
        changed = {name: self.norms[name](states[name] + torch.relu(heard[name])) for name in heard}
        return states | changed


class EmotionNetwork(nn.Module):
    """Predict the emotions on the edges between users and items.

    Parameters
    ----------
    corpus
        Gives the number of emotions and the shapes of features and groups; no value of it is read.
    """

    def __init__(self, corpus: Corpus, config: NetworkConfig) -> None:
        super().__init__()
        size, emotions = config.hidden_size, len(corpus.emotions)
        self.columns = [corpus.column(name) for name in config.modalities]
        self.encoders = Encoders({name: corpus.items[name] for name in config.modalities}, size)
        self.fusion = make_fusion(config.fusion, size, len(config.modalities))
        self.context = nn.Sequential(nn.Linear(corpus.users.shape[1], size), nn.ReLU())
        sizes = group_sizes(corpus)
        self.groups = nn.ModuleDict({name: nn.Embedding(count, size) for name, count in sizes.items()})
        kinds = [FELT, FELT_BY, *corpus.links]
        self.rounds = nn.ModuleList(MessageLayer(kinds, config, emotions) for _ in range(config.layers))
        self.drop = nn.Dropout(config.dropout)
        self.head = nn.Sequential(
            nn.Linear(3 * size, 2 * size),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * size, emotions),
        )

    def forward(self, graph: HeteroData, asked: Tensor) -> Tensor:
        """Score every emotion for every pair asked about.

        Parameters
        ----------
        graph
            `graph.message_graph`: nothing about the pairs asked is in it.
        asked
            User and item, shape (2, n), numbered as in `graph`.

        Returns
        -------
        Tensor
            Logits, shape (n, emotions).
        """
        states = self.first_states(graph)
        for messages in self.rounds:
            states = messages(states, graph)
        user, item = states["user"][asked[0]], states["item"][asked[1]]
        scores: Tensor = self.head(torch.cat([user, item, user * item], -1))
        return scores

    def first_states(self, graph: HeteroData) -> dict[str, Tensor]:
        """Return every node's state before any message, node type -> (nodes, size)."""
        store = graph["item"]
        items = self.fusion(self.encoders(store), store.present[:, self.columns])
        states = {"user": self.drop(self.context(graph["user"].x)), "item": self.drop(items)}
        return states | {name: embed(graph[name].id) for name, embed in self.groups.items()}

    def gates(self, items: Mapping[str, Tensor], present: Tensor) -> Tensor:
        """Return how each item weighs its modalities, (items, modalities); only gated fusion has weights.

        Parameters
        ----------
        items, present
            As in `Corpus`, of the items asked about.
        """
        if not isinstance(self.fusion, GatedFusion):
            raise TypeError(f"{type(self.fusion).__name__} has no weights.")
        return self.fusion.weights(self.encoders(items), present[:, self.columns])


def parameter_count(model: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
