"""The figures of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mmrepro.display.diagram import arrow, block, canvas
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.evidence.calibration import reliability
from mmrepro.papers.ewing_vls.runs import Probabilities
from mmrepro.papers.ewing_vls.tiles import Bags

if TYPE_CHECKING:
    import plotly.graph_objects as go

_MARKERS = ("o", "s", "d", "^", "v", "P", "X", "*")


def diagram() -> Figure:
    """Draw the pipeline: tile, patches, extractor, aggregator, answer; and where captions come in."""
    figure, axis = canvas(11, 4.2, (7.6, 3.0))
    boxes = {
        "tile\n(one label)": (0.1, 2.6, PALETTE[5]),
        "patches\nwith tissue": (2.3, 2.6, PALETTE[5]),
        "extractor\nfrozen or tuned": (4.5, 2.6, PALETTE[0]),
        "aggregator\n(trained)": (6.9, 2.6, PALETTE[1]),
        "diagnosis": (9.2, 2.6, PALETTE[1]),
        "images of\nother organs": (2.3, 0.4, PALETTE[2]),
        "captions, labels\nor pairs of views": (6.9, 0.4, PALETTE[2]),
        "projection": (4.5, 0.4, PALETTE[2]),
    }
    for text, corner in boxes.items():
        block(axis, corner[:2], (1.7, 1), text, corner[2], fontsize=8.5)
    for left, right in ((1.9, 2.2), (4.1, 4.4), (6.3, 6.8), (8.7, 9.1)):
        arrow(axis, (left, 3.1), (right, 3.1))
    for start, end in (((4.1, 0.9), (4.4, 0.9)), ((6.8, 0.9), (6.3, 0.9)), ((5.35, 1.5), (5.35, 2.5))):
        arrow(axis, start, end)
    return figure


def patient_heat(bags: Bags) -> Figure:
    """Draw how many tiles each patient (columns) has of each class (rows)."""
    table = pd.crosstab(pd.Series([tile.label for tile in bags.tiles]), pd.Series(bags.patients))
    figure, axis = plt.subplots(figsize=(6.4, 2.6))
    sns.heatmap(table, annot=True, fmt="d", cmap="Blues", cbar_kws={"label": "tiles"}, linewidths=1, ax=axis)
    axis.set(xlabel="patient", ylabel="")
    axis.tick_params(axis="y", rotation=0)
    return figure


def stain_plot(before: pd.DataFrame, after: pd.DataFrame) -> Figure:
    """Draw the mean colour of each tile's tissue, by patient, before and after normalisation."""
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.4), sharex=True, sharey=True)
    for axis, frame, title in zip(axes, (before, after), ("as scanned", "after Reinhard"), strict=True):
        sns.scatterplot(
            frame, x="red", y="blue", hue="patient", style="patient", s=45, ax=axis, legend=axis is axes[0]
        )
        axis.set(title=title, xlabel="mean red (0 to 1)", ylabel="mean blue (0 to 1)")
    sns.move_legend(axes[0], "lower left", title=None, frameon=False, fontsize="small")
    return figure


def loss_curves(histories: Sequence[pd.DataFrame]) -> Figure:
    """Draw the loss of each way to train the projection by epoch, mean over seeds, a panel each."""
    every = pd.concat(histories)
    every["epoch"] += 1  # readers count from one
    names = list(every["system"].unique())
    figure, axes = plt.subplots(1, len(names), figsize=(7.6, 2.7), squeeze=False)
    for axis, name, colour in zip(axes[0], names, PALETTE, strict=False):
        rows = every[every["system"] == name]
        sns.lineplot(
            rows, x="epoch", y="loss", errorbar=("pi", 100), color=colour, ax=axis,
            marker="o", markersize=5, markeredgewidth=0,  # a run of one epoch has no line
        )  # fmt: skip
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axis.set_title(name.removeprefix("in-domain ").replace(", ", ",\n"), fontsize="small")
        axis.set(xlabel="epoch", ylabel="loss (nats)" if axis is axes[0][0] else "")
    return figure


