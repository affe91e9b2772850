"""The still figures of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from numpy.typing import NDArray

from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.piip.boxes import Boxes
from mmrepro.papers.piip.compute import Plan, parameter_counts
from mmrepro.papers.piip.published import TOLERANCE

_SMALL, _LARGE = 32, 96  # pixels: COCO's limits between small, medium and large


def plane(plans: Mapping[str, Plan]) -> Figure:
    """Draw each arrangement as a line through image side (pixels) and parameters of its networks."""
    figure, axis = plt.subplots(figsize=(7.2, 4.0))
    for (name, plan), colour, marker in zip(plans.items(), PALETTE, "osD^v", strict=False):
        sides = [size[0] for size in plan.sizes]
        counts = [
            parameter_counts(Plan((network,), (size,), interactions=0, patch=plan.patch))["branches"] / 1e6
            for network, size in zip(plan.networks, plan.sizes, strict=True)
        ]
        axis.plot(sides, counts, marker=marker, ms=9, lw=2, color=colour, label=name)
    axis.set(xlabel="image side (pixels)", ylabel="parameters of the network (millions)", yscale="log")
    axis.margins(y=0.12)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def box_sizes(boxes: pd.DataFrame, classes: Sequence[str]) -> Figure:
    """Draw the sizes of the boxes of each class, with COCO's limits.

    Parameters
    ----------
    boxes
        `annotations.box_frame`.
    classes
        Names in the order of their labels, so that a class has its colour of `picture_grid`.
    """
    figure, axis = plt.subplots(figsize=(7.2, 3.4))
    sns.histplot(
        boxes, x="size", hue="class", hue_order=classes,
        palette=[_colour(label) for label in range(len(classes))],
        bins=np.arange(0, 400, 10), element="step", alpha=0.35, ax=axis,
    )  # fmt: skip
    for limit in (_SMALL, _LARGE):
        axis.axvline(limit, color=INK, ls="--", lw=1)
    axis.set(xlabel="square root of the box's area (pixels of the original)", ylabel="boxes")
    sns.move_legend(axis, "upper right", title=None)
    return figure


def picture_grid(
    pictures: Sequence[NDArray[np.uint8]],
    boxes: Sequence[Boxes | None],
    titles: Sequence[str],
    *,
    columns: int = 3,
    least_score: float = 0.3,
    scale: float = 1.0,
) -> Figure:
    """Draw pictures (h, w, 3) with their boxes, a colour a class.

    Parameters
    ----------
    least_score
        Detections below it are not drawn.
    scale
        Pixels of the picture a pixel of the boxes.
    """
    rows = -(-len(pictures) // columns)
    ratio = pictures[0].shape[0] / pictures[0].shape[1]
    width = 7.6 / columns
    figure, axes = plt.subplots(rows, columns, figsize=(7.6, rows * (width * ratio + 0.3)), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture, found, title in zip(axes.flat, pictures, boxes, titles, strict=False):
        axis.imshow(picture, rasterized=True)
        axis.set_title(title, fontsize=10)
        if found is not None:
            _draw_boxes(axis, found, least_score, scale)
    return figure


def _draw_boxes(axis: Axes, found: Boxes, least_score: float, scale: float) -> None:
    scores = np.ones(len(found.labels)) if found.scores is None else found.scores
    for corners, label, score in zip(found.corners * scale, found.labels, scores, strict=True):
        if score >= least_score:
            left, top, right, bottom = corners
            shape = Rectangle((left, top), right - left, bottom - top, fill=False, lw=1.4, ec=_colour(label))
            axis.add_patch(shape)


def _colour(label: int) -> str:
    """Return the colour of a class in every figure; beyond the palette colours come again."""
    return PALETTE[label % len(PALETTE)]


def audit_strip(rows: pd.DataFrame) -> Figure:
    """Draw by how much each recomputed figure misses the published one; `rows` is `published.audit`."""
    band = 100 * TOLERANCE
    words = {True: f"agrees: within {band:g} % or half a printed unit", False: "differs"}
    shown = rows.assign(
        table=[fill(source, 24, break_on_hyphens=False) for source in rows["source"]],
        verdict=rows["agrees"].map(words),
    )
    order = list(dict.fromkeys(shown["table"]))
    figure, axis = plt.subplots(figsize=(7.6, 0.48 * len(order) + 1.4))
    axis.axvspan(-band, band, color=RULE, alpha=0.2, lw=0)
    axis.axvline(0, color=RULE, ls="--")
    sns.stripplot(
        shown, x="error (%)", y="table", hue="verdict", order=order, hue_order=list(words.values()),
        palette=[PALETTE[0], PALETTE[1]], jitter=0.18, size=6, ax=axis,
    )  # fmt: skip
    axis.set(xlabel="ours less published (%)", ylabel="")
    axis.set_xscale("symlog", linthresh=1)
    axis.set_xlim(-20, 20)
    axis.set_xticks([-10, -1, -0.5, 0, 0.5, 1, 10], ["−10", "−1", "−0.5", "0", "0.5", "1", "10"])
    axis.tick_params(axis="y", labelsize="small")
    sns.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, title=None)
    return figure


def stacked_costs(costs: pd.DataFrame) -> Figure:
    """Draw what makes up the executed MACs: a row a system, a column a part, in GMAC."""
    figure, axis = plt.subplots(figsize=(7.6, 0.55 * len(costs) + 1.6))
    left, places = np.zeros(len(costs)), np.arange(len(costs))[::-1]
    for part, colour in zip(costs.columns, PALETTE, strict=False):
        axis.barh(places, costs[part], left=left, color=colour, label=part, height=0.62)
        left += costs[part].to_numpy()
    axis.set(yticks=places, yticklabels=costs.index, xlabel="GMAC an image")
    axis.set_ylim(-0.6, len(costs) - 0.4)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def diagram() -> Figure:
    """Draw the pyramid: three branches, interactions between neighbours, merging."""
    figure, axis = plt.subplots(figsize=(7.6, 3.7))
    axis.set(xlim=(0, 10), ylim=(0.1, 4.9))
    axis.axis("off")
    for row, (text, side, blocks) in enumerate(
        (("large image", 0.95, 0.42), ("", 0.7, 0.62), ("small image", 0.45, 0.9))
    ):
        centre = 4.1 - 1.6 * row
        axis.add_patch(Rectangle((1.0 - side / 2, centre - side / 2), side, side, fc="white", ec=INK, lw=1.5))
        axis.text(1.0, centre - side / 2 - 0.05, text, ha="center", va="top", fontsize=9, color=INK)
        name, colour = (("small net", PALETTE[0]), ("medium net", PALETTE[2]), ("large net", PALETTE[3]))[row]
        for step in range(3):
            _block(axis, 2.2 + 1.7 * step, centre - blocks / 2, 1.1, blocks, colour)
        axis.text(2.2, centre + blocks / 2 + 0.08, name, fontsize=9, color=colour, va="bottom")
        arrow = {"arrowstyle": "-|>", "color": INK}
        for start, end in ((1.6, 2.15), (3.36, 3.84), (5.06, 5.54), (6.76, 7.6)):
            axis.annotate("", (end, centre), (start, centre), arrowprops=arrow)
    for step in range(3):
        for centre in (3.3, 1.7):
            both = {"arrowstyle": "<|-|>", "color": PALETTE[1], "lw": 2}
            axis.annotate(
                "", (3.6 + 1.7 * step, centre + 0.62), (3.6 + 1.7 * step, centre - 0.62), arrowprops=both
            )
    _block(axis, 7.7, 0.5, 0.9, 4.0, INK)
    axis.text(8.15, 2.5, "merge", rotation=90, ha="center", va="center", color=INK)
    axis.annotate("", (9.25, 2.5), (8.65, 2.5), arrowprops={"arrowstyle": "-|>", "color": INK})
    axis.text(9.35, 2.5, "head", ha="left", va="center", color=INK)
    return figure


def _block(axis: Axes, left: float, bottom: float, width: float, height: float, colour: str) -> None:
    axis.add_patch(
        FancyBboxPatch((left, bottom), width, height, boxstyle="round,pad=0.04", fc="white", ec=colour, lw=2)
    )


def seed_strip(scores: pd.DataFrame, systems: Sequence[str], label: str) -> Figure:
    """Draw one dot a seed and the mean of each system; `scores` has system, seed, value."""
    rows = scores[scores["system"].isin(systems)]
    figure, axis = plt.subplots(figsize=(7.6, 0.46 * len(systems) + 1.3))
    sns.stripplot(rows, x="value", y="system", order=systems, color=PALETTE[0], size=6, jitter=0.14, ax=axis)
    means = rows.groupby("system")["value"].mean().reindex(list(systems))
    axis.plot(means, range(len(systems)), "D", color=PALETTE[1], ms=8, label="mean over seeds")
    axis.set(xlabel=label, ylabel="")
    figure.legend(loc="outside upper center", frameon=False)
    return figure


def metric_bars(
    scores: pd.DataFrame, metrics: Mapping[str, str], systems: Sequence[str], label: str
) -> Figure:
    """Draw some metrics (name -> label) of some systems: mean over seeds, least to largest seed as a line."""
    rows = scores[scores["metric"].isin(list(metrics)) & scores["system"].isin(systems)]
    rows = rows.assign(metric=rows["metric"].map(metrics))
    figure, axis = plt.subplots(figsize=(7.6, 3.8))
    sns.barplot(
        rows, x="metric", y="value", hue="system", order=list(metrics.values()), hue_order=systems,
        errorbar=("pi", 100), err_kws={"linewidth": 1.2, "color": INK}, ax=axis,
    )  # fmt: skip
    axis.set(xlabel="", ylabel=label)
    sns.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, title=None)
    return figure


def fields_over(
    picture: NDArray[np.uint8], fields: Sequence[NDArray[np.float32]], titles: Sequence[str]
) -> Figure:
    """Draw effective receptive fields beside the picture that they belong to."""
    figure, axes = plt.subplots(1, len(fields) + 1, figsize=(7.6, 2.3))
    axes[0].imshow(picture, rasterized=True)
    axes[0].set_title("image", fontsize=10)
    for axis, field, title in zip(axes[1:], fields, titles, strict=True):
        axis.imshow(np.sqrt(field), cmap="cividis", vmin=0, vmax=1, rasterized=True)
        axis.set_title(title, fontsize=10)
    for axis in axes:
        axis.set(xticks=[], yticks=[])
        axis.grid(visible=False)
    return figure


def cost_bars(costs: pd.DataFrame) -> Figure:
    """Draw counted MACs beside the time of a training step; `costs` has system, MMAC, ms."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 0.4 * len(costs) + 1.2), sharey=True)
    places = np.arange(len(costs))[::-1]
    labels = ("counted MACs an image (millions)", "step (CPU ms an image)")
    for axis, column, label, colour in zip(axes, ("MMAC", "ms"), labels, PALETTE, strict=False):
        axis.barh(places, costs[column], color=colour, height=0.62)
        axis.set(xlabel=label, yticks=places, yticklabels=costs["system"])
    return figure
