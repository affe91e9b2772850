"""The figures of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from mmrepro.display.diagram import block
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.hmg_emo.tracks import GENRES, Tracks

_KNOWN, _UNSEEN = PALETTE[0], PALETTE[1]


def schema() -> Figure:
    """Draw the graph: who is connected with what, and the edge that is asked about."""
    figure, axis = plt.subplots(figsize=(7.6, 3.4))
    axis.set(xlim=(-0.2, 10.2), ylim=(0, 4.2))
    axis.axis("off")
    users, items = [(2.6, 3.5), (2.6, 2.1), (2.6, 0.7)], [(7.4, 3.1), (7.4, 1.2)]
    arrow = {"arrowstyle": "-", "color": INK, "shrinkA": 34, "shrinkB": 34, "lw": 1.4}
    for user, item in ((0, 0), (1, 0), (1, 1)):
        axis.annotate("", users[user], items[item], arrowprops=arrow)
    asked = arrow | {"color": _UNSEEN, "ls": "--", "lw": 2.2}
    axis.annotate("", users[2], items[1], arrowprops=asked)
    axis.text(5.0, 0.42, "asked: what is felt here?", color=_UNSEEN, ha="center", fontsize=10)
    axis.text(5.0, 3.72, "told: calmness, tenderness", color=INK, ha="center", fontsize=10)
    axis.text(5.3, 1.95, "told: power", color=INK, ha="left", va="bottom", fontsize=10)
    for number, place in enumerate(users):
        _node(axis, place, f"user {number + 1}", PALETTE[0])
    for number, place in enumerate(items):
        _node(axis, place, f"song {number + 1}", PALETTE[2])
    thin = arrow | {"color": RULE, "lw": 1.0}
    for text, place, ends in (("language", (0.55, 2.1), users), ("genre", (9.45, 2.1), items)):
        for end in ends:
            axis.annotate("", place, end, arrowprops=thin)
        _node(axis, place, text, PALETTE[6])
    return figure


def _node(axis: Axes, place: tuple[float, float], text: str, colour: str) -> None:
    block(axis, (place[0] - 0.5, place[1] - 0.22), (1.0, 0.44), text, colour)


def degree_bars(users: NDArray[np.int64], items: NDArray[np.int64]) -> Figure:
    """Draw how many answers a listener profile gave and a song got."""
    figure, axes = plt.subplots(1, 2, figsize=(7.6, 2.9))
    for axis, values, who, colour in zip(
        axes, (users, items), ("listener profile", "song"), (PALETTE[0], PALETTE[2]), strict=True
    ):
        sns.histplot(values, bins=30, color=colour, ax=axis)
        axis.axvline(np.median(values), color=INK, linestyle="--", lw=1.2)
        axis.set(xlabel=f"answers a {who}", ylabel="count")
    return figure


def shares_by_genre(frame: pd.DataFrame, emotions: Sequence[str]) -> Figure:
    """Draw how often each emotion is ticked, by genre."""
    names = list(emotions)
    shares = 100 * frame.groupby("genre")[names].mean().reindex(list(GENRES))
    return _heat(shares.rename(columns=_spelled), "ticked (%)", 2.7)


def co_occurrence_map(shares: pd.DataFrame) -> Figure:
    """Draw how often the emotion of a column is ticked where that of the row is."""
    hidden = shares.mask(np.eye(len(shares), dtype=bool))
    return _heat(hidden.rename(index=_spelled, columns=_spelled), "also ticked (%)", 4.2)


def _heat(values: pd.DataFrame, label: str, height: float) -> Figure:
    figure, axis = plt.subplots(figsize=(7.6, height))
    sns.heatmap(
        values, annot=True, fmt=".0f", cmap="cividis", linewidths=0.5, annot_kws={"size": 9},
        cbar_kws={"label": label}, ax=axis,
    )  # fmt: skip
    axis.set(xlabel="", ylabel="")
    plt.setp(axis.get_xticklabels(), rotation=40, ha="right", rotation_mode="anchor")
    axis.tick_params(axis="y", rotation=0)
    return figure


def _spelled(name: str) -> str:
    return name.replace("_", " ")


def gallery(tracks: Tracks, each: int = 3) -> Figure:
    """Draw the mel images of some tracks of every genre: time to the right, pitch upwards."""
    figure, axes = plt.subplots(each, len(GENRES), figsize=(7.6, 1.75 * each))
    for column, genre in enumerate(GENRES):
        rows = np.flatnonzero(tracks.table["genre"] == genre)
        for line, row in enumerate(rows[:: max(1, len(rows) // each)][:each]):
            axis = axes[line, column]
            axis.imshow(tracks.images[row], cmap="cividis", aspect="auto", vmin=0, vmax=255)
            axis.set(xticks=[], yticks=[])
            axis.set_title(f"{genre} {tracks.table['track'][row]}", fontsize=9)
    return figure


def loss_curves(history: pd.DataFrame) -> Figure:
    """Draw the validation loss by epoch: mean over seeds that still train, one line a system."""
    figure, axis = plt.subplots(figsize=(7.6, 3.8))
    colours = [*PALETTE, "#882255", INK]
    sns.lineplot(
        history.assign(epoch=history["epoch"] + 1), x="epoch", y="validation_loss", hue="system",
        marker="o", markersize=4, errorbar=None,
        palette=colours[: history["system"].nunique()], ax=axis,
    )  # fmt: skip
    axis.set(xlabel="epoch", ylabel="validation loss (nats)")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    sns.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, title=None,
                    fontsize="small")  # fmt: skip
    return figure


def known_unseen(table: pd.DataFrame, metric: str, suffix: str) -> Figure:
    """Draw each system's metric for known and for unseen items: means as marks, seeds as dots."""
    order = (
        table[table["metric"] == metric].groupby("system")["value"].mean().sort_values(ascending=False).index
    )
    places = {system: place for place, system in enumerate(order)}
    figure, axis = plt.subplots(figsize=(7.6, 0.36 * len(order) + 1.3))
    kinds = (
        (metric, "known items", _KNOWN, "o"),
        (metric + suffix, "unseen items", _UNSEEN, "D"),
    )
    for name, label, colour, mark in kinds:
        rows = table[table["metric"] == name]
        axis.plot(
            rows["value"].to_numpy(),
            rows["system"].map(places).to_numpy(),
            ".",
            color=colour,
            alpha=0.35,
            ms=6,
        )
        means = rows.groupby("system")["value"].mean()
        axis.plot(
            means.to_numpy(),
            [places[str(system)] for system in means.index],
            mark,
            color=colour,
            label=label,
            ms=7,
        )
    axis.set(yticks=range(len(order)), yticklabels=list(order), xlabel=f"{metric} in the test (%)")
    axis.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def missing_lines(table: pd.DataFrame) -> Figure:
    """Draw mAP as a growing share of the songs lacks one modality, one panel a modality."""
    names = list(table["modality"].unique())
    figure, axes = plt.subplots(1, len(names), figsize=(7.6, 3.1), sharey=True, squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        rows = table[table["modality"] == name].assign(share=lambda frame: 100 * frame["share"])
        sns.lineplot(
            rows, x="share", y="mAP", hue="system", style="system", markers=True, dashes=False,
            errorbar=("pi", 100), legend=axis is axes[0, -1], ax=axis,
        )  # fmt: skip
        axis.set(title=f"without {name}", xlabel="songs that lack it (%)", ylabel="mAP in the test (%)")
    handles, labels = axes[0, -1].get_legend_handles_labels()
    axes[0, -1].get_legend().remove()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def gate_violins(
    gates: Mapping[int, NDArray[np.float32]], genres: Sequence[str], modalities: Sequence[str]
) -> Figure:
    """Draw the weights of the modalities by genre, all songs and seeds."""
    frames = [
        pd.DataFrame(weights, columns=list(modalities)).assign(group=list(genres))
        for weights in gates.values()
    ]
    rows = pd.concat(frames).melt("group", var_name="modality", value_name="weight")
    figure, axis = plt.subplots(figsize=(7.6, 3.4))
    sns.violinplot(
        rows, x="group", y="weight", hue="modality", cut=0, inner=None, density_norm="width", linewidth=0.8,
        order=list(dict.fromkeys(genres)), ax=axis,
    )  # fmt: skip
    axis.set(xlabel="", ylabel="weight in the fusion", ylim=(0, 1))
    sns.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, title=None)
    return figure


