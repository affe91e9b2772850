"""The figures of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from mmrepro.display.diagram import arrow, block, canvas
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.instructcell.templates import SPLITS, Templates

if TYPE_CHECKING:
    import plotly.graph_objects as go


def diagram() -> Figure:
    """Draw the copilot: two inputs, one language model, two outputs."""
    figure, axis = canvas(10, 5, (7.6, 3.6))
    boxes = {
        "words of the\ninstruction": (0.1, 3.3, PALETTE[0]),
        "expression\nof a cell": (0.1, 0.7, PALETTE[2]),
        "MLP and\nQ-Former": (2.3, 0.7, PALETTE[2]),
        "T5\n(encoder, decoder)": (4.5, 2.0, PALETTE[0]),
        "answer in words": (7.3, 3.3, PALETTE[0]),
        "autoencoder\n(ZINB counts)": (7.3, 0.7, PALETTE[1]),
    }
    for text, (left, bottom, colour) in boxes.items():
        block(axis, (left, bottom), (1.8, 0.9), text, colour)
    for start, end in (
        ((2.0, 3.7), (4.4, 2.8)), ((2.0, 1.15), (2.2, 1.15)), ((4.2, 1.3), (4.6, 1.9)),
        ((6.4, 2.8), (7.2, 3.6)), ((6.4, 2.0), (7.2, 1.3)),
    ):  # fmt: skip
        arrow(axis, start, end)
    # Placed by hand: right of a falling arrow words are clear of it above, right of a rising one below.
    for left, bottom, text in (
        (3.25, 3.35, "embeddings"), (4.5, 1.35, "soft tokens"), (6.9, 1.8, "state of <SIGNAL>")
    ):  # fmt: skip
        axis.text(left, bottom, text, fontsize=8.5, color=INK)
    return figure


def quality_plot(frames: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw counts and genes a cell by set, on log scales."""
    every = pd.concat(frame.assign(set=name) for name, frame in frames.items())
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 0.5 * len(frames) + 1.4), sharey=True)
    for axis, column, text in zip(
        axes, ("total_counts", "n_genes_by_counts"), ("counts a cell", "genes a cell"), strict=True
    ):
        sns.boxenplot(every, x=column, y="set", color=PALETTE[5], log_scale=True, ax=axis)
        axis.set(xlabel=text, ylabel="")
    return figure


def template_words(templates: Templates) -> Figure:
    """Draw how long instructions are, by task, with the paper's limit."""
    rows = [
        {"task": task, "words": each.words}
        for task, splits in templates.items()
        for split in SPLITS
        for each in splits[split]
    ]
    figure, axis = plt.subplots(figsize=(7.2, 3.2))
    sns.histplot(
        pd.DataFrame(rows), x="words", hue="task", element="step", stat="percent", common_norm=False,
        binwidth=3, ax=axis,
    )  # fmt: skip
    axis.axvline(70, color=RULE, linestyle="--")
    axis.set(xlabel="words of the instruction", ylabel="templates (%)", xlim=(0, 75))
    sns.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, title=None)
    return figure


def plane_plot(places: np.ndarray, labels: np.ndarray, kind: str) -> Figure:
    """Draw cells in a plane, coloured by type."""
    figure, axis = plt.subplots(figsize=(7.2, 4.4))
    sns.scatterplot(
        x=places[:, 0], y=places[:, 1], hue=labels, hue_order=sorted(set(labels)), s=12, linewidth=0,
        palette=sns.color_palette("colorblind", len(set(labels))), ax=axis,
    )  # fmt: skip
    axis.set(xlabel=f"{kind} 1", ylabel=f"{kind} 2", xticks=[], yticks=[])
    sns.move_legend(axis, "center left", bbox_to_anchor=(1, 0.5), frameon=False, title=None, markerscale=2)
    return figure


