"""Figures to play with: plotly sliders over stored results, which work in a page without a kernel."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmrepro.display.picture import data_url
from mmrepro.display.slider import slider
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.evidence.description import longest_common_subsequence
from mmrepro.papers.facetrack_mm.runs import SeedRun
from mmrepro.papers.facetrack_mm.scene import Clips, told_events

if TYPE_CHECKING:
    import plotly.graph_objects as go

_ZOOM = 2
MATCHED, MISSED, INVENTED = "matched", "missed", "invented"
COLOURS = {MATCHED: PALETTE[2], MISSED: PALETTE[4], INVENTED: PALETTE[1]}


def judged_events(reference: Sequence[str], told: Sequence[str]) -> tuple[list[str], list[str]]:
    """Say whether every true event was matched or missed, and every told one matched or invented.

    Matched are the events of the longest common subsequence, so a true event that is told out of order
    counts as missed and as invented.
    """
    same = np.array([[one == other for other in told] for one in reference], dtype=bool)
    path = longest_common_subsequence(same.reshape(len(reference), len(told)))
    rows, columns = {row for row, _ in path}, {column for _, column in path}
    return (
        [MATCHED if place in rows else MISSED for place in range(len(reference))],
        [MATCHED if place in columns else INVENTED for place in range(len(told))],
    )


def clip_explorer(run: SeedRun, system: str, chosen: Sequence[int]) -> go.Figure:
    """Scrub clips: the picture with the followed box, above the true and the told events."""
    from plotly.subplots import make_subplots

    # One above the other, so that the words have room on a phone.
    figure = make_subplots(2, 1, row_heights=[0.55, 0.45], vertical_spacing=0.03)
    frames = run.clips.frames.shape[1]
    labels = []
    for clip in chosen:
        told = told_events(run.told[system]["describe"][clip])
        for frame in range(frames):
            picture = marked_frame(run.clips, run.followed, clip, frame)
            figure.add_image(source=data_url(picture), hoverinfo="skip", row=1, col=1)
            figure.add_trace(_event_trace(run.clips, clip, frame, told), row=2, col=1)
            labels.append(f"clip {clip}, frame {frame}")
    for place, trace in enumerate(figure.data):
        trace.visible = place < 2
    size = run.clips.frames.shape[-1] * _ZOOM
    scrubber = slider(labels, 0, "", 2)
    scrubber["pad"] |= {"l": 40, "r": 40}  # half a label stands out at either end
    figure.update_xaxes(visible=False, range=[0, size], row=1, col=1)
    figure.update_yaxes(visible=False, range=[size, 0], row=1, col=1)
    figure.update_xaxes(visible=False, range=[-0.2, 2.5], row=2, col=1)
    figure.update_yaxes(visible=False, range=[4.6, -0.6], row=2, col=1)
    figure.update_layout(height=560, margin={"l": 10, "r": 10, "t": 10}, sliders=[scrubber], showlegend=False)
    return figure


def _event_trace(clips: Clips, clip: int, frame: int, told: Sequence[str]) -> go.Scatter:
    import plotly.graph_objects as go

    script = clips.scripts[clip][0]
    true_states, told_states = judged_events([event.expression for event in script], told)
    now = [event.first <= frame <= event.last for event in script]
    texts = ["<b>what happens</b>", *(event.expression for event in script), "<b>what is told</b>", *told]
    states = ["", *true_states, "", *told_states]
    happening = [False, *now, False, *([False] * len(told))]
    across = [0.0] * (len(script) + 1) + [1.25] * (len(told) + 1)
    down = [*range(len(script) + 1), *range(len(told) + 1)]
    return go.Scatter(
        x=across,
        y=down,
        text=[f"  {text}" for text in texts],
        mode="markers+text",
        textposition="middle right",
        hovertext=states,
        hoverinfo="text",
        marker={
            "color": [COLOURS.get(state, "rgba(0,0,0,0)") for state in states],
            "size": [18 if lit else 11 for lit in happening],
            "line": {"width": [3 if lit else 0 for lit in happening], "color": INK},
        },
    )


def marked_frame(clips: Clips, followed: NDArray[np.float64], clip: int, frame: int) -> NDArray[np.uint8]:
    """Return a frame as RGB, twice its size, with the followed box in orange."""
    from PIL import Image, ImageDraw

    picture = Image.fromarray(clips.frames[clip, frame]).convert("RGB")
    picture = picture.resize((picture.width * _ZOOM, picture.height * _ZOOM), Image.Resampling.NEAREST)
    box = followed[clip, frame]
    if not np.isnan(box).any():
        ImageDraw.Draw(picture).rectangle([float(side) * _ZOOM for side in box], outline=PALETTE[1], width=3)
    return np.asarray(picture, dtype=np.uint8)


def threshold_explorer(
    scores: NDArray[np.float64], rows: list[str], columns: list[str], start: float
) -> go.Figure:
    """Move the judge's threshold and see which events match and which lie on the common subsequence.

    Parameters
    ----------
    scores
        Of every event of the reference against every event told, shape (reference, told).
    start
        The threshold shown first; the nearest step is taken.
    """
    import plotly.graph_objects as go

    steps = np.round(np.arange(0.3, 0.96, 0.05), 2)
    first = int(np.abs(steps - start).argmin())
    figure = go.Figure()
    across, down = ([_broken(text) for text in texts] for texts in (columns, rows))
    for place, threshold in enumerate(steps):
        path = longest_common_subsequence(scores >= threshold)
        figure.add_heatmap(
            z=scores.round(2).tolist(), zmin=0, zmax=1, colorscale=_blue_from(float(threshold)),
            showscale=False, xgap=1, ygap=1, visible=place == first,
            hovertemplate="%{y}<br>%{x}<br>%{z}<extra></extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=[column for _, column in path], y=[row for row, _ in path], mode="lines+markers",
            line={"color": PALETTE[1]}, hoverinfo="skip", visible=place == first, showlegend=False,
        )  # fmt: skip
    tick = {"tickfont": {"size": 10}, "gridcolor": RULE, "showgrid": False}
    figure.update_layout(
        height=560,
        xaxis={
            **tick,
            "tickvals": list(range(len(across))),
            "ticktext": across,
            "tickangle": -45,
            "side": "top",
        },
        yaxis={**tick, "tickvals": list(range(len(down))), "ticktext": down, "autorange": "reversed"},
        sliders=[slider([f"{step:.2f}" for step in steps], first, "threshold ", 2)],
        margin={"l": 125, "t": 130, "r": 65},  # a label that runs past the right edge is not drawn
    )
    return figure


def _blue_from(threshold: float) -> list[tuple[float, str]]:
    """Return plotly's scale of colours of scores: greys below the threshold, blues from it on."""
    return [(0.0, "#f3f4f6"), (threshold, "#c3c9d0"), (threshold, "#6baed6"), (1.0, "#08306b")]


def _broken(text: str, most: int = 18) -> str:
    """Break a label into lines, so that the squares have room beside it on a phone."""
    return "<br>".join(textwrap.wrap(text, most))
