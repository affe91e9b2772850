"""What every test gets: no network, an environment of its own, and small checkouts to run in."""

import json
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from pytest_socket import disable_socket, socket_allow_hosts
from scipy.special import softmax

from tests.fault_report import pytest_addoption, pytest_configure  # noqa: F401
from tests.scheduling import pytest_xdist_make_scheduler  # noqa: F401

HERE = Path(__file__).resolve().parents[1]
SLUG = "mosei-fusion"
LOOPBACK = ("loopback", "notebook", "browser")
_VARIABLES = ("MMREPRO_ROOT", "MMREPRO_MOSEI_ALIGNED", "MMREPRO_UNFINISHED")


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item):
    # Unix sockets stay open: multiprocessing and asyncio talk over them.
    if any(item.get_closest_marker(name) for name in LOOPBACK):
        socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


@pytest.fixture(autouse=True)
def isolated_environment(tmp_path_factory, monkeypatch):
    """Offline, with data and runs in folders of the test; a test may set the variables otherwise."""
    home = tmp_path_factory.mktemp("home")
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MMREPRO_OFFLINE", "1")
    monkeypatch.setenv("MMREPRO_DATA", str(home / "data"))
    monkeypatch.setenv("MMREPRO_RUNS", str(home / "runs"))


class Checkout:
    """A small checkout: the real manifests and lock file, and a tiny notebook of the real chapter."""

    # The parameters cell of every chapter, and the least that makes a record.
    PARAMETERS = 'profile = "smoke"\nseeds = None\ndevice = None\noverrides = {}'
    OPEN = (
        "from mmrepro import open_chapter\n"
        f'chapter = open_chapter("{SLUG}", profile, seeds, device, overrides)'
    )
    CONCLUDE = "chapter.conclude()"

    def __init__(self, root):
        self.root = root
        for name in ("data_manifests", "requirements.lock", "README.md"):
            source, target = HERE / name, root / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        self.notebook = root / "notebooks" / "01_mosei_fusion.ipynb"
        self.notebook.parent.mkdir()
        self.write()

    def write(self, *cells, opens=True, concludes=True):
        """Write the notebook: parameters, opening, `cells`, conclusion."""
        sources = [self.OPEN] * opens + list(cells) + [self.CONCLUDE] * concludes
        made = [nbformat.v4.new_code_cell(source) for source in sources]
        first = nbformat.v4.new_code_cell(self.PARAMETERS, metadata={"tags": ["parameters"]})
        metadata = {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
            "mmrepro": {"slug": SLUG},
        }
        prose = nbformat.v4.new_markdown_cell("A tiny chapter.")
        nbformat.write(
            nbformat.v4.new_notebook(cells=[prose, first, *made], metadata=metadata), self.notebook
        )

    def change(self, edit):
        """Apply `edit` to the notebook's JSON content."""
        content = json.loads(self.notebook.read_text())
        edit(content)
        self.notebook.write_text(json.dumps(content))


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.setenv("MMREPRO_ROOT", str(folder))
    monkeypatch.delenv("MMREPRO_MIRROR", raising=False)
    return Checkout(folder)


@pytest.fixture
def overconfident():
    """Labels drawn from known probabilities, and the same logits three times too large."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 2))
    true = softmax(logits, axis=1)
    labels = (rng.random(len(true)) < true[:, 1]).astype(int)
    return labels, true, softmax(3 * logits, axis=1)
