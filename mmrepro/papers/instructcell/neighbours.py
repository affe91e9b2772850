"""How real do written cells look: neighbours, kernels, and the space in which they are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.papers.instructcell.cells import TARGET_SUM

Floats = NDArray[np.float64]
Labels = NDArray[np.str_]
Reducer = Literal["pca", "svd"]
LogBase = Literal["e", "10"]
NEIGHBOURS = (5, 10, 25, 50)  # averaged over, as in the paper's Methods


@dataclass(frozen=True)
class Choice:
    """How the space is made in which cells are compared; text and released code differ.

    Attributes
    ----------
    reducer
        ``pca`` (centred; paper) or ``svd`` (not centred; the released code's ``TruncatedSVD``).
    log_base
        ``e`` (paper) or ``10`` (released code).
    umap
        Whether two UMAP coordinates follow, as in the paper.
    pooled
        Whether it is fitted on the test cells of all sets together, as in the released code.
    """

    reducer: Reducer = "pca"
    log_base: LogBase = "e"
    umap: bool = False
    pooled: bool = False
    components: int = 20


class Space:
    """The space in which real and written cells are compared; fitted on real counts (cells, genes)."""

    def __init__(self, real: Floats, choice: Choice | None = None) -> None:
        from sklearn.decomposition import PCA, TruncatedSVD

        choice = choice or Choice()
        self.log_base = choice.log_base
        size = min(choice.components, *(side - 1 for side in real.shape))
        kind = PCA if choice.reducer == "pca" else TruncatedSVD
        self.reduce = kind(size, random_state=0).fit(self._expression(real))
        self.plane = None
        if choice.umap:
            from umap import UMAP

            near = min(40, len(real) - 1)
            self.plane = UMAP(n_neighbors=near, random_state=0, n_jobs=1).fit(self._reduced(real))

    def _expression(self, counts: Floats) -> Floats:
        totals = np.maximum(counts.sum(1, keepdims=True), 1)
        logged = np.log1p(counts / totals * TARGET_SUM)
        return np.asarray(logged / np.log(10) if self.log_base == "10" else logged)

    def _reduced(self, counts: Floats) -> Floats:
        return np.asarray(self.reduce.transform(self._expression(counts)))

    def __call__(self, counts: Floats) -> Floats:
        """Place cells, given as counts (cells, genes), in the space."""
        reduced = self._reduced(counts)
        return reduced if self.plane is None else np.asarray(self.plane.transform(reduced))


def _sizes(asked: Sequence[int], count: int) -> list[int]:
    kept = [size for size in asked if size < count]
    if not kept:
        raise MMReproError(f"{count} cells are too few for {min(asked)} neighbours.")
    return kept


def self_knn(places: Floats, labels: Labels, neighbours: Sequence[int] = NEIGHBOURS) -> float:
    """Return how often a cell's nearest neighbours have its own label (sKNN), averaged over `neighbours`.

    Raises
    ------
    MMReproError
        When there are no more cells than neighbours.
    """
    from sklearn.neighbors import NearestNeighbors

    sizes = _sizes(neighbours, len(places))
    # Without a query the cell itself is left out, also where another lies at the same place.
    found = NearestNeighbors(n_neighbors=max(sizes)).fit(places).kneighbors(return_distance=False)
    same = labels[found] == labels[:, None]
    return float(np.mean([same[:, :size].mean() for size in sizes]))


def predicted_knn(
    written: Floats, wanted: Labels, real: Floats, labels: Labels, neighbours: Sequence[int] = NEIGHBOURS
) -> float:
    """Return how often real neighbours vote for the label a written cell was to have (pKNN)."""
    from sklearn.neighbors import KNeighborsClassifier

    scores = [
        np.mean(KNeighborsClassifier(size).fit(real, labels).predict(written) == wanted)
        for size in _sizes(neighbours, len(real))
    ]
    return float(np.mean(scores))


def kernel_distance(written: Floats, real: Floats, neighbour: int = 25) -> float:
    """Return the squared maximum mean discrepancy (biased), summed over three Gaussian kernels.

    Their widths are half, once and twice gamma = 1 / d ** 2, d the median distance to the 25th neighbour
    among the real cells (paper, Methods).
    """
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.neighbors import NearestNeighbors

    size = min(neighbour, len(real) - 1)
    distances = NearestNeighbors(n_neighbors=size).fit(real).kneighbors()[0][:, -1]
    gamma = 1 / np.median(distances) ** 2
    total = 0.0
    for width in (gamma / 2, gamma, 2 * gamma):
        within = rbf_kernel(written, gamma=width).mean() + rbf_kernel(real, gamma=width).mean()
        total += within - 2 * rbf_kernel(written, real, gamma=width).mean()
    return float(total)