def emotion_dots(table: pd.DataFrame, base: Mapping[str, float]) -> Figure:
    """Draw the average precision of each emotion, and the share of answers that tick it."""
    order = sorted(base, key=lambda name: -base[name])
    figure, axis = plt.subplots(figsize=(7.6, 4.2))
    sns.pointplot(
        table, y="emotion", x="AP", hue="system", order=order, errorbar=("pi", 100), linestyle="none",
        dodge=0.4, err_kws={"linewidth": 1.2}, ax=axis,
    )  # fmt: skip
    axis.plot(
        [base[name] for name in order],
        range(len(order)),
        "|",
        color=INK,
        ms=16,
        mew=2,
        label="share of answers",
    )
    axis.set(xlabel="average precision in the test (%)", ylabel="")
    axis.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, frameon=False)
    return figure


def leak_bars(table: pd.DataFrame) -> Figure:
    """Draw, for each leak, the honest score and what the leak makes of it; a thin line a seed."""
    means = table.groupby("leak", sort=False)[["honest", "leaky"]].mean()
    places = {leak: place for place, leak in enumerate(means.index)}
    figure, axis = plt.subplots(figsize=(7.6, 0.6 * len(places) + 1.3))
    for leak, honest, leaky in zip(table["leak"], table["honest"], table["leaky"], strict=True):
        axis.plot([honest, leaky], [places[leak]] * 2, color=RULE, lw=1, alpha=0.5)
    axis.plot(means["honest"].to_numpy(), range(len(means)), "o", color=PALETTE[0], ms=8, label="honest")
    axis.plot(
        means["leaky"].to_numpy(), range(len(means)), "D", color=PALETTE[1], ms=8, label="with the leak"
    )
    reach = table.groupby("leak")[["honest", "leaky"]].max().max(axis=1)
    for leak, (honest, leaky) in means.iterrows():
        change = f"{leaky - honest:+.1f}".replace("-", "−")
        axis.annotate(change, (reach[str(leak)], places[str(leak)]), xytext=(9, -4),
                      textcoords="offset points", fontsize="small")  # fmt: skip
    axis.set(yticks=range(len(means)), yticklabels=list(means.index), xlabel="mAP in the test (%)")
    axis.set_xlim(right=axis.get_xlim()[1] + 6)
    axis.set_ylim(len(means) - 0.5, -0.5)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def growth_lines(table: pd.DataFrame) -> Figure:
    """Draw the memory that one training step keeps, by edges of the graph, on logarithmic axes."""
    figure, axis = plt.subplots(figsize=(7.6, 3.2))
    sns.lineplot(
        table, x="edges", y="MB", hue="messages", style="messages", markers=True, dashes=False, ms=9, ax=axis
    )
    axis.set(
        xscale="log", yscale="log", xlabel="edges of the generated graph", ylabel="kept for one step (MB)"
    )
    sizes = sorted(set(table["edges"]))
    axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    for scale in (axis.xaxis, axis.yaxis):
        scale.set_minor_formatter(NullFormatter())
    sns.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, title=None)
    return figure


def scene_bars(table: pd.DataFrame) -> Figure:
    """Draw the variance of film-scene ratings that each mean explains, a dot a split."""
    rows = table[(table["metric"] == "explained variance") & (table["system"] != "global mean")]
    figure, axis = plt.subplots(figsize=(7.6, 2.4))
    sns.barplot(rows, y="system", x="value", color=PALETTE[5], errorbar=None, ax=axis)
    sns.stripplot(rows, y="system", x="value", color=INK, size=4, ax=axis)
    axis.set(xlabel="explained variance of the rating in the test (%)", ylabel="")
    return figure
