"""The stills of the chapter; each is drawn from what the run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mmrepro.display.diagram import arrow, block, canvas
from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.modeling.face_detector import LANDMARKS
from mmrepro.papers.cg_mer.kinect import HOLE_S, PHASES, Floats, Track
from mmrepro.papers.cg_mer.segment import gaps, run_lengths, stretches
from mmrepro.papers.cg_mer.votes import EMOTIONS, PANELS

PANEL_COLOURS = dict(zip(PANELS, PALETTE, strict=False))
PHASE_COLOURS = dict(zip(PHASES, ("#c9ced4", PALETTE[0], PALETTE[1], PALETTE[4], PALETTE[2]), strict=True))


def pipeline_diagram() -> Figure:
    """Draw the stages of the pipeline and the stand-in that each runs on."""
    stages = {
        "schema": "five tables",
        "segments": "Kinect phases,\nsyllables",
        "features": "speech, gesture,\nface",
        "annotation": "votes by voice,\nface, both",
        "baselines": "splits that leak,\nsplits that do not",
        "fusion": "panels joined",
        "power": "20 people drawn",
    }
    figure, axis = canvas(len(stages), 2, (7.6, 1.8))
    for place, (name, text) in enumerate(stages.items()):
        block(axis, (place + 0.07, 1.1), (0.78, 0.6), name, PALETTE[place % 6], fontsize=10)
        axis.text(place + 0.46, 0.82, text, ha="center", va="top", fontsize=8.5, color=INK)
        if place:
            arrow(axis, (place - 0.11, 1.4), (place + 0.03, 1.4))
    return figure


def timeline(track: Track, motion: Floats, until_s: float) -> Figure:
    """Draw a recording as ELAN does: a tier of phases, a tier of gesture units, and motion below.

    Parameters
    ----------
    motion
        Quantity of motion of every frame, in torso lengths.
    until_s
        Where the drawing ends.
    """
    phases = run_lengths(track.phases, track.times, track.pieces())
    units = run_lengths(np.where(track.phases == "Rest", "Rest", "unit"), track.times, track.pieces())
    figure, axes = plt.subplots(3, 1, figsize=(8.4, 3.7), sharex=True, height_ratios=(1, 1, 2.2))
    for axis, segments, name in (
        (axes[0], phases, "phase"),
        (axes[1], units[units["label"] == "unit"], "unit"),
    ):
        for start, end, label in stretches(segments[segments["start_s"] < until_s]):
            colour = PHASE_COLOURS.get(label, PALETTE[5])
            axis.broken_barh([(start, end - start)], (0, 1), color=colour, ec="white", lw=0.4)
        axis.set(yticks=[], ylabel=name)
        axis.yaxis.label.set(rotation=0, ha="right", va="center")
    for piece in np.unique(track.pieces()):
        rows = track.pieces() == piece
        axes[2].plot(track.times[rows], motion[rows], color=INK, lw=0.8)
    for start, end in gaps(phases, HOLE_S).to_numpy(float).tolist():
        for axis in axes:
            axis.axvspan(start, end, fc="none", ec=RULE, hatch="///", lw=0)
    axes[2].set(xlim=(0, until_s), xlabel="time (s)", ylabel="motion\n(torsos)", ylim=(0, None))
    bars = [Rectangle((0, 0), 1, 1, color=colour) for colour in PHASE_COLOURS.values()]
    figure.legend(bars, list(PHASES), loc="outside upper center", ncols=5, frameon=False)
    return figure


def speech_timeline(
    syllables: pd.DataFrame, times: Floats, pitch: Floats, energy: Floats, seconds: float
) -> Figure:
    """Draw one recording: syllables above, then pitch and energy, and where the sound ends."""
    figure, axes = plt.subplots(3, 1, figsize=(8.4, 3.4), sharex=True, height_ratios=(1.6, 1.6, 1.6))
    for number, (start, end, label) in enumerate(stretches(syllables)):
        colour = PALETTE[0] if number % 2 else PALETTE[5]
        axes[0].broken_barh([(start, end - start)], (0, 1), color=colour, alpha=0.35)
        axes[0].text(
            (start + end) / 2, 0.5, label, ha="center", va="center", fontsize=8.5, rotation=90, clip_on=True
        )
    axes[0].set(yticks=[], ylabel="syllable")
    axes[1].plot(times[: len(pitch)], pitch, ".", color=PALETTE[1], ms=3)
    axes[1].set(ylabel="pitch (Hz)")
    axes[2].plot(times[: len(energy)], energy, color=PALETTE[2])
    axes[2].set(ylabel="energy", xlabel="time (s)", ylim=(0, None))
    for axis in axes:
        axis.axvline(seconds, color=INK, ls="--", lw=1)
    axes[1].annotate(
        "sound ends", (seconds, 1), xycoords=("data", "axes fraction"), xytext=(4, -12),
        textcoords="offset points", fontsize="small",
    )  # fmt: skip
    return figure


def age_pyramid(people: pd.DataFrame) -> Figure:
    """Draw how many women and men there are by age."""
    edges = np.arange(20, 81, 5)
    figure, axis = plt.subplots(figsize=(6.4, 3.6))
    for sex, sign, colour in (("F", -1, PALETTE[1]), ("M", 1, PALETTE[0])):
        counts, _ = np.histogram(people.loc[people["sex"] == sex, "age"], edges)
        name = {"F": "women", "M": "men"}[sex]
        axis.barh(edges[:-1] + 2.5, sign * counts, height=4.4, color=colour, label=f"{name}: {counts.sum()}")
    reach = max(abs(limit) for limit in axis.get_xlim())
    axis.set(xlim=(-reach, reach), ylabel="age (years)", xlabel="people")
    axis.xaxis.set_major_formatter(lambda value, _: f"{abs(value):.0f}")
    axis.legend(frameon=False, loc="upper right")
    return figure


def level_counts(clips: pd.DataFrame, intended: np.ndarray) -> Figure:
    """Draw clips by intended emotion and by the level the actor was asked for."""
    levels = {"LO": "low", "MD": "medium", "HI": "high", "XX": "not told"}
    named = clips["level"].map(levels).fillna("other")
    table = pd.crosstab(np.array(EMOTIONS)[intended], named)
    table = table.reindex(columns=[name for name in [*levels.values(), "other"] if name in table])
    figure, axis = plt.subplots(figsize=(6.4, 3.2))
    sns.heatmap(table, annot=True, fmt="d", cmap="Blues", cbar=False, norm="log", ax=axis)
    axis.set(xlabel="level asked for", ylabel="")
    return figure


def phase_shares(segments: pd.DataFrame) -> Figure:
    """Draw what share of each recording each phase takes, and how long its segments last."""
    frame = segments.assign(
        session=segments["stream"].str.split(".").str[0], seconds=segments["end_s"] - segments["start_s"]
    )
    total = frame.pivot_table(index="session", columns="label", values="seconds", aggfunc="sum", fill_value=0)
    share = 100 * total.div(total.sum(axis=1), axis=0).reindex(columns=list(PHASES), fill_value=0)
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.6), width_ratios=(1.2, 1))
    left = np.zeros(len(share))
    for phase in PHASES:
        axes[0].barh(share.index, share[phase], left=left, color=PHASE_COLOURS[phase], label=phase)
        left += share[phase].to_numpy()
    axes[0].set(xlabel="share of labelled time (%)", ylabel="recording", xlim=(0, 100))
    axes[0].invert_yaxis()
    sns.boxplot(
        frame, x="seconds", y="label", order=PHASES, hue="label", palette=PHASE_COLOURS, legend=False,
        fliersize=2, log_scale=True, ax=axes[1],
    )  # fmt: skip
    axes[1].set(xlabel="length of a segment (s)", ylabel="")
    figure.legend(loc="outside upper center", ncols=5, frameon=False)
    return figure


def selection(perception: pd.DataFrame, kept: Sequence[str]) -> Figure:
    """Draw how well listeners recognised all recordings, and those that were kept."""
    frame = perception.assign(kept=np.where(perception["name"].isin(set(kept)), "kept", "left out"))
    figure, axis = plt.subplots(figsize=(6.4, 3.2))
    sns.histplot(
        frame, x="recognised", hue="kept", hue_order=["kept", "left out"], multiple="stack",
        bins=np.arange(-2.5, 107.5, 5).tolist(), palette=list(PALETTE[:2]), ax=axis,
    )  # fmt: skip
    axis.set(xlabel="listeners who recognised the emotion (%)", ylabel="recordings", xlim=(-3, 103))
    sns.move_legend(axis, "upper left", title=None, frameon=False)
    return figure


def panel_points(table: pd.DataFrame) -> Figure:
    """Draw recognition and alpha of each panel with their intervals, side by side.

    `table` has the columns panel, metric, value, low and high.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8.0, 2.5), sharey=True)
    for axis, (metric, unit) in zip(axes, (("recognition", " (%)"), ("alpha", "")), strict=True):
        rows = table[table["metric"] == metric].set_index("panel").loc[list(PANELS)]
        places = np.arange(len(rows))
        axis.hlines(places, rows["low"], rows["high"], lw=5, color=PALETTE[5])
        axis.plot(rows["value"], places, "d", color=PALETTE[1])
        axis.set(yticks=places, yticklabels=PANELS, xlabel=f"{metric}{unit}", ylim=(-0.6, len(rows) - 0.4))
        axis.invert_yaxis()
    return figure


