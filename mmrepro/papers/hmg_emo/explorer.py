"""A listener who need not exist, a song, and nine probabilities beside the real votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.hmg_emo.corpus import Corpus
from mmrepro.papers.hmg_emo.graph import message_graph
from mmrepro.papers.hmg_emo.model import EmotionNetwork
from mmrepro.papers.hmg_emo.split import Partition, Split

if TYPE_CHECKING:
    import plotly.graph_objects as go

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Listener:
    """A listener as the model knows one: age in years, gender (0 or 1), mood (1 to 5), mother tongue."""

    age: int
    gender: int
    mood: int
    language: str

    def features(self, languages: Sequence[str]) -> NDArray[np.float32]:
        """Return the row that `emotify.listener_features` would give; MMReproError for an unknown language."""
        if self.language not in languages:
            raise MMReproError(
                f"No language group is called {self.language!r}: {nearest(self.language, languages)}"
            )
        moods = [self.mood == each for each in range(1, 6)]
        spoken = [self.language == each for each in languages]
        return np.array([(self.age - 32) / 10, False, self.gender, *moods, *spoken], dtype=np.float32)

    def __str__(self) -> str:
        return f"{self.age} years, {self.language}, mood {self.mood}"


def with_listener(corpus: Corpus, listener: Listener, languages: Sequence[str]) -> Corpus:
    """Add a listener who has answered nothing yet; the last user is the new one."""
    row = torch.from_numpy(listener.features(languages))[None]
    spoken = torch.tensor([[languages.index(listener.language)], [len(corpus.users)]])
    kind = ("language", "of", "user")
    links = corpus.links | {kind: torch.cat([corpus.links[kind], spoken], 1)}
    return replace(corpus, users=torch.cat([corpus.users, row]), links=links)


@torch.inference_mode()
def probabilities(
    model: EmotionNetwork,
    split: Split,
    listener: Listener,
    languages: Sequence[str],
    missing: Sequence[str] = (),
) -> Floats:
    """Predict what a listener feels at every song, (songs, emotions).

    Parameters
    ----------
    missing
        Modalities that no song has.
    """
    model.eval()
    corpus = with_listener(split.corpus, listener, languages)
    for name in missing:
        corpus = corpus.without(name)
    partition = Partition(corpus, split.rows(split.train), torch.zeros(0, dtype=torch.long))
    songs = torch.arange(corpus.item_count)
    asked = torch.stack([torch.full_like(songs, len(corpus.users) - 1), songs])
    device = next(model.parameters()).device
    scores = model(message_graph(partition).to(device), asked.to(device))
    found: Floats = scores.sigmoid().double().cpu().numpy()
    return found


def votes(corpus: Corpus) -> Floats:
    """Return how often (0 to 1) each emotion was really ticked for each song, (songs, emotions)."""
    ticked = torch.zeros(corpus.item_count, len(corpus.emotions)).index_add(0, corpus.edges[1], corpus.labels)
    count = torch.bincount(corpus.edges[1], minlength=corpus.item_count)[:, None]
    shares: Floats = (ticked / count.clamp(min=1)).double().numpy()
    return shares


def menu(
    predicted: Sequence[Floats],
    real: Floats,
    listeners: Sequence[Listener],
    songs: Sequence[tuple[int, str]],
    emotions: Sequence[str],
) -> go.Figure:
    """Draw predicted probabilities beside the real votes, with a menu of listeners and songs.

    Parameters
    ----------
    predicted
        `probabilities` of each listener.
    songs
        Number of each song in the corpus, and its name.
    """  # fmt: skip
    import plotly.graph_objects as go

    figure = go.Figure(layout={"height": 430})
    names = [each.replace("_", " ") for each in emotions]
    choices = [(place, song) for place in range(len(listeners)) for song in songs]
    buttons = []
    for number, (place, (song, title)) in enumerate(choices):
        for label, values in (("predicted", predicted[place][song]), ("real votes", real[song])):
            figure.add_bar(x=names, y=values.round(3).tolist(), name=label, visible=number == 0)
        shown = [other // 2 == number for other in range(2 * len(choices))]
        entry = f"{title} — {listeners[place]}"
        buttons.append({"label": entry, "method": "update", "args": [{"visible": shown}]})
    for trace in figure.data:
        trace.marker.color = "#0072B2" if trace.name == "predicted" else "#E69F00"
    figure.update_layout(
        yaxis={"title": "probability, share of votes", "range": [0, 1]},
        xaxis={"tickangle": -40},
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.28, "yanchor": "top"}],
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        margin={"t": 100, "b": 110},
    )
    return figure


def bars(values: Floats, real: Floats, emotions: Sequence[str]) -> str:
    """Return the nine probabilities and votes as a small HTML table with bars, for the widget."""
    rows = "".join(
        f"<tr><td>{name.replace('_', ' ')}</td><td>{_bar(value, '#0072B2')}</td><td>{_bar(share, '#E69F00')}</td></tr>"
        for name, value, share in zip(emotions, values, real, strict=True)
    )
    return f"<table><tr><th></th><th>predicted</th><th>real votes</th></tr>{rows}</table>"


def _bar(value: float, colour: str) -> str:
    block = f"<span style='display:inline-block;height:.8em;background:{colour};width:{100 * value:.0f}px'></span>"
    return f"{block} {value:.2f}"
