import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from mmrepro.errors import MMReproError
from mmrepro.papers.instructcell import cells, corpus


def matrix(values, genes=None, names=None):
    array = sparse.csr_matrix(np.asarray(values, dtype=np.float32))
    genes = genes or [f"G{number}" for number in range(array.shape[1])]
    names = names or [f"c{number}" for number in range(array.shape[0])]
    return ad.AnnData(array, obs=pd.DataFrame(index=names), var=pd.DataFrame(index=genes))


def test_the_packaged_counts_are_recovered_as_whole_numbers(sample):
    found = cells.recover_counts(sample("pbmc68k").path(cells.PACKAGED))
    assert found.shape == (700, 765)
    assert (found.X.data > 0).all() and np.array_equal(found.X.data, np.round(found.X.data))
    # Forward again: what scanpy stores is what the recovered counts give.
    import scanpy

    stored = scanpy.datasets.pbmc68k_reduced()
    totals = stored.obs["n_counts"].to_numpy()[:, None]
    again = np.log1p(found.X.toarray() / totals * 1e4)
    assert np.abs(again - stored.raw.X.toarray()).max() < 1e-3


def test_values_that_were_no_counts_are_told_apart(tmp_path, sample):
    stored = ad.read_h5ad(sample("pbmc68k").path(cells.PACKAGED))
    stored.obs["n_counts"] *= 1.37
    stored.write_h5ad(tmp_path / "other.h5ad")
    with pytest.raises(MMReproError, match="from whole numbers"):
        cells.recover_counts(tmp_path / "other.h5ad")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([[1, 0.7]], r"has fractions \(such as 0.700\), so it holds normalised values"),
        ([[1, -1]], "negative values"),
        ([[1, 2], [0, 0], [0, 0]], r"2 cell\(s\) without a count, c1 first"),
    ],
)
def test_what_is_no_count_is_refused(values, told):
    with pytest.raises(MMReproError, match=told):
        cells.require_counts(matrix(values), "a set")


def test_normalised_cells_have_the_same_total_and_counts_stay():
    counts = matrix([[1, 3], [10, 0]])
    ready = cells.normalised(counts)
    assert np.allclose(np.expm1(ready.X.toarray()).sum(1), 1e4)
    assert counts.X.toarray().tolist() == [[1, 3], [10, 0]]


def test_the_most_variable_gene_is_found():
    rng = np.random.default_rng(0)
    values = rng.poisson(5, size=(60, 50))
    values[:30, 3], values[30:, 3] = 10, 0  # the same mean as the others
    assert "G3" in cells.variable_genes(matrix(values), 3)
    assert len(cells.variable_genes(matrix(values), 99)) == 50


def test_a_vocabulary_takes_known_genes_to_their_places():
    laid = cells.onto(matrix([[1, 2, 3]], ["B", "A", "Z"]), ["A", "B", "C"], "x")
    assert laid.X.toarray().tolist() == [[2, 1, 0]]


def test_too_few_known_genes_are_counted_and_named():
    with pytest.raises(
        MMReproError, match=r"x has 0 of the vocabulary's 3 genes, too few; A, B, C are missing"
    ):
        cells.onto(matrix([[1]], ["ENSG01"]), ["A", "B", "C"], "x")


def test_a_file_that_is_no_matrix_or_names_a_gene_twice_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", data=np.ones(1))
    with pytest.raises(MMReproError, match=r"a\.npz lacks cells, genes, indices, indptr, shape"):
        cells.read_counts(tmp_path / "a.npz")
    twice = sparse.csr_matrix(np.ones((1, 2)))
    np.savez(
        tmp_path / "b.npz", data=twice.data, indices=twice.indices, indptr=twice.indptr, shape=twice.shape,
        genes=np.array(["A", "A"]), cells=np.array(["c"]),
    )  # fmt: skip
    with pytest.raises(MMReproError, match="gene A stands there twice"):
        cells.read_counts(tmp_path / "b.npz")


def test_quality_counts_genes_totals_and_mitochondria():
    found = cells.quality(matrix([[1, 0, 3]], ["A", "B", "mt-Nd1"])).iloc[0]
    assert (found["n_genes_by_counts"], found["total_counts"], found["pct_mt"]) == (2, 4, 75)


def test_thinning_is_even_and_keeps_small_sets():
    many = matrix(np.ones((10, 1)))
    assert cells.thinned(many, 3).obs_names.tolist() == ["c0", "c4", "c9"]
    assert cells.thinned(many, None) is many


def test_the_bank_stacks_sets_and_normalises_each_cell(bank):
    first = bank.first["pc9"]
    assert first == sum(bank.sets[name].counts.n_obs for name in ("pancreas", "pbmc68k"))
    assert (
        bank.counts.shape
        == bank.expression.shape
        == (sum(e.counts.n_obs for e in bank.sets.values()), len(bank.genes))
    )
    own = bank.counts[first].numpy()
    assert np.allclose(bank.expression[first].numpy(), np.log1p(own / own.sum() * 1e4), atol=1e-4)
    assert bank.rows("pc9", np.array([2])).tolist() == [first + 2]


def test_drug_arms_are_called_as_in_the_paper(bank):
    assert bank.sets["pc9"].choices == ["Resistant", "Sensitive"]


def test_an_unknown_type_is_refused_with_the_nearest(bank):
    with pytest.raises(MMReproError, match=r"pancreas has no cell_type 'Betta'.*Beta"):
        bank.sets["pancreas"].require_choice("Betta")


def test_cells_are_split_once_each_and_anew_with_every_seed():
    parts = corpus.split_cells(100, 0)
    assert [len(parts[name]) for name in ("train", "valid", "test")] == [80, 10, 10]
    assert sorted(np.concatenate(list(parts.values()))) == list(range(100))
    assert parts["test"].tolist() != corpus.split_cells(100, 1)["test"].tolist()
