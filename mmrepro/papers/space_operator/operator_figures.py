"""The still figures of the operators: how they learn, fly, look, and wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from mmrepro.display.diagram import arrow, block, canvas
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.space_operator import arms
from mmrepro.papers.space_operator.occlusion import occlusion
from mmrepro.papers.space_operator.policy import Operator
from mmrepro.papers.space_operator.prompt import LANGUAGE
from mmrepro.papers.space_operator.teacher import Decisions

ORDER = (
    arms.TEXT, arms.PICTURE, arms.BOTH, arms.BLANKED, arms.SHUFFLED, arms.MORE, arms.CORRECTED,
    arms.SLOW, arms.TEACHER,
)  # fmt: skip
"""Systems from top to bottom."""
_AXES = ("forward", "right", "down")


def _present(systems: Iterable[Any]) -> list[str]:
    """Sort systems as in `ORDER`; others come last, as they are met."""
    found = list(dict.fromkeys(map(str, systems)))
    return [each for each in ORDER if each in found] + [each for each in found if each not in ORDER]


def _rows(axis: Axes, names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), [name.replace(" + ", " +\n") for name in names], fontsize=9)
    axis.set_ylim(len(names) - 0.5, -0.5)


def _by_seed(axis: Axes, values: pd.DataFrame, column: str, systems: Sequence[str]) -> None:
    """Draw a dot a seed and a diamond for their mean; the teacher in grey."""
    for place, system in enumerate(systems):
        part = values.loc[values["system"] == system, column]
        colour = PALETTE[6] if system == arms.TEACHER else PALETTE[5]
        axis.plot(part, [place] * len(part), "o", color=colour, ms=6, alpha=0.8)
        axis.plot(part.mean(), place, "D", color=colour if system == arms.TEACHER else PALETTE[1], ms=7)
    _rows(axis, systems)


def system_strip(flights: pd.DataFrame, evader: str = "passive") -> Figure:
    """Draw the score of each system by seed, mean over starts, a panel for where flights start from.

    Parameters
    ----------
    flights
        `runs.SeedRun.flights` of all seeds.
    """
    flown = flights[flights["evader"] == evader]
    means = flown.groupby(["system", "seed", "place"], sort=False)["log10 score"].mean().reset_index()
    systems, places = _present(means["system"]), list(dict.fromkeys(means["place"]))
    figure, axes = plt.subplots(
        1, len(places), figsize=(8.4, 0.47 * len(systems) + 1.3), sharey=True, sharex=True, squeeze=False
    )
    for axis, place in zip(axes[0], places, strict=True):
        part = means[means["place"] == place]
        teacher = part.loc[part["system"] == arms.TEACHER, "log10 score"]
        if len(teacher):
            axis.axvline(teacher.mean(), color=RULE, ls="--")
        _by_seed(axis, part, "log10 score", systems)
        axis.set(xlabel="log10 score (lower is better)", title=place)
    return figure


def agreement_strip(agreed: pd.DataFrame) -> Figure:
    """Draw how often each operator says what the teacher would, by seed, and what saying one thing gives.

    Parameters
    ----------
    agreed
        Rows of `runs.SeedRun.replies` whose metric is agreement, of all seeds.
    """
    systems = [each for each in _present(agreed["system"]) if each != arms.COMMON]
    figure, axis = plt.subplots(figsize=(7.6, 0.45 * len(systems) + 1.4))
    floor = agreed.loc[agreed["system"] == arms.COMMON, "value"]
    axis.axvline(floor.mean(), color=INK, ls="--", label=arms.COMMON)
    _by_seed(axis, agreed, "value", systems)
    axis.set(xlabel="replies as the teacher's (%)", xlim=(0, 100))
    figure.legend(loc="outside upper center", frameon=False)
    return figure


def agreement_against_score(agreed: pd.DataFrame, flights: pd.DataFrame) -> Figure:
    """Draw agreement on held-out moments against the score of flights, a dot a system and seed."""
    flown = flights[flights["evader"] == "passive"]
    scores = flown.groupby(["system", "seed"])["log10 score"].mean()
    both = agreed.set_index(["system", "seed"])[["value"]].join(scores, how="inner").reset_index()
    figure, axis = plt.subplots(figsize=(7.6, 3.8))
    for number, system in enumerate(_present(both["system"])):
        part = both[both["system"] == system]
        axis.plot(
            part["value"], part["log10 score"], "os^Dv"[number % 5], color=PALETTE[number % len(PALETTE)],
            ms=8, alpha=0.85, label=system,
        )  # fmt: skip
    axis.set(xlabel="replies as the teacher's (%)", ylabel="log10 score\n(lower is better)")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return figure


def confusion(operator: Operator, held: Decisions) -> Figure:
    """Draw what an operator says (columns) where the teacher says otherwise (rows), in % of a row."""
    said = operator.reply(held.pictures, held.lines)
    figure, axes = plt.subplots(1, 3, figsize=(8.6, 3.2))
    for number, (axis, words) in enumerate(zip(axes, LANGUAGE, strict=True)):
        told, replied = (
            pd.Categorical([each.split()[number] for each in replies], words)
            for replies in (held.replies, said)
        )
        counts = pd.crosstab(told, replied, dropna=False).reindex(index=words, columns=words, fill_value=0)
        shares = 100 * counts.div(counts.sum(axis=1).replace(0, np.nan), axis=0)  # blank if never told
        sns.heatmap(
            shares, annot=True, fmt=".0f", cmap="Blues", vmin=0, vmax=100,
            cbar=False, square=True, ax=axis,
        )  # fmt: skip
        axis.set(title=_AXES[number], xlabel="operator", ylabel="teacher" if number == 0 else "")
        axis.tick_params(length=0, labelsize=9)
        axis.grid(False)
    return figure


def occlusion_map(
    operator: Operator, decisions: Decisions, chosen: Sequence[int], *, patch: int = 16, stride: int = 8
) -> Figure:
    """Draw pictures, and where covering them makes the operator's reply less likely or another one."""
    figure, axes = plt.subplots(2, len(chosen), figsize=(2.8 * len(chosen), 5.6), squeeze=False)
    found = [
        occlusion(operator, decisions.pictures[row], decisions.lines[row], patch=patch, stride=stride)
        for row in chosen
    ]
    most = max(0.1, *(float(np.abs(each.loss).max()) for each in found))
    shown = None
    for (above, below), row, each in zip(axes.T, chosen, found, strict=True):
        size = len(decisions.pictures[row])
        above.imshow(decisions.pictures[row])
        below.imshow(decisions.pictures[row].mean(-1), cmap="gray", vmin=0, vmax=400)
        shown = below.imshow(each.loss, extent=each.extent, cmap="RdBu_r", vmin=-most, vmax=most, alpha=0.7)
        if each.changed.any() and not each.changed.all():
            edge = {"extent": each.extent, "origin": "upper", "levels": [0.5], "colors": INK}
            below.contour(each.changed.astype(float), linewidths=1.8, **edge)
        above.set_title(each.reply, fontsize=10)
        for axis in (above, below):
            axis.set(xticks=[], yticks=[], xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
            axis.grid(False)
    if shown is not None:
        told = "log-probability that covering takes from the reply (nats)"
        figure.colorbar(shown, ax=list(axes[1]), orientation="horizontal", label=told, aspect=40)
    return figure


def latency_curves(table: pd.DataFrame, marked: Sequence[float]) -> Figure:
    """Draw the score by reply time (`latency.sweep`): medians and middle halves over starts.

    Parameters
    ----------
    marked
        Reply times of the authors' agent, in s.
    """
    figure, axis = plt.subplots(figsize=(7.6, 3.8))
    for colour, (waiting, part) in zip(PALETTE[1::-1], table.groupby("waiting"), strict=False):
        times = sorted(part["reply_time"].unique())
        scores = [part.loc[part["reply_time"] == time, "score"] for time in times]
        low, middle, high = np.transpose([np.quantile(each, (0.25, 0.5, 0.75)) for each in scores])
        axis.fill_between(times, low, high, color=colour, alpha=0.18, lw=0)
        axis.plot(times, middle, "o-", color=colour, label=str(waiting))
    told = f"the authors' agent, {min(marked):.2f} to {max(marked):.2f} s"
    axis.axvspan(min(marked), max(marked), color=INK, alpha=0.55, label=told)
    axis.set(yscale="log", xlabel="reply time (s)", ylabel="score (lower is better)")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_minor_formatter(NullFormatter())
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def malformed_curve(table: pd.DataFrame, marked: float) -> Figure:
    """Draw the score by share of malformed replies (`evaluation.malformed_table`), a dot a start.

    Parameters
    ----------
    marked
        Share in the authors' log.
    """
    figure, axis = plt.subplots(figsize=(7.6, 3.6))
    shares = 100 * table["share"]
    axis.plot(shares, table["log10 score"], "o", color=PALETTE[5], ms=5, alpha=0.55)
    middle = table.groupby("share")["log10 score"].median()
    axis.plot(100 * middle.index, middle, "D-", color=PALETTE[1], ms=6, label="median")
    axis.axvline(100 * marked, color=INK, ls="--", label=f"the authors' log, {100 * marked:g} %")
    axis.set(xlabel="malformed replies (%)", ylabel="log10 score\n(lower is better)")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def diagram() -> Figure:
    """Draw the operator in its loop: what it is given, what it says, and what goes on meanwhile."""
    figure, axis = canvas(10.8, 5.2, (7.6, 3.7))
    boxes: Mapping[str, tuple[float, float, str]] = {
        "picture": (0.6, 3.9, PALETTE[0]),
        "eye\n(frozen)": (2.7, 3.9, PALETTE[6]),
        "projector": (4.8, 3.9, PALETTE[0]),
        "telemetry": (0.6, 2.3, PALETTE[4]),
        "words": (2.7, 2.3, PALETTE[4]),
        "decoder": (6.8, 3.1, PALETTE[2]),
        "three\nwords": (9.0, 3.1, PALETTE[2]),
        "burn of\n0.5 s": (9.0, 0.5, PALETTE[1]),
        "flight": (0.6, 0.5, PALETTE[1]),
    }
    for text, (left, bottom, colour) in boxes.items():
        block(axis, (left, bottom), (1.6, 0.9), text, colour)
    for start, end in (
        ((2.28, 4.35), (2.62, 4.35)), ((4.38, 4.35), (4.72, 4.35)), ((2.28, 2.75), (2.62, 2.75)),
        ((6.48, 4.35), (7.1, 4.08)), ((4.38, 2.75), (6.72, 3.4)), ((8.48, 3.55), (8.92, 3.55)),
        ((9.8, 3.02), (9.8, 1.48)), ((8.92, 0.95), (2.3, 0.95)), ((0.15, 4.35), (0.52, 4.35)),
        ((0.15, 2.75), (0.52, 2.75)),
    ):  # fmt: skip
        arrow(axis, start, end)
    axis.plot([0.52, 0.15, 0.15], [0.95, 0.95, 4.35], color=INK, lw=1)
    axis.text(5.6, 1.1, "the craft flies on meanwhile", ha="center", fontsize=9.5, style="italic", color=INK)
    return figure


def reading_errors_plot(errors: pd.DataFrame) -> Figure:
    """Draw how far off the eye reads (`eye.reading_errors`): shares of pictures within each error."""
    told = {
        "sideways": "marker\n(share of the ball's radius)",
        "distance": "distance\n(%)",
        "speed": "speed\n(%)",
    }
    figure, axes = plt.subplots(1, 3, figsize=(8.6, 3.0), sharey=True)
    figure.set_layout_engine("constrained", wspace=0.06)  # room between the panels' outermost ticks
    for axis, (column, label) in zip(axes, told.items(), strict=True):
        values = np.sort(errors[column].to_numpy(float))
        axis.plot(values, 100 * np.arange(1, len(values) + 1) / len(values), color=PALETTE[0], lw=2)
        axis.plot(np.median(values), 50, "D", color=PALETTE[1])
        axis.set(xscale="log", xlabel=f"error of the {label}", ylim=(0, 100))
        axis.xaxis.label.set_fontsize(9.5)
    axes[0].set(ylabel="pictures within (%)")
    wrong = 100 * errors["behind"].mean()
    figure.suptitle(f"ahead and behind mixed up: {wrong:.1f} % of pictures", fontsize=10)
    return figure


def loss_curves(history: pd.DataFrame) -> Figure:
    """Draw the loss by epoch: a thin line a seed, a thick one their mean, one colour an operator."""
    figure, axis = plt.subplots(figsize=(7.6, 3.4))
    for number, system in enumerate(_present(history["system"])):
        part = history[history["system"] == system].assign(epoch=lambda rows: rows["epoch"] + 1)
        colour = PALETTE[number % len(PALETTE)]
        for _, run in part.groupby("seed"):
            axis.plot(run["epoch"], run["loss"], "-", marker=".", color=colour, lw=0.8, alpha=0.5)
        means = part.groupby("epoch")["loss"].mean()
        axis.plot(means.index, means, "o-", color=colour, lw=2.4, ms=5, label=system)
    axis.set(xlabel="epoch", ylabel="loss (nats a word)", ylim=(0, 1.08 * history["loss"].max()))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.legend(frameon=False)
    return figure
