"""The generated sample as data sets, a small corpus, and small settings."""

import pytest
import torch

from mmrepro.data.sample import sample_data
from mmrepro.papers.hmg_emo.corpus import Corpus, number_pairs
from mmrepro.papers.hmg_emo.sample import SAMPLES
from mmrepro.papers.hmg_emo.settings import Settings
from mmrepro.papers.hmg_emo.workbench import make_corpus, read_emotify


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "cache"))
    for name in ("MMREPRO_MIRROR", "MMREPRO_IESN", "MMREPRO_MBERT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sample():
    """Give a data set of the chapter as its generated sample."""
    return lambda name: sample_data("hmg-emo", name, SAMPLES[name])


@pytest.fixture
def settings():
    return Settings(
        seeds=(0, 1), datasets=("emotify", "emotify_audio", "movie_scenes"), max_songs=24, hidden_size=8,
        epochs=2, boosting_rounds=2, lab_seeds=1, song_draws=20,
    )  # fmt: skip


@pytest.fixture
def read(settings, sample):
    return read_emotify(settings, sample)


@pytest.fixture
def corpus(settings, sample, read):
    return make_corpus(settings, sample, *read)


def tiny_corpus(edges, labels, users=3, items=2, **changes):
    """Make a corpus by hand: two modalities and one group of users."""
    draw = torch.Generator().manual_seed(0)
    ends = torch.tensor(edges).T
    parts = {
        "emotions": tuple("abcdefghi"[: len(labels[0])]),
        "users": torch.randn(users, 4, generator=draw),
        "items": {
            "tags": torch.randn(items, 5, generator=draw),
            "image": torch.randn(items, 1, 16, 16, generator=draw),
        },
        "present": torch.ones(items, 2, dtype=torch.bool),
        "modalities": ("tags", "image"),
        "links": {("language", "of", "user"): torch.stack([torch.zeros(users).long(), torch.arange(users)])},
        "edges": ends,
        "labels": torch.tensor(labels, dtype=torch.float),
        "pair": number_pairs(ends),
        "reaction": torch.zeros(len(edges), 2),
        "user_names": tuple(f"user {each}" for each in range(users)),
        "item_names": tuple(f"item {each}" for each in range(items)),
        "item_groups": ("pop",) * items,
    }  # fmt: skip
    return Corpus(**{**parts, **changes})


@pytest.fixture
def tiny():
    """Three users, two items, five answers, of which the first and the last are of one pair."""
    edges = [(0, 0), (1, 0), (1, 1), (2, 1), (0, 0)]
    return tiny_corpus(edges, [[1, 0], [0, 1], [1, 1], [0, 1], [0, 1]])
