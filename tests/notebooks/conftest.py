"""The committed notebooks, and the two ways to run them: on real data from a mirror, and on samples."""

import os
from pathlib import Path

import nbformat
import pytest

from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.project import root

# Read before the fixtures of other tests hide it.
MIRROR = os.environ.get("MMREPRO_MIRROR")


@pytest.fixture(params=paper_slugs())
def slug(request):
    return request.param


@pytest.fixture
def paper(slug):
    return load_paper(slug)


@pytest.fixture
def notebook_path(paper) -> Path:
    return root() / "notebooks" / paper.notebook_name


@pytest.fixture
def notebook(notebook_path):
    return nbformat.read(notebook_path, as_version=4)


@pytest.fixture(params=["mirror", "sample"])
def data_from(request, monkeypatch, tmp_path):
    """Give a chapter the real data of a mirror, or nothing but its built-in sample; never the network."""
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MMREPRO_OFFLINE", "1")
    if request.param == "sample":
        monkeypatch.delenv("MMREPRO_MIRROR", raising=False)
    elif MIRROR is None:
        pytest.skip("MMREPRO_MIRROR is not set, so there are no real data here")
    else:
        monkeypatch.setenv("MMREPRO_MIRROR", MIRROR)
    return request.param