def marker_heat(table: pd.DataFrame) -> Figure:
    """Draw mean expression of marker genes (columns) by type (rows), each gene scaled to its largest type."""
    figure, axis = plt.subplots(figsize=(7.6, 0.36 * len(table) + 1.4))
    bar = {"label": "share of the\nlargest type"}
    sns.heatmap(table / table.max(), cmap="cividis", vmin=0, vmax=1, cbar_kws=bar, ax=axis)
    axis.set(xlabel="", ylabel="")
    plt.setp(axis.get_xticklabels(), rotation=60, ha="right", rotation_mode="anchor")
    axis.tick_params(axis="y", rotation=0)
    return figure


def loss_curves(histories: Sequence[pd.DataFrame], window: int = 20) -> Figure:
    """Draw both parts of the loss by step, a running mean over seeds."""
    every = pd.concat(histories)
    every["written"] = every["gene"].where(every["gene"] > 0)
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.2))
    names = ("words\n(nats a token)", "written cells\n(nats a gene)")
    for axis, column, text in zip(axes, ("text", "written"), names, strict=True):
        for colour, (system, rows) in zip(PALETTE, every.groupby("system", sort=False), strict=False):
            smooth = rows.groupby("step")[column].mean().rolling(window, min_periods=1).mean()
            if smooth.notna().any():
                axis.plot(smooth.index + 1, smooth, color=colour, label=system, lw=1.5)
        axis.set(xlabel="step", ylabel=text)
    axes[0].set_ylim(0, None)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize="small")
    return figure


def score_strip(scores: Mapping[str, pd.DataFrame], metric: str, label: str) -> Figure:
    """Draw one metric of every system, one dot a seed and a diamond for the mean, one panel a set."""
    figure, axes = plt.subplots(
        len(scores), 1, figsize=(7.2, 0.42 * sum(each["system"].nunique() for each in scores.values()) + 1.6),
        height_ratios=[each["system"].nunique() for each in scores.values()], sharex=True, squeeze=False,
    )  # fmt: skip
    for axis, (name, frame) in zip(axes[:, 0], scores.items(), strict=True):
        rows = frame[frame["metric"] == metric]
        order = list(rows["system"].unique())
        sns.stripplot(
            rows, x="value", y="system", order=order, color=PALETTE[0], size=4.5, alpha=0.6, ax=axis
        )
        means = rows.groupby("system")["value"].mean().reindex(order)
        axis.plot(means, range(len(order)), "d", color=PALETTE[1], ms=7)
        axis.set(title=name, xlabel="", ylabel="")
    axes[-1, 0].set_xlabel(label)
    return figure


def template_dots(table: pd.DataFrame) -> Figure:
    """Draw the accuracy with each unseen template by its length, with options or without."""
    figure, axis = plt.subplots(figsize=(6.4, 3.0))
    shown = table.assign(prompt=table["options"].map({True: "lists options", False: "no options"}))
    sns.scatterplot(
        shown, x="words", y="accuracy", hue="prompt", style="prompt", markers=["o", "D"], s=60, ax=axis
    )
    least = max(0.0, table["accuracy"].min() - 15)
    # A little more than the range, so that dots at its ends are drawn whole.
    axis.set(xlabel="words of the instruction", ylabel="accuracy (%)", ylim=(least - 4, 104))
    sns.move_legend(axis, "lower right", frameon=False, title=None)
    return figure


def writing_points(rows: pd.DataFrame) -> Figure:
    """Draw three measures of written cells, one dot a seed, systems as rows."""
    metrics = {
        "pKNN": "pKNN (%)\nmore is better",
        "distance in sKNN": "distance in sKNN\n(points), less is better",
        "kernel distance": "kernel distance\nless is better",
    }
    order = list(rows["system"].unique())
    figure, axes = plt.subplots(1, 3, figsize=(7.6, 0.42 * len(order) + 1.2), sharey=True)
    for axis, (metric, text) in zip(axes, metrics.items(), strict=True):
        part = rows[rows["metric"] == metric]
        sns.stripplot(part, x="value", y="system", order=order, color=PALETTE[0], size=4, alpha=0.6, ax=axis)
        means = part.groupby("system")["value"].mean().reindex(order)
        axis.plot(means, range(len(order)), "d", color=PALETTE[1], ms=6)
        axis.set(xlabel=text, ylabel="", xlim=(0, None))
    return figure


