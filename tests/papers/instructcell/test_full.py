import gzip

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import io, sparse

from mmrepro.errors import MMReproError
from mmrepro.papers.instructcell import full, prompt, runs
from mmrepro.papers.instructcell.prompt import CELL

GENES = [f"Gene{number}" for number in range(260)]


class Own:
    """A reader's listing, as `chapter.data` gives it."""

    files = ("sets.yml",)

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return self.folder / name


def counts(cells=12):
    rng = np.random.default_rng(0)
    values = rng.poisson(3, size=(cells, len(GENES)))
    return sparse.csr_matrix(values.astype(np.float32))


def write_h5ad(path, **obs):
    names = [f"c{number}" for number in range(12)]
    frame = pd.DataFrame(obs, index=names)
    ad.AnnData(counts(), obs=frame, var=pd.DataFrame(index=GENES)).write_h5ad(path)


def listing(folder, text):
    (folder / "sets.yml").write_text(text)
    return Own(folder)


def test_an_h5ad_with_its_own_labels_is_read(tmp_path):
    write_h5ad(tmp_path / "p.h5ad", cell_type=["Beta", "Alpha"] * 6)
    found = full.load_own(listing(tmp_path, "pancreas: {path: p.h5ad}"))["pancreas"]
    assert found.choices == ["Alpha", "Beta"] and found.counts.n_obs == 12


def test_a_10x_folder_is_read_with_labels_and_orthologs(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    with gzip.open(folder / "matrix.mtx.gz", "wb") as stream:
        io.mmwrite(stream, counts().T.astype(int))
    with gzip.open(folder / "barcodes.tsv.gz", "wt") as stream:
        stream.write("\n".join(f"c{number}" for number in range(12)))
    with gzip.open(folder / "features.tsv.gz", "wt") as stream:
        stream.write("\n".join(f"E{number}\t{gene}\tGene Expression" for number, gene in enumerate(GENES)))
    kept = [f"c{number}" for number in range(1, 11)]
    labelled = pd.DataFrame({"cell": kept, "label": ["Beta", "Alpha"] * 5})
    labelled.to_csv(tmp_path / "labels.csv", index=False)
    pd.DataFrame({"mouse": ["Gene0", "Gene1"], "human": ["GENE0", "GENE0"]}).to_csv(
        tmp_path / "orthologs.csv", index=False
    )
    text = "pancreas: {path: raw, kind: 10x, labels: labels.csv, orthologs: orthologs.csv}"
    found = full.load_own(listing(tmp_path, text))["pancreas"]
    assert found.counts.obs_names.tolist() == kept and found.labels.tolist() == ["Beta", "Alpha"] * 5
    # Two mouse genes of one human name: the second keeps its own.
    assert {"GENE0", "Gene1"} <= set(found.counts.var_names)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pancras: {path: p.h5ad}", "names 'pancras'.*pancreas"),
        ("pancreas: {path: p.h5ad, lables: x.csv}", "lables is unknown.*labels"),
        ("pancreas: {path: q.h5ad}", "there is no .*q.h5ad"),
        ("pancreas: {path: p.h5ad}", "has no column 'cell_type', and no labels are given"),
    ],
)
def test_what_is_wrong_in_a_listing_is_told(tmp_path, text, told):
    write_h5ad(tmp_path / "p.h5ad", other=["x"] * 12)
    with pytest.raises(MMReproError, match=told):
        full.load_own(listing(tmp_path, text))


def test_poor_cells_and_rare_genes_are_filtered_as_in_the_paper(tmp_path):
    matrix = counts(12).tolil()
    matrix[0, 150:] = 0  # fewer than 200 genes
    matrix[1:, 5] = 0
    names = [f"c{number}" for number in range(12)]
    obs = pd.DataFrame({"cell_type": ["a"] * 12}, index=names)
    ad.AnnData(matrix.tocsr(), obs=obs, var=pd.DataFrame(index=GENES)).write_h5ad(tmp_path / "p.h5ad")
    found = full.load_own(listing(tmp_path, "pancreas: {path: p.h5ad}"))["pancreas"]
    assert found.counts.n_obs == 11 and "Gene5" not in found.counts.var_names


def test_a_supplied_t5_is_loaded_grown_and_trained(tmp_path, bank, official, trained):
    """The gpu profile's path, with a tiny random T5 of the same class."""
    from .conftest import TINY

    tokens = prompt.train_tokenizer(["User: which type is it? Assistant: Beta"], 300, num_slots=2)
    plain = runs.small_t5(len(tokens.tokenizer), 16, 1, 2, tokens)
    plain.save_pretrained(tmp_path)
    tokens.tokenizer.save_pretrained(tmp_path)
    settings = TINY.model_copy(update={"language_model": "t5", "steps": 3})
    folder = type("Weights", (), {"folder": tmp_path})
    splits = runs.split_sets(bank, 0)
    language = runs.make_language(bank, splits, trained.templates, settings, lambda _: folder)
    assert language.tokens.tokenizer.tokenize(CELL) == [CELL]
    model, history = runs.train(runs.COPILOT, bank, splits, trained.templates, language, settings, seed=0)
    assert model.language.get_input_embeddings().weight.shape[0] >= len(language.tokens.tokenizer)
    assert np.isfinite(history["text"]).all() and isinstance(model.writer.log_dispersion, torch.Tensor)
