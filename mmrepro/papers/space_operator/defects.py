"""Is a solar cell defective? Asked with random folds and with folds that keep neighbours together.

Folds are random when a cell and its neighbours in the same module may stand on both sides of the split. What
that adds to the score is measured, and so is where it may come from: how well an image tells its block, how
often the most similar image is a neighbour, and how far the block alone goes. Folds that keep together blocks
of cells drawn at random check that it is the neighbours and not the folds' sizes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.solar import Cells, block_of
from mmrepro.training.parallel import Each

Features = NDArray[np.float32]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Split = tuple[Indices, Indices]
Scheme = Literal["random folds", "grouped folds"]
SHUFFLED = "folds of shuffled blocks"
BLOCK_ALONE = "block alone, random folds"
MAJORITY = "majority"
_ORIENTATIONS, _CELL, _THUMBNAIL = 8, 16, 16


@dataclass(frozen=True)
class Judging:
    """How cells are judged.

    Attributes
    ----------
    folds
        Parts that cells are divided into, each judged by a classifier of the others.
    components
        Principal components of the features that are kept; fewer where cells or features are fewer.
    penalty
        C of the support vector machine.
    """

    folds: int = 5
    components: int = 80
    penalty: float = 3.0


@dataclass(frozen=True)
class Judged:
    """Cells judged with one seed.

    Attributes
    ----------
    rows
        Table of system, seed, metric, value.
    right
        System -> of each cell, the share of the other class in its fold that it is ordered right with,
        (cells,). Its mean over the defective cells of a fold is the fold's AUC.
    """

    rows: pd.DataFrame
    right: dict[str, NDArray[np.float64]]


def features(images: NDArray[np.uint8]) -> Features:
    """Return histograms of oriented gradients and a thumbnail of each image (cells, size, size).

    Raises
    ------
    MMReproError
        For images that do not divide into the thumbnail's pixels.
    """
    from skimage.feature import hog

    size = images.shape[-1]
    if size % _THUMBNAIL:
        raise MMReproError(f"images of {size} pixels do not divide by {_THUMBNAIL}; read them with size=128.")
    edges = [
        hog(image, _ORIENTATIONS, (_CELL, _CELL), (1, 1), block_norm="L2-Hys", feature_vector=True)
        for image in images
    ]
    step = size // _THUMBNAIL
    small = images.reshape(-1, _THUMBNAIL, step, _THUMBNAIL, step).mean((2, 4)) / 255
    return np.hstack([np.stack(edges), small.reshape(len(images), -1)]).astype(np.float32)


def classifier(judging: Judging, seen: Features, seed: int) -> Pipeline:
    """Make the classifier that is to learn from `seen`; its decisions grow with the chance of a defect."""
    return _reduced(judging, seen, seed, SVC(C=judging.penalty, class_weight="balanced"))


def split(scheme: Scheme, defective: Flags, blocks: Indices, folds: int, seed: int) -> list[Split]:
    """Divide cells into folds with about equal shares of defective ones, as (rows to learn, rows to judge).

    ``grouped folds`` keep each block on one side.

    Raises
    ------
    MMReproError
        For a class without cells in each fold, or fewer blocks than folds.
    """
    least = int(min(np.sum(defective), np.sum(~defective)))
    if least < folds:
        name = "defective" if np.sum(defective) == least else "sound"
        raise MMReproError(f"{folds} folds need {folds} {name} cells and there are {least}; read more cells.")
    groups = len(np.unique(blocks))
    if scheme == "grouped folds" and groups < folds:
        raise MMReproError(
            f"{groups} blocks cannot be kept together in {folds} folds; ask for at most {groups} folds."
        )
    kind, groups_of = (StratifiedGroupKFold, blocks) if scheme == "grouped folds" else (StratifiedKFold, None)
    found = list(kind(folds, shuffle=True, random_state=seed).split(defective, defective, groups_of))
    if any(len(set(defective[test].tolist())) < 2 for _, test in found):
        raise MMReproError(
            f"a fold of whole blocks has cells of one class only; ask for fewer than {folds} folds."
        )
    return found


def judge_cells(
    seen: Features, defective: Flags, blocks: Indices, judging: Judging, scheme: Scheme, seed: int
) -> tuple[list[Split], NDArray[np.float64]]:
    """Judge each cell by a classifier that has not learnt from its fold; folds and decisions (cells,)."""
    parts = split(scheme, defective, blocks, judging.folds, seed)
    decisions = np.empty(len(defective))
    for learnt, judged in parts:
        fitted = classifier(judging, seen[learnt], seed).fit(seen[learnt], defective[learnt])
        decisions[judged] = fitted.decision_function(seen[judged])
    return parts, decisions


def fold_auc(parts: Sequence[Split], defective: Flags, decisions: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve, taken in each fold and averaged."""
    return float(np.mean([roc_auc_score(defective[test], decisions[test]) for _, test in parts]))