def gap_plot(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw accuracy under a random split and with whole groups left out, a line for each group."""
    sizes = [len(each) for each in tables.values()]
    figure, axes = plt.subplots(
        len(tables),
        1,
        figsize=(7.2, 0.36 * sum(sizes) + 1.6),
        height_ratios=sizes,
        sharex=True,
        squeeze=False,
    )
    for axis, (name, table) in zip(axes[:, 0], tables.items(), strict=True):
        places = np.arange(len(table))[::-1]
        axis.hlines(places, table["whole"], table["random"], color=RULE, lw=1.5)
        axis.plot(table["random"], places, "o", color=PALETTE[1], label="cells split at random")
        axis.plot(table["whole"], places, "s", color=PALETTE[0], label="the whole group left out")
        axis.set(yticks=places, yticklabels=table["group"], title=name, ylim=(-0.6, len(table) - 0.4))
    axes[-1, 0].set_xlabel("accuracy (%)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return figure


def written_explorer(real: pd.DataFrame, written: pd.DataFrame) -> go.Figure:
    """Draw real and written cells in the same plane, with a menu of types.

    Parameters
    ----------
    real, written
        x, y and type of each cell.
    """
    import plotly.graph_objects as go

    kinds = sorted(set(real["type"]))
    figure = go.Figure(layout={"height": 480})
    for number, kind in enumerate(["every type", *kinds]):
        for name, frame, symbol, colour in (
            ("real", real, "circle", PALETTE[5]), ("written", written, "x", PALETTE[1])
        ):  # fmt: skip
            rows = frame if number == 0 else frame[frame["type"] == kind]
            figure.add_scatter(
                x=rows["x"].round(2).tolist(), y=rows["y"].round(2).tolist(), mode="markers", name=name,
                text=rows["type"].tolist(), hovertemplate="%{text}<extra>" + name + "</extra>",
                marker={"symbol": symbol, "color": colour, "size": 6, "opacity": 0.7}, visible=number == 0,
            )  # fmt: skip
    buttons = [
        {"label": kind, "method": "update",
         "args": [{"visible": [place // 2 == number for place in range(2 * len(kinds) + 2)]}]}
        for number, kind in enumerate(["every type", *kinds])
    ]  # fmt: skip
    figure.update_layout(
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.18, "yanchor": "top"}],
        xaxis={"title": "first direction", "range": _range(real["x"])},
        yaxis={"title": "second direction", "range": _range(real["y"])},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def _range(values: pd.Series[float]) -> list[float]:
    room = 0.15 * (values.max() - values.min())
    return [float(values.min() - room), float(values.max() + room)]


def talk(turns: Sequence[tuple[str, pd.DataFrame]]) -> go.Figure:
    """Draw written beside real expression, with a menu of conversations.

    Parameters
    ----------
    turns
        What was asked and answered, and `conversation.compared_profiles` of the type.
    """
    import plotly.graph_objects as go

    figure = go.Figure(layout={"height": 470, "barmode": "group"})
    for number, (_, table) in enumerate(turns):
        for name, colour in (("real", PALETTE[5]), ("written", PALETTE[1])):
            figure.add_bar(
                x=table["gene"].tolist(), y=table[name].round(3).tolist(), name=name, marker_color=colour,
                visible=number == 0,
            )  # fmt: skip
    buttons = [
        {"label": text, "method": "update",
         "args": [{"visible": [place // 2 == number for place in range(2 * len(turns))]}]}
        for number, (text, _) in enumerate(turns)
    ]  # fmt: skip
    figure.update_layout(
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
                      "pad": {"b": 42}}],  # above the legend, which a phone puts below it
        yaxis={"title": "mean ln(1 + counts per 10,000)"},
        xaxis={"title": {"text": "genes that mark the type", "standoff": 10}, "automargin": True},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        margin={"t": 90},
    )  # fmt: skip
    return figure
