"""The figures of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from mmrepro.display.diagram import arrow, block
from mmrepro.display.slider import slider
from mmrepro.display.style import PALETTE, RULE
from mmrepro.evidence.calibration import reliability
from mmrepro.papers.mosei_fusion.data import MODALITIES, FusionData
from mmrepro.papers.mosei_fusion.evaluation import Runs
from mmrepro.papers.mosei_fusion.labels import CLASSES

if TYPE_CHECKING:
    import plotly.graph_objects as go

_MENU_WIDTH = 32  # characters; a longer entry is wider than a phone
_COLOURS = dict(zip(MODALITIES, PALETTE, strict=False))


def cut_slider(shares: pd.DataFrame, published: dict[str, float]) -> go.Figure:
    """Draw class shares under every cut, one slider step each, with the published accuracies as lines."""
    import plotly.graph_objects as go

    start = int(np.flatnonzero((shares["low"] == -1) & (shares["high"] == 1))[0])
    figure = go.Figure(layout={"height": 500})
    for number, row in shares.iterrows():
        values = [row[name] for name in CLASSES]
        figure.add_bar(
            x=list(CLASSES),
            y=values,
            marker_color=[PALETTE[6], PALETTE[0], PALETTE[6]],
            text=[f"{value:.1f} %" for value in values],
            insidetextanchor="middle",  # at a bar's end the lines would strike it through
            visible=number == start,
            showlegend=False,
            hovertemplate="%{x}: %{y:.2f} % of test segments<extra></extra>",
        )
    for (system, value), dash in zip(published.items(), ("dot", "dash", "solid"), strict=False):
        line = {"color": PALETTE[1], "dash": dash, "width": 1.5}
        figure.add_hline(y=value, line=line, name=f"{system}, published: {value}", showlegend=True)
    cuts = [f"[{row.low}, {row.high}]" for row in shares.itertuples()]
    figure.update_layout(
        sliders=[slider(cuts, start, "neutral is ")],
        yaxis={"title": "share of the official test split (%)", "range": [0, 100]},
        xaxis={"title": "class"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def feature_spread(data: FusionData) -> Figure:
    """Draw how standardised features are spread in training and test, by modality."""
    figure, axes = plt.subplots(1, 3, figsize=(8.4, 2.9), sharey=True)
    edges = np.linspace(-5, 5, 61)
    for axis, name in zip(axes, MODALITIES, strict=True):
        for split, part, style in (("training", data.train, "-"), ("test", data.test, "--")):
            density, _ = np.histogram(part.features[name].ravel(), bins=edges, density=True)
            axis.plot(edges[:-1] + 1 / 12, density, style, color=_COLOURS[name], label=split)
        axis.set(title=name, xlabel="standardised value", yscale="log")
        axis.legend(frameon=False, fontsize="small")
    axes[0].set_ylabel("density (log scale)")
    return figure


def joins_diagram() -> Figure:
    """Draw the four joins: where the modalities meet."""
    figure, axes = plt.subplots(1, 4, figsize=(9.6, 3.2))
    layouts: Sequence[tuple[str, list[str], int]] = (
        ("early", ["concatenate", "encoder", "classify"], 0),
        ("late representation", ["encoder ×3", "concatenate", "classify"], 1),
        ("attention", ["encoder ×3", "attend", "classify"], 1),
        ("late decision", ["encoder ×3", "classify ×3", "average"], 2),
    )
    for axis, (title, boxes, meeting) in zip(axes, layouts, strict=True):
        axis.set(xlim=(0, 3), ylim=(0, 4.6), title=title)
        axis.axis("off")
        for column, name in enumerate(MODALITIES):
            block(axis, (column + 0.08, 0.1), (0.84, 0.6), name, _COLOURS[name])
        for level, text in enumerate(boxes):
            colour = PALETTE[4] if level == meeting else RULE
            block(axis, (0.3, 1.3 + level * 1.1), (2.4, 0.6), text, colour)
            arrow(axis, (1.5, 0.86 + level * 1.1), (1.5, 1.24 + level * 1.1))
    return figure


def loss_curves(runs: Runs) -> Figure:
    """Draw the mean training loss of every system by epoch."""
    history = pd.concat(runs.histories).assign(epoch=lambda frame: frame["epoch"] + 1)
    figure, axis = plt.subplots()
    sns.lineplot(
        history, x="epoch", y="loss", hue="system", style="system", markers=True, errorbar=None, ax=axis
    )
    axis.set(xlabel="epoch", ylabel="training loss (nats)")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    sns.move_legend(axis, "center left", bbox_to_anchor=(1, 0.5), frameon=False, title=None)
    return figure


def accuracy_strip(scores: pd.DataFrame, largest: float, order: Sequence[str]) -> Figure:
    """Draw test accuracy seed by seed, with means and 95 % intervals, and the largest class."""
    rows = scores[scores["metric"] == "accuracy"]
    figure, axis = plt.subplots(figsize=(7.6, 4.0))
    sns.stripplot(
        rows, x="value", y="system", order=order, color=PALETTE[0], size=4, alpha=0.5, jitter=0.2, ax=axis
    )
    sns.pointplot(
        rows, x="value", y="system", order=order, errorbar=("ci", 95), seed=0, color=PALETTE[1],
        linestyle="none", marker="d", err_kws={"linewidth": 2}, ax=axis,
    )  # fmt: skip
    axis.axvline(largest, color=RULE, linestyle="--")
    axis.annotate(
        "largest test class", (largest, 1), xycoords=axis.get_xaxis_transform(), xytext=(0, 4),
        textcoords="offset points", ha="center", fontsize="small",
    )  # fmt: skip
    axis.set(xlabel="test accuracy (%)", ylabel="")
    return figure


def reliability_diagram(runs: Runs) -> Figure:
    """Draw accuracy against confidence for each modality alone, all seeds pooled."""
    figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.2), sharey=True)
    for axis, name in zip(axes, MODALITIES, strict=True):
        every = np.concatenate(list(runs.probabilities[name].values()))
        labels = np.tile(runs.test.labels, len(runs.probabilities[name]))
        table = reliability(labels, every)
        axis.plot([30, 100], [30, 100], "--", color=RULE)
        axis.plot(table["confidence"], table["accuracy"], color=_COLOURS[name], lw=1)
        sizes = 160 * table["count"] / table["count"].sum() + 8
        axis.scatter(table["confidence"], table["accuracy"], s=sizes, color=_COLOURS[name])
        axis.set(title=name, xlabel="confidence (%)", xlim=(30, 102), ylim=(30, 102))
    axes[0].set_ylabel("accuracy (%)")
    return figure


def control_bars(table: pd.DataFrame) -> Figure:
    """Draw what silencing or shuffling a modality costs each system."""
    whole = table[table["control"] == "intact"].groupby("system")["accuracy"].first()
    changed = table[table["control"] != "intact"]
    loss = changed.assign(change=changed["accuracy"] - changed["system"].map(whole))
    systems = list(loss["system"].unique())
    size = (2.5 * len(systems), 3.2)
    figure, grid = plt.subplots(1, len(systems), figsize=size, sharey=True, squeeze=False)
    for axis, system in zip(grid[0], systems, strict=True):
        rows = loss[loss["system"] == system]
        sns.barplot(rows, x="modality", y="change", hue="control", legend=False, ax=axis)
        axis.axhline(0, color=RULE)
        axis.set(title=system, xlabel="", ylabel="change in accuracy (points)")
    bars = [Rectangle((0, 0), 1, 1, color=colour) for colour in PALETTE[:2]]
    figure.legend(bars, list(loss["control"].unique()), loc="outside upper center", ncols=2, frameon=False)
    return figure


def attention_explorer(mean: np.ndarray, examples: np.ndarray, words: Sequence[str]) -> go.Figure:
    """Draw attention between modalities as a heat map, with a menu of utterances.

    Parameters
    ----------
    mean
        Mean weights over the test split, shape (query, key).
    examples
        Weights of some utterances, shape (n, query, key).
    words
        Their transcripts.
    """
    import plotly.graph_objects as go

    maps = [mean, *examples]
    names = ["mean over the test split", *words]
    heat = go.Heatmap(
        z=np.round(mean, 3).tolist(),
        x=list(MODALITIES),
        y=list(MODALITIES),
        zmin=0,
        zmax=1,
        colorscale="Cividis",
        texttemplate="%{z:.2f}",
        colorbar={"title": "weight"},
        hovertemplate="%{y} looks at %{x}: %{z:.2f}<extra></extra>",
    )
    buttons = [
        {
            "label": shorten(name, _MENU_WIDTH, placeholder=" …"),
            "method": "restyle",
            "args": [{"z": [np.round(weights, 3).tolist()]}],
        }
        for name, weights in zip(names, maps, strict=True)
    ]
    figure = go.Figure(heat, layout={"height": 430})
    figure.update_layout(
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.22, "yanchor": "top"}],
        xaxis={"title": "looked at (key)"},
        yaxis={
            "title": {"text": "looking (query)", "standoff": 14},
            "autorange": "reversed",
            "automargin": True,
        },
        margin={"t": 80},
    )
    return figure