def within_auc(
    parts: Sequence[Split], defective: Flags, decisions: NDArray[np.float64], blocks: Indices
) -> float:
    """Return the share of pairs of a defective and a sound cell of one block and fold that are ordered.

    Knowing the block cannot help with them. NaN where there is no such pair.
    """
    ordered, pairs = 0.0, 0
    for _, test in parts:
        for block in np.unique(blocks[test]):
            rows = test[blocks[test] == block]
            bad, good = decisions[rows[defective[rows]]], decisions[rows[~defective[rows]]]
            ordered += (np.sum(bad[:, None] > good) + 0.5 * np.sum(bad[:, None] == good)).item()
            pairs += len(bad) * len(good)
    return ordered / pairs if pairs else float("nan")


def shares_ordered(
    parts: Sequence[Split], defective: Flags, decisions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return for each cell the share of the other class in its fold that its decision is right about."""
    shares = np.empty(len(decisions))
    for _, test in parts:
        sign = np.where(defective[test], 1.0, -1.0)
        ahead = (decisions[test][:, None] - decisions[test]) * sign[:, None]
        other = defective[test][:, None] != defective[test]
        shares[test] = (((ahead > 0) + 0.5 * (ahead == 0)) * other).sum(1) / other.sum(1)
    return shares


def rates_of_blocks(parts: Sequence[Split], defective: Flags, blocks: Indices) -> NDArray[np.float64]:
    """Judge each cell by how many learnt cells of its block are defective, without any image."""
    rates = np.empty(len(defective))
    for learnt, judged in parts:
        known = pd.Series(defective[learnt].astype(float)).groupby(blocks[learnt]).mean()
        rates[judged] = pd.Series(blocks[judged]).map(known).fillna(defective[learnt].mean())
    return rates


def name_blocks(seen: Features, blocks: Indices, judging: Judging, seed: int) -> float:
    """Return the share of cells whose block a linear classifier names from the image alone."""
    named = np.empty_like(blocks)
    for learnt, judged in KFold(judging.folds, shuffle=True, random_state=seed).split(blocks):
        linear = LinearDiscriminantAnalysis()
        fitted = _reduced(judging, seen[learnt], seed, linear).fit(seen[learnt], blocks[learnt])
        named[judged] = fitted.predict(seen[judged])
    return float(accuracy_score(blocks, named))


def neighbours_in_block(seen: Features, blocks: Indices, judging: Judging) -> tuple[float, float]:
    """Return how often the most similar cell is of the same block, and how often a random other cell is."""
    reduced = _reduced(judging, seen, 0, None).fit_transform(seen)
    nearest = NearestNeighbors(n_neighbors=1).fit(reduced).kneighbors(return_distance=False)[:, 0]
    sizes = np.bincount(blocks)[blocks]
    return float(np.mean(blocks[nearest] == blocks)), float(np.mean((sizes - 1) / (len(blocks) - 1)))


def judge_seed(seen: Features, defective: Flags, blocks: Indices, judging: Judging, seed: int) -> Judged:
    """Judge all cells with one seed and every kind of folds, and measure floors and controls."""
    rows: list[dict[str, Any]] = []
    right: dict[str, NDArray[np.float64]] = {}

    def add(system: str, metric: str, value: float) -> None:
        rows.append({"system": system, "seed": seed, "metric": metric, "value": value})

    mixed = np.random.default_rng(seed).permutation(blocks)
    kept: dict[str, tuple[Scheme, Indices]] = {
        "random folds": ("random folds", blocks),
        SHUFFLED: ("grouped folds", mixed),
        "grouped folds": ("grouped folds", blocks),
    }
    for system, (scheme, together) in kept.items():
        parts, decisions = judge_cells(seen, defective, together, judging, scheme, seed)
        right[system] = shares_ordered(parts, defective, decisions)
        add(system, "AUC", fold_auc(parts, defective, decisions))
        add(system, "AUC within blocks", within_auc(parts, defective, decisions, blocks))
        add(system, "accuracy", 100 * accuracy_score(defective, decisions > 0))
        if system == "random folds":
            add(BLOCK_ALONE, "AUC", fold_auc(parts, defective, rates_of_blocks(parts, defective, blocks)))
    add(MAJORITY, "accuracy", 100 * max(defective.mean(), 1 - defective.mean()))
    add(MAJORITY, "AUC", 0.5)
    add("image", "blocks named", 100 * name_blocks(seen, blocks, judging, seed))
    add(MAJORITY, "blocks named", 100 * np.bincount(blocks).max() / len(blocks))
    return Judged(pd.DataFrame(rows), right)


def judge_seeds(
    seen: Features, cells: Cells, seeds: Sequence[int], judging: Judging | None = None, each: Each = map
) -> list[Judged]:
    """Judge cells with every seed; `each` is the `map` that runs the jobs.

    Parameters
    ----------
    seen
        The `features` of the cells' images.
    cells
        Those that experts agreed on, as `Cells.decided` gives them.
    """
    job = partial(judge_seed, seen, cells.defective, cells.blocks, judging or Judging())
    return list(each(job, list(seeds)))


def judge_by_module(
    seen: Features,
    cells: Cells,
    modules: Sequence[int],
    seeds: Sequence[int],
    judging: Judging | None = None,
    each: Each = map,
) -> pd.DataFrame:
    """Measure grouped folds when modules are taken to have other numbers of cells; module, seed, AUC.

    Blocks that cut through modules leave neighbours on both sides of a split again.
    """
    jobs = list(itertools.product(modules, seeds))
    found = each(partial(_grouped_auc, seen, cells, judging or Judging()), jobs)
    return pd.DataFrame(
        {"module": module, "seed": seed, "AUC": auc} for (module, seed), auc in zip(jobs, found, strict=True)
    )


def _grouped_auc(seen: Features, cells: Cells, judging: Judging, job: tuple[int, int]) -> float:
    module, seed = job
    blocks = block_of(cells.numbers, module)
    parts, decisions = judge_cells(seen, cells.defective, blocks, judging, "grouped folds", seed)
    return fold_auc(parts, cells.defective, decisions)


def flattery(judged: Sequence[Judged]) -> NDArray[np.float64]:
    """Return by how much random folds flatter each cell, mean over seeds, (cells,)."""
    differences = [one.right["random folds"] - one.right["grouped folds"] for one in judged]
    return np.asarray(np.mean(differences, axis=0))


def _reduced(judging: Judging, seen: Features, seed: int, last: ClassifierMixin | None) -> Pipeline:
    components = min(judging.components, len(seen) - 1, seen.shape[1])
    steps = [StandardScaler(), PCA(components, svd_solver="randomized", random_state=seed)]
    return make_pipeline(*steps, *([last] if last is not None else []))
