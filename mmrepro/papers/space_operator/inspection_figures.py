"""The figures of the inspection stand-in; each is drawn from what the run measured or drew."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from mmrepro.display.style import INK, PALETTE, RULE
from mmrepro.papers.space_operator.camera import SIZE, draw
from mmrepro.papers.space_operator.defects import BLOCK_ALONE, SHUFFLED
from mmrepro.papers.space_operator.inspector import BLANK, MAJORITY, TESTS, TRAINED
from mmrepro.papers.space_operator.satellite import FAULTS, Scene
from mmrepro.papers.space_operator.sightings import ANSWERS, Pictures
from mmrepro.papers.space_operator.solar import MODULE, Cells


def cell_gallery(cells: Cells, columns: int = 8) -> Figure:
    """Draw sound cells above and defective ones below, from blocks as far apart as there are."""
    figure, axes = plt.subplots(2, columns, figsize=(7.6, 2.3), squeeze=False)
    for row, (wanted, name) in enumerate(((False, "sound"), (True, "defective"))):
        found = np.flatnonzero(cells.decided().defective == wanted)
        chosen = found[np.linspace(0, len(found) - 1, min(columns, len(found))).astype(int)]
        for axis in axes[row]:
            axis.axis("off")
        for axis, cell in zip(axes[row], chosen.tolist(), strict=False):
            axis.imshow(cells.decided().images[cell], cmap="gray", vmin=0, vmax=255, rasterized=True)
            axis.set_title(f"block {cells.decided().blocks[cell] + 1}", fontsize=7.5, pad=2)
        axes[row][0].text(-0.12, 0.5, name, rotation=90, ha="right", va="center", fontsize="small",
                          transform=axes[row][0].transAxes)  # fmt: skip
    return figure


def fault_gallery(size: int = 2 * SIZE) -> Figure:
    """Draw each fault (columns) with either panel, under three poses and suns (rows), without noise."""
    poses = (
        {"yaw": 0.25, "roll": 0.2, "sun": (0.0, 0.6, 0.8)},
        {"pitch": 1.3, "yaw": -0.4, "drive": -1.3, "roll": -0.15, "sun": (-0.64, 0.0, 0.768375)},
        {"pitch": 3.5, "yaw": 0.4, "drive": -3.3, "sun": (0.9, 0.0, 0.435890)},
    )
    figure, axes = plt.subplots(len(poses), len(FAULTS), figsize=(7.6, 4.7))
    for row, pose in enumerate(poses):
        for axis, fault in zip(axes[row], FAULTS, strict=True):
            side = "neither" if fault == "none" else ("right", "left")[row % 2]
            scene = Scene(**pose, fault=fault, side=side, detail=row)  # type: ignore[arg-type]
            axis.imshow(draw(scene, size), rasterized=True)
            axis.axis("off")
            axis.set_title(f"{fault}, {side}" if fault != "none" else fault, fontsize=9)
            axis.text(0.5, 0.03, f"face: {scene.face}", color="white", fontsize=7.5, ha="center",
                      transform=axis.transAxes)  # fmt: skip
    return figure


def condition_gallery(drawn: dict[str, Pictures], columns: int = 7) -> Figure:
    """Draw the first pictures of each set (rows) as the network sees them."""
    figure, axes = plt.subplots(len(drawn), columns, figsize=(7.6, 1.2 * len(drawn)), squeeze=False)
    for row, (name, pictures) in zip(axes, drawn.items(), strict=True):
        for axis, image in zip(row, pictures.images, strict=False):
            axis.imshow(image, rasterized=True)
            axis.axis("off")
        row[0].text(-0.08, 0.5, name.replace(" ", "\n"), ha="right", va="center", fontsize="small",
                    transform=row[0].transAxes)  # fmt: skip
    return figure


def fold_pairs(rows: pd.DataFrame) -> Figure:
    """Draw the AUC by kind of folds, over two kinds of pairs: a line a seed, a diamond for the mean.

    Parameters
    ----------
    rows
        Table of system, seed, metric, value, as `defects.judge_seed` gives it.
    """
    metrics = {"AUC": "all pairs of a fold", "AUC within blocks": "pairs of one block"}
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.5), sharey=True)
    for axis, (metric, title) in zip(axes, metrics.items(), strict=True):
        table = rows[rows["metric"] == metric].pivot(index="seed", columns="system", values="value")
        shown = table[["random folds", SHUFFLED, "grouped folds"]]
        for values in shown.to_numpy():
            axis.plot([0, 1, 2], values, "o-", color=PALETTE[0], alpha=0.45, ms=5, lw=1)
        axis.plot([0, 1, 2], shown.mean(), "D", color=PALETTE[1], ms=8, label="mean over seeds")
        if BLOCK_ALONE in table:
            known = table[BLOCK_ALONE].mean()
            axis.axhline(
                known, color=PALETTE[2], ls="--", lw=1.4, label="block alone, no image,\nrandom folds"
            )
        axis.axhline(0.5, color=RULE, ls=":", label="chance")
        axis.set(xlim=(-0.4, 2.4), xticks=[0, 1, 2], title=title)
        axis.set_xticklabels(
            ["random\nfolds", "folds of\nshuffled blocks", "folds of\nwhole blocks"], fontsize="small"
        )
    axes[0].set(ylabel="AUC (defective against sound)", ylim=(0.45, 1))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False,
                  fontsize="small")  # fmt: skip
    return figure


def question_dots(rows: pd.DataFrame) -> Figure:
    """Draw the accuracy of each question by test: a dot a seed and network, a line across for the floors."""
    figure, axes = plt.subplots(1, len(ANSWERS), figsize=(7.6, 3.3), sharey=True)
    for axis, question in zip(axes, ANSWERS, strict=True):
        found = rows[rows["metric"] == question]
        for place, (network, colour) in enumerate(zip(TRAINED, PALETTE, strict=False)):
            shift = 0.36 * (place - 0.5)
            for column, test in enumerate(TESTS):
                values = found.loc[found["system"] == f"{network}, {test}", "value"]
                axis.plot([column + shift] * len(values), values, "o", color=colour, ms=5, alpha=0.6,
                          label=f"trained {network}" if column == 0 else None)  # fmt: skip
                axis.plot(column + shift, values.mean(), "_", color=colour, ms=15, mew=2.5)
        for system, style in ((MAJORITY, "--"), (BLANK, ":")):
            mean = found.loc[found["system"] == system, "value"].mean()
            axis.axhline(mean, color=INK, ls=style, lw=1.1, label=system.removeprefix("narrow, "))
        axis.set(title=question, xticks=range(len(TESTS)), xlim=(-0.5, len(TESTS) - 0.5), ylim=(0, 103))
        axis.set_xticklabels([name.replace(" ", "\n") for name in TESTS], fontsize="small")
    axes[0].set_ylabel("right answers (%)")
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=4,
        frameon=False,
        fontsize="small",
    )
    return figure


def confusion_map(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw answers (columns) by what is right (rows) in %, a panel a system; see `inspector.confusion`."""
    figure, axes = plt.subplots(1, len(tables), figsize=(7.6, 3.6), sharey=True, squeeze=False)
    for axis, (name, table) in zip(axes[0], tables.items(), strict=True):
        sns.heatmap(table, annot=True, fmt=".0f", cmap="Blues", vmin=0, vmax=100, cbar=False, linewidths=1,
                    square=True, ax=axis)  # fmt: skip
        axis.set_title(name, fontsize="medium")
        axis.set(xlabel="answered", ylabel="right answer" if axis is axes[0][0] else "")
        axis.tick_params(axis="x", rotation=35)
        axis.tick_params(axis="y", rotation=0)
    return figure


