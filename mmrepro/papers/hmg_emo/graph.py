"""The graph that a model sees: users, items and their groups, and the answers that carry messages."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from mmrepro.papers.hmg_emo.corpus import Corpus, Relation
from mmrepro.papers.hmg_emo.split import Partition

FELT: Relation = ("user", "felt", "item")
FELT_BY: Relation = ("item", "felt_by", "user")


def message_graph(partition: Partition) -> HeteroData:
    """Build the graph of a partition's message edges; no predicted edge, and no label of one, is in it.

    Returns
    -------
    HeteroData
        Nodes ``user`` (x), ``item`` (one attribute a modality, and `present`) and groups (id); edges
        ``felt`` with the emotions as `edge_attr`, their reverse ``felt_by``, and the corpus's links.
    """
    corpus = partition.corpus
    graph = HeteroData()
    graph["user"].x, graph["user"].num_nodes = corpus.users, len(corpus.users)
    graph["item"].present, graph["item"].num_nodes = corpus.present, corpus.item_count
    for name, values in corpus.items.items():
        graph["item"][name] = values
    for name, count in group_sizes(corpus).items():
        graph[name].id, graph[name].num_nodes = torch.arange(count), count
    for kind, index in corpus.links.items():
        graph[kind].edge_index = index
    edges, labels = corpus.edges[:, partition.message], corpus.labels[partition.message]
    graph[FELT].edge_index, graph[FELT].edge_attr = edges, labels
    graph[FELT_BY].edge_index, graph[FELT_BY].edge_attr = edges.flip(0), labels
    return graph


def group_sizes(corpus: Corpus) -> dict[str, int]:
    """Count the nodes of each type that has no features of its own, such as languages and genres."""
    sizes: dict[str, int] = {}
    for (source, _, target), index in corpus.links.items():
        for name, row in ((source, index[0]), (target, index[1])):
            if name not in ("user", "item"):
                sizes[name] = max(sizes.get(name, 0), int(row.max()) + 1)
    return sizes


def degrees(corpus: Corpus) -> tuple[Tensor, Tensor]:
    """Count the answers of each user and of each item."""
    users = torch.bincount(corpus.edges[0], minlength=len(corpus.users))
    return users, torch.bincount(corpus.edges[1], minlength=corpus.item_count)
