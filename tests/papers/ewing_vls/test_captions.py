import numpy as np
import pandas as pd
import pytest

from mmrepro.data.readers import read_npz
from mmrepro.errors import MMReproError
from mmrepro.papers.ewing_vls import captions, microarray


def test_every_image_has_the_concept_of_its_name(corpus):
    assert len(corpus.concepts) == 16
    assert np.bincount(corpus.concept_of).tolist() == [4] * 16
    for path, place in zip(corpus.paths, corpus.concept_of, strict=True):
        prefix = path.name.split("___")[0] if "___" in path.name else path.name.rpartition("_")[0]
        assert captions.CONCEPTS[path.parent.name, prefix] == corpus.concepts[place]


def test_an_image_without_a_caption_is_named():
    class Other:
        files = ("crc_val_he_7k/NEW___1.jpg",)

    with pytest.raises(MMReproError, match=r"NEW___1\.jpg has no caption: 'NEW' in 'crc_val_he_7k'"):
        captions.load_corpus(Other)


def test_captions_without_images_are_named(tmp_path):
    class Other:
        files = ("lc25000/lung_n___1.jpeg",)

        @staticmethod
        def path(name):
            return tmp_path / name

    with pytest.raises(MMReproError, match="No image has the caption 'fat tissue of the colon'"):
        captions.load_corpus(Other)
    table = tmp_path / "captions.csv"
    table.write_text("path,concept\nlost.jpg,fat\n")
    with pytest.raises(MMReproError, match=r"The caption of lost.jpg has no image"):
        captions.load_own_corpus(table)
    table.write_text("path,text\nlost.jpg,fat\n")
    with pytest.raises(MMReproError, match="needs the columns path and concept; it has path, text"):
        captions.load_own_corpus(table)


def test_own_captions_are_read(tmp_path, corpus):
    table = tmp_path / "captions.csv"
    rows = [
        (str(path), f"concept {place}") for path, place in zip(corpus.paths, corpus.concept_of, strict=True)
    ]
    pd.DataFrame(rows, columns=["path", "concept"]).to_csv(table, index=False)
    found = captions.load_own_corpus(table, 2)
    assert len(found.paths) == 32 and len(found.concepts) == 16


def test_views_repeat_and_the_first_shows_the_whole(corpus):
    one, two = captions.views(corpus, 16), captions.views(corpus, 16)
    assert one.shape == (64, 2, 16, 16, 3) and np.array_equal(one, two)
    assert not np.array_equal(one[:, 0], one[:, 1])


def test_copies_are_one_group_even_in_a_chain():
    angles = np.deg2rad([0, 10, 20, 90])
    features = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    group = captions.copies(features * [[1], [5], [2], [1]], np.cos(np.deg2rad(11)))
    assert group[0] == group[1] == group[2] != group[3]


def test_cores_keep_both_labels_when_thinned(cores):
    assert set(cores.labels) == {0, 1} and len(cores.labels) == 12
    assert sorted(set(cores.bag)) == list(range(12)) and cores.features.shape == (len(cores.bag), 708)


def test_the_table_of_the_package_becomes_arrays(tmp_path):
    folder = tmp_path / "in" / "ucsb_table"
    folder.mkdir(parents=True)
    (folder / "ucsb_breast_cancer.csv").write_text("1,7,0.5,2\n1,7,1,3\n0,9,4,5\n")
    microarray.pack_table({"ucsb_table": tmp_path / "in"}, tmp_path)
    found = read_npz(tmp_path / "ucsb_tma_features.npz")
    assert found["bag"].tolist() == [0, 0, 1] and found["y"].tolist() == [1, 0]
    assert found["X"].tolist() == [[0.5, 2], [1, 3], [4, 5]]