def emotion_dots(table: pd.DataFrame) -> Figure:
    """Draw recognition and agreeing pairs by intended emotion and panel."""
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.3), sharey=True)
    for axis, column in zip(axes, ("recognition (%)", "agreeing pairs (%)"), strict=True):
        wide = table.pivot_table(index="emotion", columns="panel", values=column).reindex(
            index=list(EMOTIONS)
        )
        places = np.arange(len(wide))
        axis.hlines(places, wide.min(axis=1), wide.max(axis=1), color=RULE, lw=1)
        # Smaller and smaller, so that equal values show around each other.
        for panel, marker, size in zip(PANELS, "osd", (9, 6.5, 5), strict=True):
            label = panel if axis is axes[0] else None
            axis.plot(wide[panel], places, marker, color=PANEL_COLOURS[panel], ms=size, label=label)
        axis.set(yticks=places, yticklabels=wide.index, xlabel=column, xlim=(0, 100))
    axes[0].invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def entropy_curves(entropies: Mapping[str, Floats]) -> Figure:
    """Draw what share of clips has votes with at most so much entropy; 0 bits when all agree."""
    figure, axis = plt.subplots(figsize=(7.0, 3.0))
    for panel, values in entropies.items():
        axis.ecdf(values, lw=2, color=PANEL_COLOURS[panel], label=panel)
    axis.set(xlabel="entropy of the votes on a clip (bits)", ylabel="share of clips\nwith at most that")
    axis.set(xlim=(-0.03, np.log2(len(EMOTIONS))), ylim=(0, 1.02))
    axis.legend(frameon=False, loc="lower right")
    return figure


