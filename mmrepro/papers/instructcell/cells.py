"""Single cells as AnnData: reading, checking, normalising, and one vocabulary of genes for all."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from mmrepro.data.readers import read_npz
from mmrepro.errors import MMReproError, first_line

TARGET_SUM = 1e4  # counts a cell after normalisation (paper, Methods: CP10k)
PACKAGED = "pbmc68k/10x_pbmc68k_reduced.h5ad"
_RESIDUE = 0.1  # how far a recovered count may be from a whole number


def read_counts(path: Path) -> ad.AnnData:
    """Read counts stored sparsely in an ``.npz``: data, indices, indptr, shape, genes, cells, obs_*.

    Raises
    ------
    MMReproError
        When an array is missing or a gene stands there twice.
    """
    arrays = read_npz(path)
    missing = {"data", "indices", "indptr", "shape", "genes", "cells"} - set(arrays)
    if missing:
        raise MMReproError(f"{path.name} lacks {', '.join(sorted(missing))}; it is no matrix of cells.")
    parts = (arrays["data"].astype(np.float32), arrays["indices"].astype(np.int32), arrays["indptr"])
    matrix = sparse.csr_matrix(parts, shape=tuple(arrays["shape"]))
    obs = {name[4:]: values for name, values in arrays.items() if name.startswith("obs_")}
    genes = pd.Index(arrays["genes"].astype(str))
    if genes.has_duplicates:
        raise MMReproError(f"{path.name}: gene {genes[genes.duplicated()][0]} stands there twice.")
    frame = pd.DataFrame(obs, index=pd.Index(arrays["cells"].astype(str)))
    return ad.AnnData(matrix, obs=frame, var=pd.DataFrame(index=genes))


def copy_packaged(_: Mapping[str, Path], output: Path) -> None:
    """Copy the 700 cells that come with scanpy to where the manifest declares them."""
    import scanpy

    source = Path(scanpy.datasets.__file__).parent / Path(PACKAGED).name
    (output / PACKAGED).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, output / PACKAGED)


def read_cells(path: Path) -> ad.AnnData:
    """Read a file of cells (.h5ad).

    Raises
    ------
    MMReproError
        When it is no such file, or not whole.
    """
    try:
        return ad.read_h5ad(path)
    except (OSError, LookupError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise MMReproError(
            f"{path} is not a readable file of cells ({first_line(error)}); fetch it again."
        ) from None


def recover_counts(path: Path) -> ad.AnnData:
    """Recover the whole counts behind scanpy's PBMC68k, which are stored as ln(1 + counts per 10,000).

    Raises
    ------
    MMReproError
        When what comes out are not whole numbers.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file was written by an old version, and says so at length
        stored = read_cells(path)
    values = np.expm1(stored.raw.X.toarray()) * stored.obs["n_counts"].to_numpy()[:, None] / TARGET_SUM
    counts = values.round()
    residue = float(np.abs(values - counts).max())
    if residue > _RESIDUE:
        raise MMReproError(f"{path.name}: recovered counts are up to {residue:.2f} from whole numbers.")
    obs = pd.DataFrame({"cell_type": stored.obs["bulk_labels"].astype(str)}, index=stored.obs_names)
    var = pd.DataFrame(index=stored.raw.var_names)
    return ad.AnnData(sparse.csr_matrix(counts.astype(np.float32)), obs=obs, var=var)


def require_counts(cells: ad.AnnData, name: str) -> ad.AnnData:
    """Return `cells` when they are counts: whole, not negative, and none of them empty.

    Raises
    ------
    MMReproError
        For log-normalised values, negative values, and cells without a count (how many, which first).
    """
    values = cells.X.data if sparse.issparse(cells.X) else np.asarray(cells.X)
    if values.size and values.min() < 0:
        raise MMReproError(f"{name} has negative values, so they are no counts.")
    if not np.array_equal(values, np.round(values)):
        raise MMReproError(
            f"{name} has fractions (such as {values[values != np.round(values)][0]:.3f}), so it holds "
            "normalised values; counts are needed."
        )
    empty = np.flatnonzero(total_counts(cells) == 0)
    if len(empty):
        raise MMReproError(
            f"{name}: {len(empty)} cell(s) without a count, {cells.obs_names[empty[0]]} first."
        )
    return cells


def total_counts(cells: ad.AnnData) -> np.ndarray:
    """Return the sum of counts of every cell, shape (cells,)."""
    return np.asarray(cells.X.sum(axis=1)).ravel()


def normalised(cells: ad.AnnData) -> ad.AnnData:
    """Return ln(1 + counts per 10,000), by scanpy; the counts are left as they are."""
    import scanpy as sc

    copy = cells.copy()
    sc.pp.normalize_total(copy, target_sum=TARGET_SUM)
    sc.pp.log1p(copy)
    return copy


def variable_genes(cells: ad.AnnData, count: int) -> list[str]:
    """Name the `count` genes that vary most for their mean, by scanpy (flavour ``seurat``).

    The paper's flavour, ``seurat_v3``, needs a package of its own; genes in fewer than eight cells
    are left out, as in the paper.
    """
    import scanpy as sc

    kept = cells[:, np.asarray((cells.X > 0).sum(axis=0)).ravel() >= min(8, cells.n_obs // 10)]
    ready = normalised(kept)
    if ready.n_vars > count:
        sc.pp.highly_variable_genes(ready, n_top_genes=count, flavor="seurat")
        return [str(gene) for gene in ready.var_names[ready.var["highly_variable"]]]
    return [str(gene) for gene in ready.var_names]


def onto(cells: ad.AnnData, genes: Sequence[str], name: str, least: float = 0.05) -> ad.AnnData:
    """Lay `cells` out on a vocabulary: genes that they lack are zero, genes it lacks are dropped.

    Raises
    ------
    MMReproError
        When less than `least` of the vocabulary is found: how many genes, and which are missing.
    """
    places = cells.var_names.get_indexer(pd.Index(genes))
    known = places >= 0
    if known.mean() < least:
        missing = [gene for gene, there in zip(genes, known, strict=True) if not there]
        raise MMReproError(
            f"{name} has {known.sum()} of the vocabulary's {len(genes)} genes, too few; "
            f"{', '.join(missing[:5])} are missing, for example. Are its genes named by symbols?"
        )
    matrix = sparse.lil_matrix((cells.n_obs, len(genes)), dtype=np.float32)
    matrix[:, np.flatnonzero(known)] = cells.X[:, places[known]]
    return ad.AnnData(matrix.tocsr(), obs=cells.obs.copy(), var=pd.DataFrame(index=pd.Index(list(genes))))


def thinned(cells: ad.AnnData, count: int | None) -> ad.AnnData:
    """Keep at most `count` cells, evenly spaced over the file."""
    if count is None or count >= cells.n_obs:
        return cells
    return cells[np.linspace(0, cells.n_obs - 1, count).astype(int)].copy()


def quality(cells: ad.AnnData) -> pd.DataFrame:
    """Return scanpy's measures of quality, one row a cell: n_genes_by_counts, total_counts, pct_mt."""
    import scanpy as sc

    copy = cells.copy()
    copy.var["mt"] = copy.var_names.str.upper().str.startswith("MT-")
    found: Any = sc.pp.calculate_qc_metrics(copy, qc_vars=["mt"], percent_top=None, log1p=False)[0]
    columns = {"pct_counts_mt": "pct_mt"}
    frame: pd.DataFrame = found.rename(columns=columns)[["n_genes_by_counts", "total_counts", "pct_mt"]]
    return frame
