"""The still figures of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter
from numpy.typing import NDArray

from mmrepro.display.diagram import arrow, block, canvas
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.tarsier2.benchmark import Clip
from mmrepro.papers.tarsier2.calibration import Graded

Strip = Sequence[NDArray[np.uint8]]


def stages_diagram() -> Figure:
    """Draw the stages and what each one reads."""
    figure, axis = canvas(10, 3, (7.6, 2.6))
    boxes = (
        ("pre-training", "captions of\none event", PALETTE[0]),
        ("SFT, first stage", "all events,\nframes tagged or not", PALETTE[2]),
        ("SFT, second stage", "all events,\nno tags", PALETTE[2]),
        ("DPO", "own words: intact over\nspoilt video, filtered", PALETTE[1]),
    )
    for place, (name, data, colour) in enumerate(boxes):
        left = 0.15 + 2.5 * place
        block(axis, (left, 1.4), (1.9, 0.9), name, colour, fontsize=10)
        axis.text(left + 0.95, 0.75, data, ha="center", va="center", fontsize=9, color=INK)
        if place:
            arrow(axis, (left - 0.5, 1.85), (left - 0.1, 1.85))
    return figure


def benchmark_plot(clips: Sequence[Clip]) -> Figure:
    """Draw events and seconds of the clips by category."""
    rows = pd.DataFrame(
        {"category": clip.category, "events": len(clip.events), "seconds": clip.duration} for clip in clips
    )
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.0), sharey=True)
    for axis, column, label in zip(
        axes, ("events", "seconds"), ("published events a clip", "seconds a clip"), strict=True
    ):
        sns.boxplot(rows, x=column, y="category", color=PALETTE[5], fliersize=2, ax=axis)
        axis.set(xlabel=label, ylabel="")
    return figure


def frame_strips(strips: Mapping[str, Strip], width: float = 7.6) -> Figure:
    """Draw rows of frames under one another, each with its name."""
    most = max(len(frames) for frames in strips.values())
    shape = next(iter(strips.values()))[0].shape
    side = width / most
    height = len(strips) * (side * shape[0] / shape[1] + 0.32)
    figure = plt.figure(figsize=(width, height), layout="none")
    grid = figure.add_gridspec(
        len(strips), most, wspace=0.04, hspace=0.32, left=0.01, right=0.99, top=1 - 0.3 / height, bottom=0.02
    )
    for row, (name, frames) in enumerate(strips.items()):
        for column, frame in enumerate(frames):
            axis = figure.add_subplot(grid[row, column])
            axis.imshow(frame, interpolation="nearest")
            axis.axis("off")
            if column == 0:
                axis.set_title(name, loc="left", fontsize=9, pad=3)
    return figure


def extraction_plot(table: pd.DataFrame) -> Figure:
    """Draw how many events the rules find against how many were published."""
    counts = table.groupby(["published", "ours"]).size().rename("clips").reset_index()
    figure, axis = plt.subplots(figsize=(5.2, 4.2))
    sns.scatterplot(
        counts, x="published", y="ours", size="clips", sizes=(12, 260), color=PALETTE[0], alpha=0.7, ax=axis
    )
    axis.plot([0, 10], [0, 10], color=RULE, linestyle="--")
    axis.set(xlabel="published events of a clip", ylabel="events found by the rules")
    sns.move_legend(axis, "center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def calibration_plot(graded: Mapping[str, Graded], thresholds: Mapping[str, float]) -> Figure:
    """Draw scores of events against their own and another reference, with the threshold."""
    figure, axes = plt.subplots(1, len(graded), figsize=(3.8 * len(graded), 3.0), squeeze=False, sharey=True)
    for axis, (name, found) in zip(axes[0], graded.items(), strict=True):
        rows = pd.DataFrame(
            {
                "score": np.concatenate([found.own, found.other]),
                "reference": ["own reference"] * len(found.own) + ["another's"] * len(found.other),
            }
        )
        sns.histplot(
            rows, x="score", hue="reference", binwidth=0.05, binrange=(0, 1), element="step",
            stat="percent", common_norm=False, palette=[PALETTE[0], PALETTE[1]], ax=axis,
        )  # fmt: skip
        axis.axvline(thresholds[name], color=INK, linestyle="--")
        axis.set(title=name, xlabel="best score of an event", ylabel="events (%)")
        drawn = axis.get_legend()
        drawn.remove()
    words = [text.get_text() for text in drawn.get_texts()]
    figure.legend(
        drawn.legend_handles, words, loc="outside upper center", ncols=2, frameon=False, fontsize="small"
    )
    return figure


def sensitivity_plot(table: pd.DataFrame) -> Figure:
    """Draw what each edit does to recall, precision and TEM."""
    rows = table.melt("edit", ["recall", "precision", "TEM"], "score", "percent")
    figure, axis = plt.subplots(figsize=(7.4, 0.42 * table["edit"].nunique() + 1.3))
    sns.stripplot(
        rows, x="percent", y="edit", hue="score", size=8, dodge=True, jitter=False,
        palette=list(PALETTE[:3]), ax=axis,
    )  # fmt: skip
    axis.set(xlabel="score of the edited description (%)", ylabel="", xlim=(-3, 103))
    sns.move_legend(axis, "center left", bbox_to_anchor=(1, 0.5), frameon=False, title=None)
    return figure


def slope_plot(scores: pd.DataFrame) -> Figure:
    """Draw F1 of systems as published and by each offline judge; columns system, judge, F1."""
    figure, axis = plt.subplots(figsize=(7.2, 3.8))
    judges = list(scores["judge"].unique())
    for colour, (system, rows) in zip(PALETTE, scores.groupby("system", sort=False), strict=False):
        places = [judges.index(judge) for judge in rows["judge"]]
        axis.plot(places, rows["F1"], "o-", color=colour, label=system, lw=2)
    axis.set(xticks=range(len(judges)), xticklabels=judges, ylabel="F1 (%)", xlim=(-0.2, len(judges) - 0.8))
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def steps_plot(rows: pd.DataFrame, telling: Mapping[str, float]) -> Figure:
    """Draw the published steps in F1 beside the differences that chance among clips reaches."""
    figure, axis = plt.subplots(figsize=(7.4, 0.42 * len(rows) + 1.5))
    places = np.arange(len(rows))
    axis.barh(places, rows["points"], height=0.55, color=PALETTE[0])
    for colour, (name, size) in zip((RULE, PALETTE[4], PALETTE[1]), telling.items(), strict=False):
        axis.axvline(size, color=colour, linestyle="--", label=name)
    labels = rows["step"] + "\n(" + rows["source"] + ")"
    axis.set(yticks=places, yticklabels=labels, xlabel="published difference in F1 (points)")
    axis.tick_params(axis="y", labelsize="small")
    axis.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize="small")
    return figure


def loss_curves(losses: pd.DataFrame, window: int = 20) -> Figure:
    """Draw the loss of every stage by step, mean over seeds, smoothed."""
    figure, axis = plt.subplots(figsize=(7.6, 3.8))
    styles = ("-", "--", ":")
    for place, (name, rows) in enumerate(losses.groupby("stage", sort=False)):
        mean = rows.groupby("step")["loss"].mean().rolling(window, min_periods=1).mean()
        colour, style = PALETTE[place % len(PALETTE)], styles[place // len(PALETTE)]
        axis.plot(mean.index, mean, color=colour, linestyle=style, label=name, lw=1.5)
    axis.set(xlabel="step of the stage", ylabel="loss (nats a word)", yscale="log")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))  # as many decimals for all
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.legend(
        frameon=False, fontsize="x-small", loc="center left", bbox_to_anchor=(1, 0.5), labelspacing=0.3
    )
    axis.margins(x=0.01)
    return figure


def preference_curves(histories: pd.DataFrame, window: int = 10) -> Figure:
    """Draw accuracy and margin of the preference stage by step, mean over seeds."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.0))
    figure.set_layout_engine("constrained", wspace=0.12)
    labels = ("pairs put right (%)", "margin, times beta (nats)")
    for axis, column, label in zip(axes, ("accuracy", "margin"), labels, strict=True):
        for colour, (name, rows) in zip(PALETTE, histories.groupby("system", sort=False), strict=False):
            mean = rows.groupby("step")[column].mean().rolling(window, min_periods=1).mean()
            axis.plot(mean.index, mean * (100 if column == "accuracy" else 1), color=colour, label=name)
        axis.set(xlabel="step", ylabel=label)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=3, frameon=False, fontsize="small")
    return figure


