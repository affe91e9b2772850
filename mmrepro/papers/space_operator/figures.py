"""The still figures of the game: its logs, the authors' runs, and agents that fly without learning."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.space_operator.bandit import ORBITAL_TICK
from mmrepro.papers.space_operator.logs import LoggedState
from mmrepro.papers.space_operator.picture import Picture
from mmrepro.papers.space_operator.published import NAIVE, TUNED, ZERO_SHOT
from mmrepro.papers.space_operator.replay import ReplayedMoment
from mmrepro.papers.space_operator.score import Approach, pursuit_score
from mmrepro.papers.space_operator.validation import read_times

KINDS = {NAIVE: ("D", PALETTE[6]), ZERO_SHOT: ("s", PALETTE[4]), TUNED: ("o", PALETTE[0])}
"""Marker and colour of each kind of published run."""
_FIELD = re.compile(r" (?=prograde|lady|guard|speed|approaching|receding)|(?<!lady)(?<!guard) (?=distance)")
_EVADERS = {"passive": "passive", "random bursts": "random", "evading": "heuristic"}
"""Scenario of `parts.SCENARIOS` -> column of the published table."""


def ticks(log: Sequence[LoggedState]) -> Figure:
    """Draw when the two craft of a real log were read, in ticks of the game's physics."""
    readings, times = read_times(log), np.array([state.time for state in log])
    figure, axis = plt.subplots(figsize=(7.6, 3.2))
    axis.step(times, [each.pursuer for each in readings], where="mid", color=RULE, lw=0.8)
    axis.plot(times, [each.pursuer for each in readings], "o", color=PALETTE[0], ms=8, label="pursuer")
    axis.plot(times, [each.evader for each in readings], ".", color=PALETTE[4], ms=7, label="evader")
    late = [(time, each.evader) for time, each in zip(times, readings, strict=True) if each.late]
    axis.plot(
        [time for time, _ in late], [level for _, level in late], "o", mfc="none", mec=PALETTE[1], mew=1.8,
        ms=13, label="evader read late",
    )  # fmt: skip
    axis.set(xlabel="mission time (s)", ylabel="ahead of two-body\nmotion (ticks of 20 ms)")
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.margins(y=0.2)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def replayed(moments: Sequence[ReplayedMoment]) -> Figure:
    """Draw the language model's flight, real and simulated, and below it what the real distance has more."""
    times = [each.time for each in moments]
    real, ours = (np.array([getattr(each, which)[0] for each in moments]) for which in ("real", "simulated"))
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(7.6, 4.4), sharex=True, height_ratios=(1.5, 1), layout="constrained"
    )
    above.plot(times, ours, "-", color=PALETTE[0], label="simulated")
    above.plot(times, real, "o", color=PALETTE[1], ms=4, label="real game")
    above.set(ylabel="distance (m)")
    above.legend(frameon=False)
    for level, told in ((0.0, "same tick"), (ORBITAL_TICK, "one tick apart")):
        below.axhline(level, color=RULE, ls="--", lw=1)
        below.annotate(
            told, (1, level), xycoords=("axes fraction", "data"), xytext=(-4, 3), textcoords="offset points",
            ha="right", fontsize=8.5, color=INK,
        )  # fmt: skip
    below.plot(times, real - ours, "o", color=PALETTE[1], ms=4)
    below.set(xlabel="mission time (s)", ylabel="real − simulated (m)")
    below.margins(x=0.12, y=0.2)
    return figure


def naive_bars(table: pd.DataFrame) -> Figure:
    """Draw `evaluation.naive_table`: what the game gave and what comes out here, a panel a quantity."""
    quantities, scenarios = list(dict.fromkeys(table["quantity"])), list(dict.fromkeys(table["scenario"]))
    figure, axes = plt.subplots(
        1, len(quantities), figsize=(8.6, 0.5 * len(scenarios) + 1.4), sharey=True, squeeze=False
    )
    figure.set_layout_engine("constrained", wspace=0.1)  # room between the panels' outermost ticks
    for axis, quantity in zip(axes[0], quantities, strict=True):
        part = table[table["quantity"] == quantity]
        places = [scenarios.index(each) for each in part["scenario"]]
        axis.hlines(places, part["real"], part["ours"], color=RULE, lw=2)
        axis.plot(part["real"], places, "D", color=PALETTE[1], ms=7, label="real game")
        axis.plot(part["ours"], places, "o", color=PALETTE[0], ms=6, label="simulated")
        axis.margins(x=0.15, y=0.15)
        axis.set(xlabel=f"{quantity} ({part['unit'].iloc[0]})", xlim=(0, None))
        axis.set_yticks(range(len(scenarios)), scenarios, fontsize=9)
    axes[0, 0].invert_yaxis()
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return figure


