"""A listener, an item, and the probability of every emotion beside the real votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmrepro.display.style import PALETTE
from mmrepro.papers.hmg_emo.corpus import Corpus
from mmrepro.papers.hmg_emo.graph import degrees, message_graph
from mmrepro.papers.hmg_emo.model import EmotionNetwork
from mmrepro.papers.hmg_emo.neighbours import neighbourhood
from mmrepro.papers.hmg_emo.settings import Settings
from mmrepro.papers.hmg_emo.split import Partition, Split

if TYPE_CHECKING:
    import plotly.graph_objects as go

Floats = NDArray[np.float64]
_PREDICTED, _REAL = PALETTE[0], PALETTE[4]


def busiest(corpus: Corpus, count: int) -> list[int]:
    """Return the users with most answers."""
    return _largest(degrees(corpus)[0], count)


def busiest_items(corpus: Corpus, count: int) -> list[int]:
    """Return the items with most answers, of as many groups as there are."""
    order = _largest(degrees(corpus)[1], corpus.item_count)
    first = {corpus.item_groups[item]: item for item in reversed(order)}
    return [*first.values(), *(item for item in order if item not in first.values())][:count]


def _largest(counts: Tensor, count: int) -> list[int]:
    return [int(place) for place in counts.argsort(descending=True, stable=True)[:count]]


@torch.inference_mode()
def probabilities(
    model: EmotionNetwork,
    split: Split,
    user: int,
    items: Sequence[int],
    settings: Settings,
    missing: Sequence[str] = (),
) -> Floats:
    """Predict what a user feels at some items, (items, emotions).

    The user's own answers carry no messages here, so nothing that is shown was told to the model.

    Parameters
    ----------
    missing
        Modalities that no item has.
    """
    model.eval()
    corpus = split.corpus
    for name in missing:
        corpus = corpus.without(name)
    rows = split.rows(split.train)
    others = rows[corpus.edges[0, rows] != user]
    partition = Partition(corpus, others, torch.zeros(0, dtype=torch.long))
    asked = torch.tensor([[user] * len(items), list(items)])
    graph, asked = neighbourhood(
        message_graph(partition), asked, settings.sampler, settings.fanout, settings.layers
    )
    device = next(model.parameters()).device
    found: Floats = model(graph.to(device), asked.to(device)).sigmoid().double().cpu().numpy()
    return found


def votes(corpus: Corpus, item: int) -> Floats:
    """Return how often (0 to 1) each emotion was really ticked for an item, (emotions,)."""
    shares: Floats = corpus.labels[corpus.edges[1] == item].double().mean(0).numpy()
    return shares


def menu(entries: Sequence[tuple[str, Floats, Floats]], emotions: Sequence[str]) -> go.Figure:
    """Draw predicted probabilities beside the real votes, with a menu.

    Parameters
    ----------
    entries
        Menu entry, probabilities and votes, (emotions,) each.
    """
    import plotly.graph_objects as go

    figure = go.Figure(layout={"height": 460})
    names = [each.replace("_", " ") for each in emotions]
    buttons = []
    for number, (title, predicted, real) in enumerate(entries):
        for label, values, colour in (("predicted", predicted, _PREDICTED), ("real votes", real, _REAL)):
            figure.add_bar(
                x=names, y=values.round(3).tolist(), name=label, visible=number == 0, marker={"color": colour}
            )
        shown = [other // 2 == number for other in range(2 * len(entries))]
        buttons.append({"label": title, "method": "update", "args": [{"visible": shown}]})
    figure.update_layout(
        yaxis={"title": "probability, share of votes", "range": [0, 1]},
        xaxis={"tickangle": -40},
        # From the right edge and in small letters, so that the longest entry fits on a phone.
        updatemenus=[{"buttons": buttons, "x": 1, "xanchor": "right", "y": 1.3, "yanchor": "top",
                      "font": {"size": 11}}],
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin={"t": 110, "b": 110},
    )  # fmt: skip
    return figure


def bars(predicted: Floats, real: Floats, emotions: Sequence[str]) -> str:
    """Return probabilities and votes as a small HTML table with bars, for the widget."""
    rows = "".join(
        f"<tr><td style='padding-right:.6em'>{name.replace('_', ' ')}</td><td>{_bar(value, _PREDICTED)}</td>"
        f"<td>{_bar(share, _REAL)}</td></tr>"
        for name, value, share in zip(emotions, predicted, real, strict=True)
    )
    return f"<table><tr><th></th><th>predicted</th><th>real votes</th></tr>{rows}</table>"


def _bar(value: float, colour: str) -> str:
    style = f"display:inline-block;height:.8em;background:{colour};width:{100 * value:.0f}px"
    return f"<span style='{style}'></span> {value:.2f}"