def yield_bars(yields: pd.DataFrame) -> Figure:
    """Draw, for each way to get a rejected text, the samples that differ and those that pass the filter."""
    total = yields.groupby("kind", sort=False)[["videos", "differ", "kept"]].sum()
    shares = 100 * total[["differ", "kept"]].div(total["videos"], axis=0)
    figure, axis = plt.subplots(figsize=(7.2, 0.5 * len(shares) + 1.2))
    places = np.arange(len(shares))
    axis.barh(places, shares["differ"], color=PALETTE[5], label="differ")
    axis.barh(places, shares["kept"], color=PALETTE[0], height=0.5, label="pass the filter")
    axis.set(yticks=places, yticklabels=shares.index, xlabel="samples of unseen videos (%)", xlim=(0, 100))
    axis.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def score_strip(scores: pd.DataFrame, metric: str = "F1") -> Figure:
    """Draw one metric of every system, one dot a seed and a diamond for the mean."""
    rows = scores[scores["metric"] == metric]
    order = list(rows["system"].unique())
    figure, axis = plt.subplots(figsize=(7.4, 0.4 * len(order) + 1.1))
    sns.stripplot(rows, x="value", y="system", order=order, color=PALETTE[0], size=5, alpha=0.6, ax=axis)
    means = rows.groupby("system")["value"].mean().reindex(order)
    axis.plot(means, range(len(order)), "d", color=PALETTE[1], ms=8)
    axis.set(xlabel=f"{metric} on the test videos (%)", ylabel="")
    return figure


def change_strip(differences: pd.DataFrame, systems: Sequence[str], base: str) -> Figure:
    """Draw changes of four scores against `base`, paired by seed, one panel a score."""
    metrics = list(differences["metric"].unique())
    figure, axes = plt.subplots(1, len(metrics), figsize=(7.8, 0.42 * len(systems) + 1.3), sharey=True)
    figure.set_layout_engine("constrained", wspace=0.08)  # room between the panels' outermost ticks
    for axis, metric in zip(np.atleast_1d(axes), metrics, strict=True):
        rows = differences[(differences["metric"] == metric) & differences["system"].isin(systems)]
        sns.stripplot(
            rows, x="value", y="system", order=systems, color=PALETTE[0], size=4.5, alpha=0.6, ax=axis
        )
        means = rows.groupby("system")["value"].mean().reindex(systems)
        axis.plot(means, range(len(systems)), "d", color=PALETTE[1], ms=7)
        axis.axvline(0, color=RULE, linestyle="--")
        axis.set(title=metric, xlabel="points", ylabel="")
    figure.supxlabel(f"change against {base}, one dot a seed", fontsize="small")
    return figure
