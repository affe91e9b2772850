"""The part of a graph that a batch of pairs needs: at most so many neighbours a node and layer."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo.graph import FELT

Sampler = Literal["none", "capped", "library"]


def neighbourhood(
    graph: HeteroData, asked: Tensor, sampler: Sampler, fanout: int, hops: int
) -> tuple[HeteroData, Tensor]:
    """Cut out what a batch needs, so that memory follows the batch and not the graph.

    Parameters
    ----------
    graph
        A message graph; what it does not hold cannot come back, so supervised edges stay out.
    asked
        User and item of each pair, shape (2, n).
    sampler
        ``none`` returns the whole graph; ``capped`` draws neighbours here; ``library`` lets
        torch-geometric's LinkNeighborLoader draw them.

    Returns
    -------
    tuple
        The smaller graph, and the pairs numbered as in it.
    """
    if sampler == "none":
        return graph, asked
    if sampler == "library":
        return _by_library(graph, asked, fanout, hops)
    return _capped(graph, asked, fanout, hops)


def _capped(graph: HeteroData, asked: Tensor, fanout: int, hops: int) -> tuple[HeteroData, Tensor]:
    frontier = {"user": asked[0].unique(), "item": asked[1].unique()}
    nodes = {name: [frontier[name]] if name in frontier else [] for name in graph.node_types}
    kept: dict[tuple[str, str, str], list[Tensor]] = {kind: [] for kind in graph.edge_types}
    for _ in range(hops):
        reached: dict[str, list[Tensor]] = {name: [] for name in graph.node_types}
        for kind in graph.edge_types:
            source, _, target = kind
            if target in frontier:
                index = graph[kind].edge_index
                drawn = draw_incoming(index[1], frontier[target], fanout)
                kept[kind].append(drawn)
                reached[source].append(index[0, drawn])
        frontier = {name: torch.cat(found).unique() for name, found in reached.items() if found}
        for name, found in frontier.items():
            nodes[name].append(found)
    nothing = asked.new_zeros(0)
    edges = {kind: torch.cat([nothing, *drawn]).unique() for kind, drawn in kept.items()}
    members = {name: torch.cat([nothing, *found]).unique() for name, found in nodes.items()}
    small = graph.edge_subgraph(edges).subgraph(members)
    places = [torch.searchsorted(members[name], asked[row]) for row, name in enumerate(("user", "item"))]
    return small, torch.stack(places)


def draw_incoming(targets: Tensor, nodes: Tensor, fanout: int) -> Tensor:
    """Draw at most `fanout` of the edges into each of `nodes`; all of them where there are no more.

    Parameters
    ----------
    targets
        The node that each edge points to, shape (e,).
    nodes
        Distinct nodes, shape (n,).

    Returns
    -------
    Tensor
        Numbers of distinct edges, shape (m,), m at most n times `fanout`.
    """
    order = targets.argsort(stable=True)
    start = torch.searchsorted(targets[order], nodes)
    degree = torch.searchsorted(targets[order], nodes, right=True) - start
    slots = torch.arange(fanout, device=targets.device).expand(len(nodes), fanout)
    # With replacement where there are more than fit: a repeat is dropped, so a node may get fewer.
    random = (torch.rand(slots.shape, device=targets.device) * degree[:, None]).long()
    places = torch.where(degree[:, None] > fanout, random, slots)
    drawn: Tensor = order[(start[:, None] + places)[places < degree[:, None]]].unique()
    return drawn


def _by_library(graph: HeteroData, asked: Tensor, fanout: int, hops: int) -> tuple[HeteroData, Tensor]:
    from torch_geometric.loader import LinkNeighborLoader

    try:
        loader = LinkNeighborLoader(
            graph, [fanout] * hops, edge_label_index=(FELT, asked), batch_size=asked.shape[1], shuffle=False
        )
        small: HeteroData = next(iter(loader))
    except ImportError:
        raise MMReproError(
            "sampler 'library' needs pyg-lib or torch-sparse, which torch-geometric draws neighbours with; "
            "install one for your torch release (pyg.org, Installation) or choose sampler='capped'."
        ) from None
    return small, small[FELT].edge_label_index
