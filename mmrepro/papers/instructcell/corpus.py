"""The cell sets of a run: one vocabulary of genes, labels, facts for the prompts, and splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import anndata as ad
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmrepro.data.local import LocalData
from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.instructcell import cells
from mmrepro.papers.instructcell.settings import Settings
from mmrepro.papers.instructcell.templates import Task

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """What a prompt says about a set, and what may be asked of it.

    Attributes
    ----------
    label
        The column of `obs` that answers the question.
    group
        The column that a fair split keeps together; empty where the file tells none.
    """

    file: str
    label: str
    tasks: tuple[Task, ...]
    facts: Mapping[str, str]
    group: str = ""


SOURCES: dict[str, Source] = {
    "pancreas": Source(
        "bastidas_ponce_2019_e15_5.npz",
        "cell_type",
        ("annotation", "generation"),
        {"species": "mouse", "tissue": "pancreas", "sequencing_method": "10x Genomics"},
    ),
    "pbmc68k": Source(
        cells.PACKAGED,
        "cell_type",
        ("generation",),
        {"species": "human", "tissue": "peripheral blood", "sequencing_method": "10x GemCode"},
    ),
    "pc9": Source(
        "pc9_erlotinib_day11.npz",
        "response",
        ("drug response",),
        {"species": "human", "tissue": "lung", "sequencing_method": "Drop-seq", "drug": "Erlotinib"},
    ),
    "gbm": Source("gbm_panobinostat.npz", "condition", (), {}, group="patient"),
    "kang": Source("kang2018_ifnb_pbmc.npz", "cell_type", (), {}, group="donor"),
}
# As the paper calls the arms of its drug sets: label and sequencing library are one and the same there.
_RESPONSES = {"control": "Sensitive", "erlotinib": "Resistant"}


@dataclass(frozen=True)
class CellSet:
    """One set laid out on the vocabulary.

    Attributes
    ----------
    labels
        Shape (cells,): cell type, or drug response.
    """

    name: str
    counts: ad.AnnData
    labels: NDArray[np.str_]
    source: Source

    @cached_property
    def choices(self) -> list[str]:
        """Every answer there is, sorted."""
        return sorted(set(self.labels.tolist()))

    def require_choice(self, label: str) -> str:
        """Return `label` when it is one of the set's answers, else raise MMReproError with the nearest."""
        if label not in self.choices:
            raise MMReproError(
                f"{self.name} has no {self.source.label} {label!r}: {nearest(label, self.choices)}"
            )
        return label


def load_set(name: str, data: LocalData) -> CellSet:
    """Read one set with all its genes; counts are checked."""
    source = SOURCES[name]
    path = data.path(source.file)
    found = cells.recover_counts(path) if path.suffix == ".h5ad" else cells.read_counts(path)
    cells.require_counts(found, name)
    if source.label == "response":
        found.obs["response"] = found.obs["condition"].map(_RESPONSES)
    return CellSet(name, found, found.obs[source.label].to_numpy(dtype=str), source)


@dataclass(frozen=True)
class Bank:
    """The sets of a copilot, stacked: row k of a tensor is cell k of all.

    Attributes
    ----------
    genes
        The vocabulary.
    counts, expression
        Shape (cells, genes): counts, and ln(1 + counts per 10,000).
    first
        Set -> its first row.
    """

    genes: tuple[str, ...]
    sets: dict[str, CellSet]
    counts: Tensor
    expression: Tensor
    first: dict[str, int]

    def rows(self, name: str, local: Rows) -> Rows:
        """Turn places within a set into rows of the bank."""
        return np.asarray(local) + self.first[name]


def make_bank(whole: Mapping[str, CellSet], settings: Settings) -> Bank:
    """Take the union of the sets' most variable genes, and lay all their cells out on it."""
    genes: set[str] = set()
    small = {name: cells.thinned(each.counts, settings.max_cells) for name, each in whole.items()}
    for each in small.values():
        genes |= set(cells.variable_genes(each, settings.genes_per_set))
    vocabulary = tuple(sorted(genes))
    sets = {}
    for name, each in small.items():
        laid = cells.onto(each, vocabulary, name)
        kept = cells.total_counts(laid) > 0  # a cell may have none of the chosen genes
        labels = whole[name].labels[whole[name].counts.obs_names.get_indexer(each.obs_names)]
        sets[name] = CellSet(name, laid[kept].copy(), labels[kept], whole[name].source)
    stacked = ad.concat([each.counts for each in sets.values()], index_unique="-", keys=list(sets))
    sizes = np.cumsum([0, *(each.counts.n_obs for each in sets.values())])
    return Bank(
        genes=vocabulary,
        sets=sets,
        counts=torch.from_numpy(stacked.X.toarray()),
        expression=torch.from_numpy(cells.normalised(stacked).X.toarray()),
        first={name: int(start) for name, start in zip(sets, sizes, strict=False)},
    )


def split_cells(count: int, seed: int) -> dict[str, Rows]:
    """Split cells at random, 80 / 10 / 10, as the paper does: no donor or batch is kept together."""
    order = np.random.default_rng(seed).permutation(count)
    edges = [int(0.8 * count), int(0.9 * count)]
    return dict(zip(("train", "valid", "test"), np.split(order, edges), strict=True))