def concept_matrix(heat: pd.DataFrame) -> Figure:
    """Draw the mean cosine of images of a concept (rows) with prompts (columns)."""
    figure, axis = plt.subplots(figsize=(7.6, 5.6))
    numbered = [f"{list(heat.columns).index(name) + 1}  {name}" for name in heat.index]
    sns.heatmap(heat.to_numpy(), cmap="vlag", center=0, cbar_kws={"label": "mean cosine"}, ax=axis,
                rasterized=True, xticklabels=[str(place + 1) for place in range(heat.shape[1])],
                yticklabels=numbered)  # fmt: skip
    axis.set(xlabel="prompt, numbered as the rows", ylabel="")
    axis.tick_params(axis="y", rotation=0, labelsize=8)
    axis.tick_params(axis="x", labelsize=8, rotation=0)
    return figure


def wording_dots(table: pd.DataFrame) -> Figure:
    """Draw the accuracy of every wording, a dot a seed."""
    figure, axis = plt.subplots(figsize=(7.4, 3.4))
    sns.stripplot(table, x="accuracy", y="wording", hue="kind", dodge=False, size=5, alpha=0.7, ax=axis)
    axis.set(xlabel="held-out images named right (%)", ylabel="")
    axis.tick_params(axis="y", labelsize="small")
    sns.move_legend(axis, "upper center", bbox_to_anchor=(0.4, 1.16), ncols=2, frameon=False, title=None)
    return figure


def shot_curves(table: pd.DataFrame, prompts: float, chance: float) -> Figure:
    """Draw accuracy by labelled images a concept; lines across for prompts alone and for chance."""
    figure, axis = plt.subplots(figsize=(6.8, 3.6))
    sns.lineplot(table, x="shots", y="accuracy", hue="features", style="features", markers=True, dashes=False,
                 errorbar=("sd", 1), ax=axis)  # fmt: skip
    axis.axhline(prompts, color=INK, linestyle="--", lw=1.2, label="prompts, no label")
    axis.axhline(chance, color=INK, linestyle=":", lw=1.2, label="chance")
    axis.set(xscale="log", xticks=sorted(set(table["shots"])), xlabel="labelled images a concept",
             ylabel="held-out images named right (%)", ylim=(0, None))  # fmt: skip
    axis.set_xticklabels([str(each) for each in sorted(set(table["shots"]))])
    axis.minorticks_off()
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize="small")
    axis.legend().remove()
    return figure


