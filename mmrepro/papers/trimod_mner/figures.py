"""The figures of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from mmrepro.display.diagram import arrow, block, canvas
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.trimod_mner.tweets import SPLITS, TYPES

if TYPE_CHECKING:
    import plotly.graph_objects as go


def type_bars(counts: pd.DataFrame) -> Figure:
    """Draw entities by type and split, one panel a data set."""
    names = list(counts["data set"].unique())
    figure, axes = plt.subplots(1, len(names), figsize=(8.4, 3.2), sharey=True, squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        rows = counts[counts["data set"] == name]
        sns.barplot(rows, x="type", y="entities", hue="split", order=TYPES, legend=False, ax=axis)
        axis.set(title=name, xlabel="", ylabel="entities")
    bars = [FancyBboxPatch((0, 0), 1, 1, color=colour) for colour in PALETTE[: len(SPLITS)]]
    figure.legend(bars, list(SPLITS), loc="outside upper center", ncols=3, frameon=False)
    return figure


def dumbbell(facts: pd.DataFrame) -> Figure:
    """Draw what strict and lenient counting make of the same gold tags.

    `facts` has the columns split, entities, strict and entities, lenient; `split` names the data set too.
    """
    figure, axis = plt.subplots(figsize=(7.6, 0.42 * len(facts) + 1.2))
    places = np.arange(len(facts))[::-1]
    excess = 100 * (facts["entities, lenient"] / facts["entities, strict"] - 1)
    axis.hlines(places, 0, excess, color=RULE, lw=2)
    axis.plot(np.zeros(len(facts)), places, "o", color=PALETTE[0], label="strict: begun by B-")
    axis.plot(excess, places, "D", color=PALETTE[1], label="lenient: a stray I- begins one too")
    for place, value, strict, lenient in zip(
        places, excess, facts["entities, strict"], facts["entities, lenient"], strict=True
    ):
        axis.annotate(f"{strict:,} → {lenient:,}", (value, place), xytext=(8, -4), textcoords="offset points",
                      fontsize="small")  # fmt: skip
    axis.set(yticks=places, yticklabels=facts["split"], xlabel="more entities than strict counting (%)")
    axis.set_xlim(-0.2, max(1.0, 1.35 * excess.max()))
    axis.set_ylim(-0.6, len(facts) - 0.4)
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def diagram() -> Figure:
    """Draw the tagger: three views, two gates, one CRF."""
    figure, axis = canvas(10, 4.4, (8.4, 3.6))
    columns = (
        ("words, letters", 0.2, PALETTE[0]),
        ("hashtag words", 3.5, PALETTE[1]),
        ("caption words", 6.8, PALETTE[2]),
    )
    for text, left, colour in columns:
        block(axis, (left, 0.1), (3.0, 0.56), text, colour, fontsize=10)
    block(axis, (0.2, 1.3), (3.0, 0.56), "encoder, Bi-GRU", PALETTE[0], fontsize=10)
    block(axis, (3.5, 1.3), (3.0, 0.56), "encoder, attention, gate", PALETTE[1], fontsize=10)
    block(axis, (6.8, 1.3), (3.0, 0.56), "encoder, attention, gate", PALETTE[2], fontsize=10)
    block(axis, (2.6, 2.5), (4.8, 0.56), "add and normalise", INK, fontsize=10)
    block(axis, (2.6, 3.6), (4.8, 0.56), "CRF: one tag a word", INK, fontsize=10)
    for start, end in (
        ((1.7, 0.72), (1.7, 1.22)), ((5.0, 0.72), (5.0, 1.22)), ((8.3, 0.72), (8.3, 1.22)),
        ((1.7, 1.96), (3.2, 2.44)), ((5.0, 1.96), (5.0, 2.44)), ((8.3, 1.96), (6.8, 2.44)),
        ((5.0, 3.16), (5.0, 3.54)),
    ):  # fmt: skip
        arrow(axis, start, end)
    return figure


def curves(ours: pd.DataFrame, published: pd.DataFrame, task: str) -> go.Figure:
    """Draw dev F1 by epoch: the published log and our systems, mean over seeds.

    Parameters
    ----------
    ours
        Histories with epoch (from 0), system, seed and dev_f1.
    published
        `published.load_curves`.
    """
    import plotly.graph_objects as go

    figure = go.Figure(layout={"height": 460})
    log = published[(published["dataset"] == task) & (published["split"] == "valid")]
    figure.add_scatter(
        x=log["epoch"].tolist(), y=log["f1"].round(2).tolist(), mode="lines+markers",
        name="UMT, published log", line={"color": INK, "width": 2},
    )  # fmt: skip
    means = ours.groupby(["system", "epoch"], sort=False)["dev_f1"].mean().round(2)
    for system, colour in zip(ours["system"].unique(), PALETTE, strict=False):
        values = means[system]
        figure.add_scatter(
            x=(values.index + 1).tolist(), y=values.tolist(), mode="lines+markers", name=system,
            line={"color": colour},
        )  # fmt: skip
    figure.update_layout(
        xaxis={"title": "epoch"},
        yaxis={"title": "dev F1 (%)"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        margin={"t": 90},
    )
    return figure


def seed_strip(differences: pd.DataFrame, noise: float, order: Sequence[str]) -> Figure:
    """Draw each seed's F1 less that of text alone, with the published log's epoch noise as a band."""
    figure, axis = plt.subplots(figsize=(7.6, 0.5 * len(order) + 1.6))
    axis.axvspan(-noise / 2, noise / 2, color=RULE, alpha=0.3, lw=0, label="epoch noise of the published log")
    axis.axvline(0, color=RULE, linestyle="--")
    rows = differences[differences["system"].isin(order)]
    sns.stripplot(
        rows, x="difference", y="system", order=order, color=PALETTE[0], size=6, jitter=0.12, ax=axis
    )
    means = rows.groupby("system")["difference"].mean().reindex(list(order))
    axis.plot(means, range(len(order)), "D", color=PALETTE[1], ms=8, label="mean over seeds")
    own = axis.get_legend()
    if own is not None:  # seaborn makes one of the band alone
        own.remove()
    axis.set(xlabel="test F1 less that of text alone, same seed (points)", ylabel="")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def metric_bars(scores: pd.DataFrame, metrics: Sequence[str], systems: Sequence[str], label: str) -> Figure:
    """Draw some metrics of some systems: mean over seeds, and the range from least to largest seed."""
    rows = scores[scores["metric"].isin(metrics) & scores["system"].isin(systems)]
    figure, axis = plt.subplots(figsize=(8.0, 3.8))
    sns.barplot(
        rows, x="metric", y="value", hue="system", order=metrics, hue_order=systems,
        errorbar=("pi", 100), err_kws={"linewidth": 1.2, "color": INK}, ax=axis,
    )  # fmt: skip
    axis.set(xlabel="", ylabel=label)
    sns.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, title=None)
    return figure


def attention_map(weights: np.ndarray, words: Sequence[str], memory: Sequence[str]) -> Figure:
    """Draw how much each word of a tweet looks at each word of its caption; rows add up to one."""
    figure, axis = plt.subplots(figsize=(7.6, 0.27 * len(words) + 1.6))
    sns.heatmap(
        weights, xticklabels=list(memory), yticklabels=list(words), cmap="cividis", vmin=0,
        cbar_kws={"label": "weight"}, ax=axis,
    )  # fmt: skip
    axis.set(xlabel="word of the caption", ylabel="word of the tweet")
    axis.tick_params(axis="x", rotation=45)
    axis.tick_params(axis="y", rotation=0)
    return figure


_KINDS = ("O", *TYPES)


def before_after(examples: Sequence[tuple[str, Sequence[str], Mapping[str, Sequence[str]]]]) -> go.Figure:
    """Draw tags of a tweet under several conditions as a coloured grid, with a menu of tweets.

    Words are rows, since a phone has room for many of them below each other, not beside each other.

    Parameters
    ----------
    examples
        Menu entry, masked words, and condition -> tags.
    """
    import plotly.graph_objects as go

    longest = max(len(words) for _, words, _ in examples)
    figure = go.Figure(layout={"height": 200 + 18 * longest})
    colours = ["#eef0f2", *PALETTE[:4]]
    steps = [[edge, colours[place]] for place in range(5) for edge in (place / 5, (place + 1) / 5)]
    axes, buttons = [], []
    for number, (entry, words, tags) in enumerate(examples):
        rows = list(zip(*tags.values(), strict=True))
        figure.add_heatmap(
            z=[[_KINDS.index(tag[2:] or "O") for tag in row] for row in rows],
            x=list(tags),
            y=list(range(len(words))),
            text=[["" if tag == "O" else tag for tag in row] for row in rows],
            customdata=[[word] * len(tags) for word in words],
            hovertemplate="%{customdata}: %{text}<extra>%{x}</extra>",
            zmin=-0.5, zmax=4.5, colorscale=steps, xgap=4, ygap=1, visible=number == 0,
            colorbar={"tickvals": list(range(5)), "ticktext": list(_KINDS), "thickness": 12,
                      "orientation": "h", "y": 0, "yanchor": "top"},
        )  # fmt: skip
        axes.append({"tickvals": list(range(len(words))), "ticktext": [_short(word) for word in words]})
        shown = {"visible": [other == number for other in range(len(examples))]}
        args = [shown, {f"yaxis.{name}": value for name, value in axes[-1].items()}]
        buttons.append({"label": entry, "method": "update", "args": args})
    conditions = list(examples[0][2])
    figure.update_layout(
        xaxis={"tickvals": conditions, "ticktext": [name.replace(" ", "<br>") for name in conditions],
               "side": "top", "tickangle": 0, "tickfont": {"size": 11}},
        updatemenus=[{"buttons": buttons, "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom",
                      "pad": {"b": 55}}],
        yaxis={"automargin": True, "autorange": "reversed", "zeroline": False, "tickfont": {"size": 12},
               **axes[0]},
        margin={"t": 110, "l": 10, "b": 60},
    )  # fmt: skip
    return figure


def _short(word: str, most: int = 14) -> str:
    return word if len(word) <= most else word[: most - 1] + "…"
