"""The still figures of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mmrepro.display.diagram import arrow, block, canvas
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.facetrack_mm.captions import MARKERS
from mmrepro.papers.facetrack_mm.expression import CLASSES
from mmrepro.papers.facetrack_mm.published import OURS
from mmrepro.papers.facetrack_mm.scene import Clips
from mmrepro.papers.facetrack_mm.tracking import Boxes


def caption_facts(facts: pd.DataFrame) -> Figure:
    """Draw words a caption by source, and how many captions have each time marker."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.4), width_ratios=(1.3, 1))
    order = sorted(facts["source"].unique())
    sns.boxenplot(facts, x="words", y="source", order=order, color=PALETTE[5], ax=left)
    left.set(xlabel="words a caption", ylabel="")
    shares = 100 * facts[list(MARKERS)].mean()
    right.barh(list(MARKERS), shares, color=PALETTE[2])
    right.invert_yaxis()
    right.set(xlabel="captions with\nthe phrase (%)", xlim=(0, 100))
    return figure


def perturbation_heat(table: pd.DataFrame, metrics: Sequence[str]) -> Figure:
    """Draw mean scores (%) by condition and metric."""
    means = table.groupby("condition", sort=False)[list(metrics)].mean()
    figure, axis = plt.subplots(figsize=(7.0, 0.42 * len(means) + 1.2))
    sns.heatmap(
        means,
        annot=True,
        fmt=".0f",
        cmap="crest_r",
        vmin=0,
        vmax=100,
        ax=axis,
        cbar_kws={"label": "score (%)"},
    )
    axis.set(ylabel="")
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    return figure


def score_histogram(own: NDArray[np.float64], other: NDArray[np.float64], threshold: float) -> Figure:
    """Draw the judge's scores of events against their own caption and another's."""
    figure, axis = plt.subplots(figsize=(7.2, 2.8))
    bins = np.linspace(0, 1, 21).tolist()
    axis.hist(own, bins, alpha=0.7, color=PALETTE[0], label="own caption")
    axis.hist(other, bins, alpha=0.6, color=PALETTE[1], label="another caption")
    axis.axvline(threshold, color=INK, ls="--", label="threshold")
    axis.set(xlabel="best score of an event", ylabel="events")
    axis.legend(frameon=False)
    return figure


