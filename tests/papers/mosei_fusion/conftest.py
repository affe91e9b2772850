"""The generated sample as a data set, and small settings."""

import pytest

from mmrepro.data.sample import sample_data
from mmrepro.papers.mosei_fusion.data import load_mosi
from mmrepro.papers.mosei_fusion.sample import SAMPLES
from mmrepro.papers.mosei_fusion.settings import Settings


@pytest.fixture
def sample():
    """Give a data set of the chapter as its generated sample."""
    return lambda name: sample_data("mosei-fusion", name, SAMPLES[name])


@pytest.fixture
def fusion(sample):
    return load_mosi(sample("mosi"))


@pytest.fixture
def settings():
    return Settings(seeds=(0, 1), hidden_size=8, num_heads=2, epochs=2, video_seeds=1, video_folds=2)
