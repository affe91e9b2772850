import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mmrepro.data.store import fetch
from mmrepro.errors import MMReproError
from mmrepro.papers.mosei_fusion.data import (
    MODALITIES,
    FusionData,
    check_disjoint,
    drop_constant,
    load_aligned_mosei,
    load_mosi,
    standardise,
)


def test_the_sample_reads_like_the_real_thing(fusion):
    assert (len(fusion.train), len(fusion.test)) == (160, 80)
    assert fusion.num_classes == 2
    assert set(fusion.train.features) == set(MODALITIES)
    assert not set(fusion.train.speakers) & set(fusion.test.speakers)


def test_features_are_standardised_by_training_alone(fusion):
    for values in fusion.train.features.values():
        assert np.allclose(values.mean(0), 0, atol=0.05)
        assert np.allclose(values.std(0), 1, atol=0.05)
    moved = replace(fusion.test, features={name: v + 100 for name, v in fusion.test.features.items()})
    again = standardise(FusionData(fusion.train, moved))
    assert all((values == 5).all() for values in again.test.features.values())
    assert all(np.allclose(again.train.features[n], fusion.train.features[n], atol=1e-5) for n in MODALITIES)


def test_constant_features_are_dropped_from_both_splits_and_refused_otherwise(fusion):
    dead = {name: values.copy() for name, values in fusion.train.features.items()}
    dead["text"][:, 3] = 7
    broken = FusionData(replace(fusion.train, features=dead), fusion.test)
    with pytest.raises(MMReproError, match="Feature 3 of text is constant"):
        standardise(broken)
    kept = drop_constant(broken)
    assert kept.dims() == [fusion.dims()[0] - 1, *fusion.dims()[1:]]
    assert kept.test.features["text"].shape[1] == kept.dims()[0]


def test_a_feature_that_is_not_finite_is_refused(fusion):
    bad = {name: values.copy() for name, values in fusion.test.features.items()}
    bad["audio"][0, 0] = np.inf
    with pytest.raises(MMReproError, match="test split has audio features that are NaN or infinite"):
        standardise(FusionData(fusion.train, replace(fusion.test, features=bad)))


def test_a_speaker_in_both_splits_is_refused(fusion):
    speakers = fusion.test.speakers.copy()
    speakers[0] = fusion.train.speakers[0]
    with pytest.raises(MMReproError, match="in the training and the test split"):
        check_disjoint(FusionData(fusion.train, replace(fusion.test, speakers=speakers)))


def test_modalities_that_disagree_on_a_label_are_refused(sample, tmp_path):
    import shutil

    source = sample("mosi")
    shutil.copytree(source.folder, tmp_path / "copy")
    path = tmp_path / "copy" / "mosi" / "video_test0.csv"
    table = pd.read_csv(path, header=None)
    table.iloc[0, -1] = 1 - table.iloc[0, -1]
    table.to_csv(path, header=False, index=False)
    with pytest.raises(MMReproError, match=r"video_test0\.csv: rows or labels differ"):
        load_mosi(replace(source, folder=tmp_path / "copy"))


def test_thinning_spreads_over_the_whole_split(fusion):
    thin = fusion.thinned(20, None)
    assert (len(thin.train), len(thin.test)) == (20, 80)
    assert thin.train.speakers[0] == fusion.train.speakers[0]
    assert thin.train.speakers[-1] == fusion.train.speakers[-1]
    assert len(fusion.thinned(10_000, 20).train) == 160


def test_examples_are_spread_and_have_words_or_say_that_they_have_none(fusion):
    rows, words = fusion.test.examples(4)
    assert len(set(rows)) == 4 and set(words) == {"generated example"}
    silent = replace(fusion.test, transcripts=np.full(len(fusion.test), ""))
    rows, words = silent.examples(2)
    assert words == [f"segment {row}, no transcript" for row in rows]


def test_tensors_are_the_chosen_modalities_then_the_labels(fusion):
    data = fusion.train.tensors(("video", "text"))
    assert [tensor.shape[1:] for tensor in data.tensors] == [(10,), (12,), ()]
    assert data.tensors[-1].tolist() == fusion.train.labels.tolist()


@pytest.fixture
def aligned(tmp_path, monkeypatch):
    """Write a file in the layout of MulT's aligned pickle, changed by the test, and load it."""

    def write(change=lambda content: None):
        rng = np.random.default_rng(0)
        content = {
            split: {
                "text": rng.normal(size=(9, 6, 5)).astype(np.float32),
                "audio": rng.normal(size=(9, 6, 4)).astype(np.float32),
                "vision": rng.normal(size=(9, 6, 3)).astype(np.float32),
                "labels": np.linspace(-3, 3, 9).reshape(9, 1, 1),
                "id": np.array([[f"{split}{n}", "0.0", "1.0"] for n in range(9)]),
            }
            for split in ("train", "valid", "test")
        }
        change(content)
        path = tmp_path / "aligned.pkl"
        path.write_bytes(pickle.dumps(content))
        monkeypatch.setenv("MMREPRO_MOSEI_ALIGNED", str(path))
        return load_aligned_mosei(fetch("mosei-fusion", "mosei_aligned"))

    return write


def test_aligned_segments_become_sequences_with_three_classes(aligned):
    data = aligned()
    assert data.train.features["video"].shape == (9, 6, 3)
    assert data.num_classes == 3
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_mmsa_ids_are_read_too(aligned):
    def ids(content):
        for split in content:
            content[split]["id"] = np.array([f"{split}{n}$_$3" for n in range(9)])

    assert aligned(ids).train.speakers[0] == "train0"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["train"].pop("vision"), "lacks train/'vision'"),
        (lambda c: c.pop("test"), "lacks test/'test'"),
        (lambda c: c["test"].update(audio=np.zeros((8, 6, 4))), "modalities differ"),
        (lambda c: c["train"]["labels"].fill(5.0), r"outside \[-3, 3\]"),
    ],
)
def test_an_aligned_file_of_another_layout_is_refused_in_a_sentence(aligned, change, sentence):
    with pytest.raises(MMReproError, match=sentence):
        aligned(change)


def test_without_the_aligned_file_one_sentence_says_what_to_supply():
    with pytest.raises(MMReproError, match="MMREPRO_MOSEI_ALIGNED"):
        fetch("mosei-fusion", "mosei_aligned")
