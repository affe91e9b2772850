"""The generated sample as data sets, and small settings."""

import pytest

from mmrepro.data.sample import sample_data
from mmrepro.papers.trimod_mner.sample import SAMPLES
from mmrepro.papers.trimod_mner.settings import Settings
from mmrepro.papers.trimod_mner.tweets import load_splits
from mmrepro.papers.trimod_mner.workbench import make_encoder, make_parts


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("MMREPRO_MIRROR", raising=False)


@pytest.fixture
def sample():
    """Give a data set of the chapter as its generated sample."""
    return lambda name: sample_data("trimod-mner", name, SAMPLES[name])


@pytest.fixture
def settings():
    return Settings(
        seeds=(0, 1), encoder="trained", hidden_size=16, num_heads=2, epochs=2, max_train=32, max_valid=16,
        max_test=24, batch_size=8, lr=0.02,
    )  # fmt: skip


@pytest.fixture
def splits(sample):
    return load_splits(sample("twitter2017"))


@pytest.fixture
def encoder(settings, sample):
    return make_encoder(settings, sample)


@pytest.fixture
def parts(splits, settings, sample, encoder):
    return make_parts(splits, settings, sample, encoder)[0]