def rater_curves(table: pd.DataFrame) -> Figure:
    """Draw alpha, and how often the majority is right, against the number of raters."""
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2))
    for axis, column in zip(axes, ("alpha", "majority"), strict=True):
        for panel, rows in table.groupby("panel", sort=False):
            each = rows.groupby("raters")[column]
            colour = PANEL_COLOURS[str(panel)]
            axis.plot(each.mean().index, each.mean(), "o-", color=colour, ms=4, label=panel)
            axis.fill_between(each.mean().index, each.min(), each.max(), color=colour, alpha=0.2, lw=0)
        axis.set(xlabel="raters a clip")
    axes[0].set(ylabel="alpha", ylim=(0, None))
    axes[1].set(ylabel="majority names the\nintended emotion (%)", ylim=(0, 100))
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=3, frameon=False)
    return figure


def face_track(image: NDArray[np.uint8], faces: pd.DataFrame, times: Floats) -> Figure:
    """Draw the first face that was found, and how the face moves through the clip.

    Parameters
    ----------
    image
        The frame of the first row of `faces`, RGB, shape (height, width, 3).
    faces
        `find_faces`.
    times
        Of every frame in seconds, shape (frames,).
    """
    first = faces.iloc[0]
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.0), width_ratios=(1.2, 1))
    left.imshow(image)
    width, height = first["right"] - first["left"], first["bottom"] - first["top"]
    left.add_patch(Rectangle((first["left"], first["top"]), width, height, fc="none", ec=PALETTE[4], lw=2))
    points = [(first[f"{name} x"], first[f"{name} y"]) for name in LANDMARKS]
    left.scatter(*zip(*points, strict=True), s=14, color=PALETTE[5])
    left.axis("off")
    seconds = times[faces["frame"]]
    right.plot(seconds, faces["nose x"], "o-", color=PALETTE[0], label="nose, from the left")
    right.plot(seconds, faces["bottom"] - faces["top"], "s-", color=PALETTE[1], label="height of the box")
    right.set(xlabel="time (s)", ylabel="pixels", ylim=(0, None))
    right.legend(frameon=False, fontsize="small")
    return figure
