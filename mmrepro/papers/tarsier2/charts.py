"""The interactive figures: ranks over benchmarks, and a clip that is scrubbed beside its description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mmrepro.display.slider import slider
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.tarsier2.captions import clauses, describe
from mmrepro.papers.tarsier2.renderer import FRAMES, Scene, Videos, render

if TYPE_CHECKING:
    import plotly.graph_objects as go

_KINDS = {"matched": PALETTE[2], "missed": PALETTE[4], "invented": PALETTE[1]}
_PALE = 0.25  # opacity of an event that is not going on


def rank_lines(frames: dict[str, pd.DataFrame], line: str, column: str, value: str) -> go.Figure:
    """Draw ranks as lines over columns, one menu entry a frame; hover tells rank and value.

    Parameters
    ----------
    frames
        Menu entry -> tidy rows with `line`, `column`, `value` and rank.
    """
    import plotly.graph_objects as go

    figure, sizes = go.Figure(layout={"height": 760}), []
    for number, rows in enumerate(frames.values()):
        names = list(rows[line].unique())
        sizes.append(len(names))
        for place, name in enumerate(names):
            own = rows[rows[line] == name]
            figure.add_scatter(
                x=own[column].tolist(), y=own["rank"].tolist(), name=name, mode="lines+markers",
                visible=number == 0, line={"color": PALETTE[place % len(PALETTE)]},
                marker={"size": 9, "symbol": place // len(PALETTE)},
                text=[f"{each:g}" for each in own[value]],
                hovertemplate="%{x}<br>rank %{y}, %{text} %<extra>" + name + "</extra>",
            )  # fmt: skip
    owners = np.repeat(np.arange(len(frames)), sizes)
    buttons = [
        {"label": label, "method": "restyle", "args": ["visible", (owners == number).tolist()]}
        for number, label in enumerate(frames)
    ]
    figure.update_layout(
        yaxis={"title": "rank", "autorange": "reversed", "tick0": 1, "dtick": 2},
        xaxis={"title": "", "tickangle": 30},
        legend={"font": {"size": 10}, "orientation": "h", "y": -0.3, "yanchor": "top"},
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.12, "yanchor": "top"}],
        margin={"t": 80, "b": 280},
    )
    return figure


@dataclass(frozen=True)
class Line:
    """One event on the time line: matched, missed or invented; an invented one has no frames."""

    clause: str
    kind: str
    first: int
    last: int


def time_line(scene: Scene, text: str) -> list[Line]:
    """Compare a description with a scene's true events: those told, those left out, those made up."""
    told = clauses(text)
    lines = [
        Line(event.clause, "matched" if event.clause in told else "missed", event.first, event.last)
        for event in scene.events
    ]
    true = {event.clause for event in scene.events}
    return lines + [Line(clause, "invented", 0, FRAMES - 1) for clause in told if clause not in true]


def player(scene: Scene, text: str, shown: int | None = None) -> go.Figure:
    """Draw a clip beside its events on a time line; a slider goes through the frames.

    Parameters
    ----------
    text
        The description that is compared.
    shown
        A single frame to draw, without a slider; None draws all.
    """
    from plotly.subplots import make_subplots

    video, lines = render([scene])[0], time_line(scene, text)
    figure = make_subplots(rows=2, row_heights=[0.55, 0.45], vertical_spacing=0.04)
    frames = range(FRAMES) if shown is None else [shown]
    for frame in frames:
        figure.add_trace(_picture(video, frame, visible=frame == frames[0]), row=1, col=1)
        figure.add_trace(_bars(lines, frame, visible=frame == frames[0]), row=2, col=1)
    sliders = []
    if shown is None:
        sliders = [slider([str(frame) for frame in range(FRAMES)], 0, "frame ", traces_each=2)]
    told = f"told: {text or '(nothing)'}<br>true: {describe(scene.events)}"
    figure.update_layout(
        height=530, barmode="overlay", sliders=sliders, margin={"t": 60, "l": 10, "r": 10},
        title={"text": told, "font": {"size": 13}, "x": 0, "xanchor": "left", "y": 0.98, "yanchor": "top"},
        showlegend=False,
    )  # fmt: skip
    figure.update_xaxes(visible=False, row=1, col=1)
    figure.update_yaxes(visible=False, row=1, col=1)
    edges = {"x0": -0.5, "y0": -0.5, "x1": video.shape[2] - 0.5, "y1": video.shape[1] - 0.5}
    figure.add_shape(edges, type="rect", line={"color": RULE, "width": 1}, row=1, col=1)
    figure.update_xaxes(title="frame", range=[-0.6, FRAMES - 0.4], dtick=2, row=2, col=1)
    figure.update_yaxes(
        tickvals=list(range(len(lines))), ticktext=[f"{line.clause}<br>({line.kind})" for line in lines],
        range=[len(lines) - 0.4, -0.6], automargin=True, showgrid=False, row=2, col=1,
    )  # fmt: skip
    return figure


def _picture(video: Videos, frame: int, visible: bool) -> go.Image:
    import plotly.graph_objects as go

    return go.Image(z=video[frame].tolist(), hoverinfo="skip", visible=visible)


def _bars(lines: Sequence[Line], frame: int, visible: bool) -> go.Bar:
    """Draw one bar an event, pale unless the event is going on in `frame`."""
    import plotly.graph_objects as go

    active = [line.kind != "invented" and line.first <= frame <= line.last for line in lines]
    return go.Bar(
        orientation="h",
        y=list(range(len(lines))),
        x=[line.last - line.first + 1 for line in lines],
        base=[line.first - 0.5 for line in lines],
        marker={
            "color": [_KINDS[line.kind] for line in lines],
            "opacity": [1.0 if lit else _PALE for lit in active],
            "line": {"color": INK, "width": [2 if lit else 0 for lit in active]},
        },
        hoverinfo="skip",
        visible=visible,
    )


def player_widget(scenes: Sequence[Scene], told: dict[str, Sequence[str]]) -> Any:
    """Return a widget: choose a video, a system and a frame; see which events are matched.

    Parameters
    ----------
    told
        System -> its description of every scene.
    """
    import ipywidgets as widgets

    video = widgets.IntSlider(0, 0, len(scenes) - 1, description="video")
    system = widgets.Dropdown(options=list(told), description="system")
    frame = widgets.IntSlider(0, 0, FRAMES - 1, description="frame")
    output = widgets.Output()

    def draw(_: object = None) -> None:
        from IPython.display import display

        with output:
            output.clear_output(wait=True)
            display(player(scenes[video.value], told[system.value][video.value], frame.value))

    for control in (video, system, frame):
        control.observe(draw, "value")
    draw()
    wrapping = widgets.Layout(flex_flow="row wrap")  # a phone has no room for both in a row
    return widgets.VBox([widgets.HBox([video, system], layout=wrapping), frame, output])
