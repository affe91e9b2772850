"""Figures of what models and drawn corpora say: leaks, fusion, power, and two to play with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmrepro.display.slider import slider
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.cg_mer.figures import PANEL_COLOURS
from mmrepro.papers.cg_mer.votes import EMOTIONS, PANELS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from mmrepro.papers.cg_mer.panel import Floats

_SPLIT_COLOURS = {"random rows": PALETTE[1]}


def leak_plot(tables: Mapping[str, pd.DataFrame], chance: Mapping[str, float]) -> Figure:
    """Draw one score under every split, one row of bars a data set, with the line of a constant answer.

    Parameters
    ----------
    tables
        Title -> tidy scores (system, seed, value) of one metric.
    chance
        Title -> what a constant answer scores, in percent.
    """
    means = {title: table.groupby("system", sort=False)["value"].mean() for title, table in tables.items()}
    heights = [len(mean) for mean in means.values()]
    figure, grid = plt.subplots(
        len(means),
        1,
        figsize=(7.0, 1.2 + 0.36 * sum(heights)),
        height_ratios=heights,
        sharex=True,
        squeeze=False,
    )
    for axis, (title, mean) in zip(grid[:, 0], means.items(), strict=True):
        colours = [_SPLIT_COLOURS.get(str(split), PALETTE[0]) for split in mean.index]
        bars = axis.barh(mean.index, mean, color=colours, height=0.7)
        axis.bar_label(bars, fmt="%.0f", padding=3, fontsize="small")
        axis.axvline(chance[title], color=INK, ls="--", lw=1)
        axis.set_title(title, loc="left", fontsize="medium")
        axis.set(xlim=(0, 104))
        axis.invert_yaxis()
    grid[-1, 0].set_xlabel("score (%)")
    return figure


def fusion_bars(table: pd.DataFrame, chance: float) -> Figure:
    """Draw accuracy of each way to join the panels, with intervals over actors.

    `table` has the columns system, value, low, high and learned.
    """
    figure, axis = plt.subplots(figsize=(7.6, 4.0))
    places = np.arange(len(table))
    colours = np.where(table["learned"], PALETTE[0], PALETTE[4])
    axis.barh(places, table["value"], color=colours.tolist(), height=0.65)
    axis.hlines(places, table["low"], table["high"], color=INK, lw=2)
    for place, (high, value) in enumerate(table[["high", "value"]].to_numpy(float).tolist()):
        axis.text(high + 1, place, f"{value:.1f}", va="center", fontsize="small")
    axis.axvline(chance, color=RULE, ls="--")
    axis.set(
        yticks=places, yticklabels=table["system"], xlabel="clips answered as intended (%)", xlim=(0, 100)
    )
    axis.invert_yaxis()
    bars = [Rectangle((0, 0), 1, 1, color=PALETTE[place]) for place in (4, 0)]
    figure.legend(
        bars, ["fixed rule", "learned on other actors"], loc="outside upper center", ncols=2, frameon=False
    )
    return figure


def power_plot(precision: pd.DataFrame, power: pd.DataFrame, people: int) -> Figure:
    """Draw the half-width of recognition and the power of each step against the number of people."""
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.5))
    rows = precision[precision["metric"] == "recognition"]
    styles = {**dict.fromkeys(PANELS, "-"), "face − voice": "--", "audio-visual − face": ":"}
    colours = {**PANEL_COLOURS, "face − voice": PALETTE[3], "audio-visual − face": PALETTE[4]}
    for name, style in styles.items():
        curve = rows[rows["quantity"] == name]
        axes[0].plot(
            curve["people"], curve["half_width"], style, color=colours[name], marker="o", ms=3, label=name
        )
    axes[0].set(xscale="log", yscale="log", xlabel="people", ylabel="95 % of corpora lie within\n± (points)")
    for step, curve in power.groupby("step", sort=False):
        axes[1].plot(
            curve["people"], curve["power"], styles[str(step)], color=colours[str(step)], marker="o", ms=3
        )
    axes[1].set(xscale="log", xlabel="people", ylabel="corpora that show\nthe difference (%)", ylim=(0, 104))
    axes[1].axhline(80, color=RULE, lw=1)
    low, high = axes[0].get_ylim()
    steps = [step for step in (0.2, 0.5, 1, 2, 5, 10, 20) if low <= step <= high]
    axes[0].set_yticks(steps, [f"{step:g}" for step in steps])
    ticks = sorted(set(precision["people"]))[::2]
    for axis in axes:
        axis.axvline(people, color=INK, ls="--", lw=1)
        axis.set_xticks(ticks, [f"{tick}" for tick in ticks])
        axis.minorticks_off()
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def difference_histogram(frame: pd.DataFrame) -> Figure:
    """Draw the differences that drawn corpora of one size find."""
    figure, axis = plt.subplots(figsize=(7.0, 2.8))
    for name, colour in (("face − voice", PALETTE[3]), ("audio-visual − face", PALETTE[4])):
        sns.histplot(frame[name], ax=axis, color=colour, label=name, bins=40, element="step", alpha=0.4)
    axis.axvline(0, color=INK, ls="--", lw=1)
    axis.set(xlabel="difference in recognition (points)", ylabel="corpora")
    axis.legend(frameon=False)
    return figure


def confusion_explorer(maps: Floats) -> go.Figure:
    """Draw intended against named emotions as a heat map with a menu of panels and their differences.

    Parameters
    ----------
    maps
        Share of ratings in percent, shape (panels, 6, 6).
    """
    import plotly.graph_objects as go

    views = {panel: (maps[number], 0, 100, "Cividis") for number, panel in enumerate(PANELS)}
    views["face − voice"] = (maps[1] - maps[0], -60, 60, "RdBu")
    views["audio-visual − face"] = (maps[2] - maps[1], -60, 60, "RdBu")
    first = views[PANELS[0]]
    heat = go.Heatmap(
        z=np.round(first[0], 1).tolist(),
        x=list(EMOTIONS),
        y=list(EMOTIONS),
        zmin=first[1],
        zmax=first[2],
        colorscale=first[3],
        texttemplate="%{z:.0f}",
        showscale=False,
        hovertemplate="%{y} named %{x}: %{z:.1f}<extra></extra>",
    )
    buttons = [
        {
            "label": name,
            "method": "restyle",
            "args": [
                {"z": [np.round(values, 1).tolist()], "zmin": [low], "zmax": [high], "colorscale": [scale]}
            ],
        }
        for name, (values, low, high, scale) in views.items()
    ]
    figure = go.Figure(heat, layout={"height": 470})
    figure.update_layout(
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.2, "yanchor": "top"}],
        xaxis={"title": {"text": "named by raters", "standoff": 12}, "automargin": True},
        yaxis={"title": {"text": "intended", "standoff": 8}, "autorange": "reversed", "automargin": True},
        margin={"t": 80, "l": 20},
    )
    return figure


def corpus_explorer(drawn: Mapping[int, pd.DataFrame], start: int) -> go.Figure:
    """Draw recognition by each panel in every drawn corpus, with a slider over the number of people.

    Parameters
    ----------
    drawn
        People -> one row a corpus, one column a panel, in percent.
    """
    import plotly.graph_objects as go

    figure = go.Figure(layout={"height": 470})
    sizes = list(drawn)
    for size in sizes:
        for panel in PANELS:
            figure.add_violin(
                x=drawn[size][panel].round(2).tolist(),
                name=panel,
                line_color=PANEL_COLOURS[panel],
                orientation="h",
                side="positive",
                width=1.6,
                points=False,
                meanline_visible=True,
                visible=size == start,
                showlegend=False,
            )
    choice = slider([str(size) for size in sizes], sizes.index(start), "people: ", len(PANELS))
    figure.update_layout(
        sliders=[choice],
        xaxis={"title": "recognition (%)", "range": [20, 90]},
        margin={"l": 90},
    )
    return figure
