"""The paper's sets in full, for readers who have downloaded them: what lies where stands in a `sets.yml`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import anndata as ad
import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from mmrepro.data.local import LocalData
from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.instructcell import cells
from mmrepro.papers.instructcell.corpus import SOURCES, CellSet
from mmrepro.papers.paper import first_problem

_LEAST_GENES, _LEAST_CELLS = 200, 8  # a cell and a gene need them (paper, Methods)


class OwnSet(BaseModel):
    """One entry of `sets.yml`.

    Attributes
    ----------
    path
        Relative to `sets.yml`: an ``.h5ad`` of counts, or a folder of 10x (``matrix.mtx.gz``,
        ``barcodes.tsv.gz``, ``features.tsv.gz``), as GEO and figshare have them.
    labels
        A table ``cell,label`` beside it; not needed where the ``.h5ad`` has the label among its columns.
    orthologs
        A table ``mouse,human`` of gene symbols; genes without a human name keep their own.
    """

    model_config = ConfigDict(extra="forbid")

    path: str
    kind: Literal["h5ad", "10x"] = "h5ad"
    labels: str | None = None
    orthologs: str | None = None


def load_own(data: LocalData) -> dict[str, CellSet]:
    """Read every set that the reader's `sets.yml` names, with the paper's filters.

    Raises
    ------
    MMReproError
        For an unknown set or key, a missing file or column, or values that are no counts.
    """
    listing = data.path(data.files[0])
    content = yaml.safe_load(listing.read_text(encoding="utf-8")) or {}
    found = {}
    for name, entry in content.items():
        if name not in SOURCES:
            raise MMReproError(f"{listing.name} names {name!r}: {nearest(str(name), SOURCES)}")
        try:
            own = OwnSet.model_validate(entry)
        except ValidationError as error:
            raise MMReproError(
                f"{listing.name}, {name}: {first_problem(error, OwnSet.model_fields)}"
            ) from None
        found[name] = _read(name, own, listing.parent)
    return found


def _read(name: str, own: OwnSet, folder: Path) -> CellSet:
    source, path = SOURCES[name], folder / own.path
    if not path.exists():
        raise MMReproError(f"{name}: there is no {path}; correct its path in sets.yml.")
    matrix = _matrix(path, own.kind)
    if own.labels:
        table = read_csv(folder / own.labels).set_index("cell")["label"]
        matrix = matrix[matrix.obs_names.isin(table.index)].copy()
        matrix.obs[source.label] = table.reindex(matrix.obs_names).to_numpy(dtype=str)
    if source.label not in matrix.obs:
        raise MMReproError(f"{name}: {path.name} has no column {source.label!r}, and no labels are given.")
    if own.orthologs:
        matrix.var_names = human_names(matrix.var_names, folder / own.orthologs)
    matrix = _filtered(cells.require_counts(matrix, name))
    return CellSet(name, matrix, matrix.obs[source.label].to_numpy(dtype=str), source)


def _matrix(path: Path, kind: str) -> ad.AnnData:
    if kind == "h5ad":
        return cells.read_cells(path)
    import scanpy as sc

    return sc.read_10x_mtx(path)


def human_names(genes: pd.Index, table: Path) -> pd.Index:
    """Rename mouse genes to their human orthologs; what has none, or would stand twice, keeps its name."""
    pairs = read_csv(table).drop_duplicates("mouse").set_index("mouse")["human"]
    renamed = pd.Index([str(pairs.get(gene, gene)) for gene in genes])
    keeps = renamed.duplicated(keep="first")
    return pd.Index([old if twice else new for old, new, twice in zip(genes, renamed, keeps, strict=True)])


def _filtered(matrix: ad.AnnData) -> ad.AnnData:
    import scanpy as sc

    matrix.var_names_make_unique()
    sc.pp.filter_cells(matrix, min_genes=_LEAST_GENES)
    sc.pp.filter_genes(matrix, min_cells=_LEAST_CELLS)
    return matrix