def interval_plot(table: pd.DataFrame, metrics: Sequence[str]) -> Figure:
    """Draw metrics with their intervals over tiles (thick) and over patients (thin), features as rows."""
    names = list(dict.fromkeys(table["features"]))
    figure, axes = plt.subplots(1, len(metrics), figsize=(7.6, 0.42 * len(names) + 1.6), sharey=True)
    places = np.arange(len(names))[::-1]
    for axis, metric in zip(np.atleast_1d(axes), metrics, strict=True):
        rows = table[table["metric"] == metric].set_index("features").loc[names]
        axis.hlines(places, rows["tiles low"], rows["tiles high"], color=PALETTE[5], lw=7, label="over tiles")
        axis.hlines(
            places, rows["patients low"], rows["patients high"], color=INK, lw=1.5, label="over patients"
        )
        axis.plot(rows["value"], places, "d", color=PALETTE[1], label="mean over seeds")
        axis.set(xlabel=f"{metric} (%)", yticks=places, yticklabels=names, ylim=(-0.6, len(names) - 0.4))
        axis.tick_params(axis="y", labelsize="small")
    handles, labels = np.atleast_1d(axes)[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    return figure


def strips(frames: Mapping[str, pd.DataFrame], label: str) -> Figure:
    """Draw a value of every system, one dot a seed and a diamond for the mean, one panel a frame."""
    sizes = [frame["system"].nunique() for frame in frames.values()]
    figure, axes = plt.subplots(
        len(frames), 1, figsize=(7.2, 0.42 * sum(sizes) + 0.6 * len(frames) + 0.6), height_ratios=sizes,
        sharex=True, squeeze=False,
    )  # fmt: skip
    for axis, (name, rows) in zip(axes[:, 0], frames.items(), strict=True):
        order = list(rows["system"].unique())
        sns.stripplot(
            rows, x="value", y="system", order=order, color=PALETTE[0], size=4.5, alpha=0.6, ax=axis
        )
        means = rows.groupby("system")["value"].mean().reindex(order)
        axis.plot(means, range(len(order)), "d", color=PALETTE[1], ms=7)
        axis.set(title=name, xlabel="", ylabel="")
    axes[-1, 0].set_xlabel(label)
    return figure


def confusion_heats(found: Mapping[str, NDArray[np.float64]], classes: Sequence[str]) -> Figure:
    """Draw confusion matrices side by side, rows in percent of the true class."""
    figure, axes = plt.subplots(1, len(found), figsize=(7.6, 3.2), sharey=True)
    for axis, (name, matrix) in zip(np.atleast_1d(axes), found.items(), strict=True):
        sns.heatmap(matrix, annot=True, fmt=".0f", cmap="Blues", vmin=0, vmax=100, cbar=False, square=True,
                    xticklabels=classes, yticklabels=classes, ax=axis)  # fmt: skip
        axis.set_title(name, fontsize="small")
        axis.set(xlabel="called", ylabel="is" if axis is np.atleast_1d(axes)[0] else "")
        axis.tick_params(labelsize=8)
        axis.tick_params(axis="x", rotation=30)
    return figure


def reliability_diagram(labels: NDArray[np.int64], found: Mapping[str, dict[int, Probabilities]]) -> Figure:
    """Draw accuracy against confidence, answers of all seeds together, one line a kind of features."""
    figure, axis = plt.subplots(figsize=(5.2, 4.2))
    for (name, by_seed), colour, marker in zip(found.items(), PALETTE, _MARKERS, strict=False):
        table = reliability(np.tile(labels, len(by_seed)), np.concatenate(list(by_seed.values())))
        axis.plot(table["confidence"], table["accuracy"], color=colour, marker=marker, label=name)
    axis.plot([0, 100], [0, 100], color=RULE, linestyle="--", lw=1)
    axis.set(xlabel="confidence (%)", ylabel="right (%)", xlim=(30, 101), ylim=(0, 101))
    axis.legend(frameon=False, fontsize="small")
    return figure


def power_curves(table: pd.DataFrame, here: int, wanted: float) -> Figure:
    """Draw power by number of patients, a line a true gain, with lines for what is asked and what is here."""
    figure, axis = plt.subplots(figsize=(6.8, 3.6))
    shown = table.assign(gain=[f"{gain:g} points" for gain in table["gain"]])
    sns.lineplot(
        shown, x="patients", y="power", hue="gain", style="gain", markers=True, dashes=False, ax=axis
    )
    axis.axhline(wanted, color=RULE, linestyle="--", lw=1)
    axis.axvline(here, color=RULE, linestyle="--", lw=1)
    ticks = sorted(set(table["patients"]))
    axis.set(xscale="log", xticks=ticks, xlabel="patients in the study (log scale)", ylim=(0, 101),
             ylabel="studies that find the gain (%)")  # fmt: skip
    axis.set_xticklabels([str(each) for each in ticks])
    axis.minorticks_off()
    sns.move_legend(axis, "center left", bbox_to_anchor=(1, 0.5), frameon=False, title="true gain")
    return figure


def cost_chart(table: pd.DataFrame) -> go.Figure:
    """Draw pairings by trainable parameters and cost of a training step; hovering tells which."""
    import plotly.graph_objects as go

    figure = go.Figure(layout={"height": 440})
    symbols = ("circle", "diamond", "square", "cross", "x", "triangle-up")
    for (name, rows), colour, symbol in zip(
        table.groupby("extractor", sort=False), PALETTE, symbols, strict=False
    ):
        figure.add_scatter(
            x=rows["trainable (M)"].round(4).tolist(), y=rows["GMAC of a step"].tolist(), mode="markers",
            name=str(name), text=rows["aggregator"].tolist(),
            marker={"color": colour, "symbol": symbol, "size": 11},
            hovertemplate="%{text}<br>%{x} M trained<br>%{y:.3g} GMAC a step<extra>" + str(name) + "</extra>",
        )  # fmt: skip
    powers = {"type": "log", "exponentformat": "power"}
    figure.update_layout(
        xaxis={"title": "trained parameters (millions, log)", "dtick": 1, **powers},
        yaxis={"title": "GMAC of a step (log)", "dtick": 2, **powers},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, margin={"t": 90},
    )  # fmt: skip
    return figure
