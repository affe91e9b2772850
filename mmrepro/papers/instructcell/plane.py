"""Cells drawn in a plane, and the genes that mark their types; both by scanpy."""

from __future__ import annotations

from typing import Literal

import anndata as ad
import numpy as np
import pandas as pd


def places(expression: ad.AnnData, kind: Literal["pca", "umap"]) -> np.ndarray:
    """Return two coordinates of every cell, (cells, 2)."""
    import scanpy as sc

    copy = expression.copy()
    sc.pp.pca(copy, n_comps=min(30, *(side - 1 for side in copy.shape)), random_state=0)
    if kind == "pca":
        return np.asarray(copy.obsm["X_pca"][:, :2])
    from umap import UMAP

    near = min(15, copy.n_obs - 1)
    found = UMAP(n_neighbors=near, random_state=0, n_jobs=1).fit_transform(copy.obsm["X_pca"])
    return np.asarray(found)


def markers(expression: ad.AnnData, column: str, each: int = 3) -> pd.DataFrame:
    """Return mean expression of the genes that mark each type: types as rows, genes as columns.

    Genes are ranked by scanpy's t-test of a type against the rest.
    """
    import scanpy as sc

    copy = expression.copy()
    copy.obs[column] = copy.obs[column].astype("category")
    sc.tl.rank_genes_groups(copy, column, method="t-test", n_genes=each)
    names = copy.uns["rank_genes_groups"]["names"]
    genes = list(dict.fromkeys(str(gene) for kind in names.dtype.names for gene in names[kind]))
    frame = copy[:, genes].to_df()
    means: pd.DataFrame = frame.groupby(copy.obs[column].to_numpy(dtype=str)).mean()
    return means
