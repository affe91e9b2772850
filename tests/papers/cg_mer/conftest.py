"""The generated samples as data sets, changed by a test where it needs something wrong."""

import shutil
from dataclasses import replace

import pytest

from mmrepro.data.sample import sample_data
from mmrepro.papers.cg_mer.sample import SAMPLES


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """Give a data set of the chapter as its generated sample."""
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "data"))
    return lambda name: sample_data("cg-mer", name, SAMPLES[name])


@pytest.fixture
def spoilt(sample, tmp_path):
    """Give a sample whose files a function has changed."""

    def spoil(name, change):
        source = sample(name)
        folder = tmp_path / "spoilt" / name
        shutil.copytree(source.folder, folder)
        change(folder)
        return replace(source, folder=folder)

    return spoil