def rank_bump(scores: pd.DataFrame, metrics: Sequence[str]) -> Figure:
    """Draw the rank of each system from one metric to the next."""
    ranks = scores[list(metrics)].rank(ascending=False)
    figure, axis = plt.subplots(figsize=(7.6, 5.4))
    for system, row in ranks.iterrows():
        ours = system == OURS
        axis.plot(list(metrics), row, "o-", color=PALETTE[1] if ours else RULE, lw=3 if ours else 1.2)
        axis.annotate(
            str(system),
            (len(metrics) - 1, row.iloc[-1]),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
    axis.set(ylim=(len(ranks) + 0.5, 0.5), yticks=range(1, len(ranks) + 1, 2), ylabel="rank")
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(x=0.25)
    axis.set_xlim(-0.2, len(metrics) + 0.1)
    return figure


def _boxes(axis: Axes, boxes: Boxes, colours: Sequence[str]) -> None:
    for box, colour in zip(boxes, colours, strict=False):
        if not np.isnan(box).any():
            corner = (box[0], box[1])
            axis.add_patch(Rectangle(corner, box[2] - box[0], box[3] - box[1], fc="none", ec=colour, lw=1.6))


def _strip(rows: int, columns: int, height: float) -> tuple[Figure, NDArray[np.object_]]:
    figure, axes = plt.subplots(rows, columns, figsize=(9.0, height * rows), squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
    return figure, axes


def clip_gallery(clips: Clips, chosen: Sequence[int]) -> Figure:
    """Draw clips frame by frame with the true boxes, the main character's in orange."""
    frames = clips.frames.shape[1]
    figure, axes = _strip(len(chosen), frames, 1.35)
    for row, clip in enumerate(chosen):
        for frame in range(frames):
            axis = axes[row, frame]
            axis.imshow(clips.frames[clip, frame], cmap="gray", vmin=0, vmax=255)
            _boxes(axis, clips.boxes[clip, frame], (PALETTE[1], PALETTE[5], PALETTE[2]))
            now = [event.expression for event in clips.scripts[clip][0] if event.first <= frame <= event.last]
            axis.set_xlabel("\n".join(now), fontsize=9)
        axes[row, 0].set_ylabel(str(clips.motions[clip]), fontsize=11)
    return figure


def track_strip(scenes: Mapping[str, tuple[Sequence[NDArray[np.uint8]], Boxes]], columns: int = 6) -> Figure:
    """Draw scenes of real faces with the tracks, one colour a track."""
    figure, axes = _strip(len(scenes), columns, 1.2)
    for row, (kind, (images, tracks)) in enumerate(scenes.items()):
        for column, frame in enumerate(np.linspace(0, len(images) - 1, columns).astype(int)):
            axis = axes[row, column]
            axis.imshow(images[frame])
            _boxes(axis, tracks[:, frame], (PALETTE[1], PALETTE[5], PALETTE[2], PALETTE[3], PALETTE[4]))
            if row == 0:
                axis.set_title(f"frame {frame}", fontsize=10)
        axes[row, 0].set_ylabel(kind.replace(", ", ",\n").replace(" and ", "\nand "), fontsize=10)
    return figure


def expression_timeline(
    images: Sequence[NDArray[np.uint8]],
    times: NDArray[np.float64],
    boxes: Boxes,
    probabilities: NDArray[np.float64],
) -> Figure:
    """Draw the probability of each class over time, with three of the frames above."""
    figure = plt.figure(figsize=(7.6, 4.4))
    grid = figure.add_gridspec(2, 3, height_ratios=(1, 1.3))
    for place, frame in enumerate(np.linspace(0, len(images) - 1, 3).astype(int)):
        axis = figure.add_subplot(grid[0, place])
        axis.imshow(images[frame])
        _boxes(axis, boxes[frame : frame + 1], (PALETTE[1],))
        axis.set(title=f"{times[frame]:.1f} s", xticks=[], yticks=[])
    axis = figure.add_subplot(grid[1, :])
    axis.stackplot(
        times, np.nan_to_num(probabilities).T, labels=CLASSES, colors=sns.color_palette(PALETTE, len(CLASSES))
    )
    axis.set(
        xlabel="time (s)", ylabel="probability", ylim=(0, 1), xlim=(times[0], max(times[-1], times[0] + 1e-3))
    )
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    return figure


def diagram() -> Figure:
    """Draw the model: two branches of views, one decoder."""
    figure, axis = canvas(10, 4.4, (7.6, 3.2))
    boxes = {
        "whole frames": (0.1, 2.9, PALETTE[0]),
        "detect, track,\nchoose, crop": (0.1, 0.6, PALETTE[1]),
        "frozen encoder": (2.6, 1.8, PALETTE[6]),
        "projector,\nT tokens": (5.0, 2.9, PALETTE[0]),
        "pool, projector,\nk face tokens": (5.0, 0.6, PALETTE[1]),
        "decoder": (7.6, 1.8, PALETTE[2]),
    }
    for text, (left, bottom, colour) in boxes.items():
        block(axis, (left, bottom), (1.8, 0.9), text, colour)
    for start, end in (
        ((2.0, 3.3), (2.5, 2.5)), ((2.0, 1.1), (2.5, 2.0)), ((4.5, 2.5), (4.9, 3.2)),
        ((4.5, 2.0), (4.9, 1.2)), ((6.9, 3.2), (7.5, 2.5)), ((6.9, 1.2), (7.5, 2.0)),
    ):  # fmt: skip
        arrow(axis, start, end)
    arrow(axis, (9.5, 2.25), (9.9, 2.25))
    return figure


def loss_curves(history: pd.DataFrame) -> Figure:
    """Draw the loss by epoch, mean over seeds, one line a system."""
    figure, axis = plt.subplots(figsize=(7.6, 3.6))
    means = history.groupby(["system", "epoch"], sort=False)["loss"].mean().reset_index()
    sns.lineplot(
        means.assign(epoch=means["epoch"] + 1), x="epoch", y="loss", hue="system", style="system",
        ax=axis, palette="colorblind",
        marker="o", markersize=5, markeredgewidth=0,  # a run of one epoch has no line
    )  # fmt: skip
    axis.set(ylabel="loss (nats a word)")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    return figure


def system_strip(rows: pd.DataFrame, metrics: Sequence[str], tokens: Mapping[str, int]) -> Figure:
    """Draw each system's score by seed (dots) and its mean (diamond), best on top, with its visual tokens."""
    first = rows[rows["metric"] == metrics[0]].groupby("system")["value"].mean().sort_values(ascending=False)
    figure, axes = plt.subplots(1, len(metrics), figsize=(8.4, 0.4 * len(first) + 1.2), sharey=True)
    figure.set_layout_engine("constrained", wspace=0.06)  # else 100 meets the next panel's 0
    for axis, metric in zip(np.atleast_1d(axes), metrics, strict=True):
        part = rows[rows["metric"] == metric]
        sns.stripplot(part, x="value", y="system", order=list(first.index), color=PALETTE[5], size=4, ax=axis)
        means = part.groupby("system")["value"].mean().reindex(first.index)
        axis.plot(means, range(len(means)), "D", color=PALETTE[1], ms=6)
        axis.set(xlabel=f"{metric} (%)", ylabel="", xlim=(0, 100))
    labels = [f"{name} ({tokens.get(name, 0)} tokens)" for name in first.index]
    np.atleast_1d(axes)[0].set_yticks(range(len(labels)), labels, fontsize=8.5)
    return figure


def token_curve(rows: pd.DataFrame, tokens: Mapping[str, int], series: Mapping[str, Sequence[str]]) -> Figure:
    """Draw TEM over the number of visual tokens, one line a way to spend them, bars over seeds."""
    figure, axis = plt.subplots(figsize=(7.2, 3.6))
    part = rows[rows["metric"] == "TEM"]
    for (name, systems), colour in zip(series.items(), PALETTE, strict=False):
        found = [part[part["system"] == system]["value"] for system in systems]
        places = [tokens[system] for system in systems]
        spread = [values.std(ddof=1) if len(values) > 1 else 0.0 for values in found]
        axis.errorbar(
            places, [values.mean() for values in found], spread, fmt="o-", color=colour, label=name, capsize=3
        )
    axis.set(xlabel="visual tokens a clip", ylabel="TEM (%)", ylim=(0, 100))
    axis.legend(frameon=False)
    return figure


def gains(scores: pd.DataFrame, better: str, worse: str, following: pd.DataFrame) -> Figure:
    """Draw the gain in TEM by motion and persons, and how often the tracker follows the right face."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.2))
    kept = scores[scores["system"].isin([better, worse])].assign(several=lambda frame: frame["persons"] > 1)
    means = kept.groupby(["motion", "several", "seed", "system"])["tem"].mean().unstack()
    gain = (100 * (means[better] - means[worse])).rename("gain").reset_index()
    gain["persons"] = np.where(gain["several"], "several", "one")
    order = sorted(set(following["motion"]))
    sns.barplot(
        gain,
        x="motion",
        y="gain",
        order=order,
        hue="persons",
        hue_order=["one", "several"],
        ax=left,
        errorbar=("ci", 95),
        seed=0,
    )
    left.set(ylabel="gain in TEM (points)", xlabel="")
    shown = following.assign(persons=np.where(following["persons"] > 1, "several", "one"))
    sns.barplot(
        shown,
        x="motion",
        y="followed",
        order=order,
        hue="persons",
        hue_order=["one", "several"],
        ax=right,
        errorbar=None,
        legend=False,
    )
    right.set(ylabel="frames on the right face (%)", xlabel="", ylim=(0, 100))
    return figure