def prompts_beside_pictures(shown: Sequence[tuple[Picture, str]]) -> Figure:
    """Draw pictures in a row, each above the telemetry of the same moment."""
    figure, axes = plt.subplots(
        1, len(shown), figsize=(2.9 * len(shown), 3.7), squeeze=False,
        layout="compressed",  # else the square pictures push their last line of words off the paper
    )  # fmt: skip
    for axis, (picture, line) in zip(axes[0], shown, strict=True):
        axis.imshow(picture)
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        told = _FIELD.sub("\n", line)
        wrapped = "\n".join(textwrap.fill(each, 30) for each in told.split("\n"))
        axis.set_xlabel(wrapped, fontsize=9, family="monospace", linespacing=1.4)
    return figure


def score_surface(sheet: pd.DataFrame) -> Figure:
    """Draw contours of the score over distance and speed, and the authors' runs (`published.sheet`).

    Propellant and time of the contours are the medians of the runs.
    """
    figure, axis = plt.subplots(figsize=(7.6, 4.4))
    spent, late = sheet["propellant_kg"].median(), sheet["time"].median()
    fastest = 1.15 * sheet["speed"].max()
    distances = np.geomspace(0.7 * sheet["distance"].min(), 1.4 * sheet["distance"].max(), 160)
    speeds = np.linspace(0.0, fastest, 120)
    scores = np.array(
        [[pursuit_score(Approach(far, fast, spent, late)) for far in distances] for fast in speeds]
    )
    axis.set(xscale="log")  # before the contours, whose labels are placed on paper
    levels = [50, 100, 200, 400, 1000, 4000, 20_000]
    drawn = axis.contour(distances, speeds, scores, levels, colors=RULE, linewidths=1.2)
    for kind, (marker, colour) in KINDS.items():
        part = sheet[sheet["kind"] == kind]
        axis.plot(part["distance"], part["speed"], marker, color=colour, ms=7, alpha=0.85, label=kind)
    axis.set(xlabel="closest approach (m)", ylabel="speed there (m/s)", ylim=(0, fastest))
    places = _free_places(axis, drawn, sheet[["distance", "speed"]].to_numpy())
    axis.clabel(drawn, fmt=lambda level: f"{level:,.0f}", fontsize=8.5, colors=INK, manual=places)
    axis.grid(False)
    figure.legend(loc="outside upper center", ncols=len(KINDS), frameon=False)
    return figure


