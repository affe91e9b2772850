"""Small settings, a small pyramid, and the generated sample as data sets."""

import pytest
import torch

from mmrepro.data.sample import sample_data
from mmrepro.papers.paper import load_paper
from mmrepro.papers.piip.branch import ViTBranch, ViTSize, plain_vit
from mmrepro.papers.piip.sample import SAMPLES
from mmrepro.papers.settings import resolve_settings

SIZES = {32: (16, 24), 16: (32, 48), 8: (64, 96)}  # width -> image


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("MMREPRO_MIRROR", raising=False)


@pytest.fixture
def paper():
    return load_paper("piip")


@pytest.fixture
def sample():
    """Give a data set of the chapter as its generated sample."""
    return lambda name: sample_data("piip", name, SAMPLES[name])


@pytest.fixture
def settings(paper):
    return resolve_settings(paper, "smoke")


def make_branch(dim, size, pieces=2, depth=2, window=None, **given):
    """Make a small untrained branch."""
    return ViTBranch(plain_vit(ViTSize(dim, depth, 2), size, patch=8), size, pieces, window, **given)


@pytest.fixture
def branches():
    torch.manual_seed(0)
    return [make_branch(dim, size) for dim, size in SIZES.items()]


@pytest.fixture
def images():
    return torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def stir():
    """Move every parameter of a module off its start, so that gates are open and zeros are none."""

    def stirred(module):
        generator = torch.Generator().manual_seed(2)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        return module

    return stirred