def module_curve(table: pd.DataFrame, assumed: int = MODULE) -> Figure:
    """Draw the AUC of grouped folds by the cells of a block: a dot a seed, a line for the mean.

    Parameters
    ----------
    table
        As `defects.judge_by_module` gives it.
    """
    figure, axis = plt.subplots(figsize=(6.8, 3))
    axis.plot(table["module"], table["AUC"], "o", color=PALETTE[0], ms=5, alpha=0.6)
    axis.plot(table.groupby("module")["AUC"].mean(), "-", color=PALETTE[0], lw=1.4)
    axis.axvline(assumed, color=PALETTE[1], ls="--", lw=1.2, label="assumed")
    axis.set(xlabel="cells of a block", ylabel="AUC of grouped folds", xticks=sorted(set(table["module"])))
    axis.legend(frameon=False)
    return figure


def leak_bars(rows: pd.DataFrame, neighbours: Sequence[float]) -> Figure:
    """Draw how well an image tells its block, beside what would be so by chance.

    Parameters
    ----------
    rows
        Table of system, seed, metric, value, as `defects.judge_seed` gives it.
    neighbours
        Shares as `defects.neighbours_in_block` gives them: found, and by chance.
    """
    named = rows[rows["metric"] == "blocks named"].groupby("system")["value"].mean()
    values = {
        "block named from the image": (named["image"], named[MAJORITY]),
        "most similar cell is of the same block": (100 * neighbours[0], 100 * neighbours[1]),
    }
    figure, axis = plt.subplots(figsize=(7.2, 1.9))
    for place, (found, chance) in enumerate(values.values()):
        axis.plot([chance, found], [place, place], color=RULE, lw=2, zorder=1)
        axis.plot(found, place, "D", color=PALETTE[0], ms=8, label="measured" if place == 0 else None)
        axis.plot(chance, place, "o", color=PALETTE[1], ms=7,
                  label="largest block, or a random cell" if place == 0 else None)  # fmt: skip
    axis.set(yticks=range(len(values)), yticklabels=list(values), xlim=(-2, 102), ylim=(1.5, -0.5),
             xlabel="cells (%)")  # fmt: skip
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize="small")
    return figure