def _free_places(axis: Axes, lines: ContourSet, points: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return for each contour the place that is farthest from all points and edges, for its label."""
    paper = axis.transData + axis.transAxes.inverted()
    points, places = paper.transform(points), []
    whole = (np.concatenate(pieces) for pieces in lines.allsegs if pieces)
    for line in filter(len, whole):  # a level beyond the drawn scores has none, or one without a point
        shown = paper.transform(line)
        from_points = np.linalg.norm(shown[:, None] - points, axis=2).min(axis=1)
        from_edges = np.minimum(shown, 1 - shown).min(axis=1)
        x, y = line[np.minimum(from_points, from_edges).argmax()]
        places.append((float(x), float(y)))
    return places


def sheet_strip(sheet: pd.DataFrame) -> Figure:
    """Draw the score of every published run by scenario, one mark a run."""
    scenarios = sorted(sheet["scenario"].unique())
    figure, axis = plt.subplots(figsize=(7.6, 0.75 * len(scenarios) + 1.4))
    for lane, (kind, (marker, colour)) in enumerate(KINDS.items()):
        part = sheet[sheet["kind"] == kind]
        places = [scenarios.index(each) + 0.22 * (lane - 1) for each in part["scenario"]]
        axis.plot(part["score"], places, marker, color=colour, ms=7, alpha=0.75, label=kind)
    axis.set(xscale="log", xlabel="score (lower is better)")
    axis.set_yticks(range(len(scenarios)), scenarios)
    axis.set_ylim(len(scenarios) - 0.5, -0.5)
    figure.legend(loc="outside upper center", ncols=len(KINDS), frameon=False)
    return figure


def strip(axis: Axes, table: pd.DataFrame, value: str, row: str, order: Sequence[str], colour: str) -> None:
    """Draw a dot a line of the table, and the median of each row as a bar."""
    sns.stripplot(
        table, x=value, y=row, order=list(order), color=colour, alpha=0.6, size=4.5, jitter=0.2, ax=axis
    )
    middle = table.groupby(row)[value].median().reindex(list(order))
    axis.plot(middle, range(len(order)), "|", color=INK, ms=17, mew=2.4)
    axis.set(ylabel="")
    axis.grid(True, axis="x")


def agent_strip(table: pd.DataFrame, reported: pd.DataFrame | None = None) -> Figure:
    """Draw the true closest approach by agent (rows) and scenario (panels): a dot a start, a bar the median.

    Parameters
    ----------
    table
        `evaluation.agent_table`.
    reported
        `published.spacegym_table`: its means are hollow diamonds, where it has the agent and evader.
    """
    scenarios, agents = list(dict.fromkeys(table["scenario"])), list(dict.fromkeys(table["agent"]))
    figure, axes = plt.subplots(
        1, len(scenarios), figsize=(max(4.6, 3.3 * len(scenarios)), 0.42 * len(agents) + 1.5),
        sharey=True, sharex=True, squeeze=False,
    )  # fmt: skip
    for axis, name in zip(axes[0], scenarios, strict=True):
        strip(axis, table[table["scenario"] == name], "true", "agent", agents, PALETTE[0])
        evader = _EVADERS.get(name)
        if reported is not None and evader in reported:
            found = reported[evader].reindex(agents)
            axis.plot(found, range(len(agents)), "D", mfc="none", mec=PALETTE[1], mew=1.8, ms=9)
        axis.set(xscale="log", xlabel="closest approach (m)", title=name)
        axis.title.set_fontsize(10)
    return figure


def misread_plot(table: pd.DataFrame) -> Figure:
    """Draw `evaluation.misread`: what the game would report, start by start, and what was true."""
    exact, late = (table[table["late"] == which].set_index("start") for which in (False, True))
    order = exact["true"].sort_values().index
    places = np.arange(len(order))
    figure, axis = plt.subplots(figsize=(7.6, 3.6))
    marks: list[tuple[pd.Series, dict[str, Any]]] = [
        (exact["true"], {"marker": "_", "color": INK, "s": 130, "label": "true"}),
        (exact["sampled"], {"marker": "o", "color": PALETTE[0], "s": 28, "label": "sampled"}),
        (late["sampled"], {"marker": "x", "color": PALETTE[1], "s": 40, "label": "sampled, some read late"}),
    ]
    axis.vlines(places, exact["true"].reindex(order), late["sampled"].reindex(order), color=RULE, lw=0.9)
    for values, drawn in marks:
        axis.scatter(places, values.reindex(order), zorder=3, **drawn)
    axis.set(yscale="log", xlabel="start, from near to far", ylabel="closest approach (m)", xticks=[])
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter(NullFormatter())
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def raids_plot(table: pd.DataFrame, real: Mapping[str, float]) -> Figure:
    """Draw the scores of LBG1 (`bandit.raids`) by agent (rows) and guard (panels).

    Parameters
    ----------
    real
        Guard -> score of a run in the real game, drawn as a line in every panel.
    """
    guards, agents = list(dict.fromkeys(table["guard"])), list(dict.fromkeys(table["agent"]))
    figure, axes = plt.subplots(
        1, len(guards), figsize=(8.2, 0.5 * len(agents) + 1.7), sharex=True, sharey=True, squeeze=False
    )
    for axis, guard in zip(axes[0], guards, strict=True):
        strip(axis, table[table["guard"] == guard], "score", "agent", agents, PALETTE[0])
        for (other, score), colour in zip(real.items(), PALETTE[1:], strict=False):
            axis.axvline(score, color=colour, ls="--", label=f"real run, past {other}")
        axis.set(xscale="log", xlabel="score (lower is better)", title=f"guard {guard}")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return figure
