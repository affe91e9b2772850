"""A tiny package in the place of `mmrepro`, as the key of a run sees it; a job in a small checkout."""

import pytest

from mmrepro.execution import key, key_index
from mmrepro.execution.job import Job
from tests.conftest import SLUG

PACKAGE = {
    "__init__.py": "",
    "used.py": "from mmrepro.deep import piece\nimport mmrepro.late",
    "late.py": "def use():\n    from .deep.inner import thing",
    "unused.py": "VALUE = 1",
    "deep/__init__.py": "",
    "deep/piece.py": "from ..sibling import VALUE",
    "deep/inner.py": "thing = 1",
    "sibling.py": "VALUE = 1",
    "book/__init__.py": "",
    "book/page.py": "from mmrepro import used",
    "papers/__init__.py": "",
    "papers/mosei_fusion/__init__.py": "",
    "papers/mosei_fusion/paper.yml": "slug: mosei-fusion",
    "papers/mosei_fusion/settings.py": "from mmrepro.papers import common",
    "papers/mosei_fusion/model.py": "",
    "papers/common.py": "",
    "papers/other/__init__.py": "",
    "papers/other/model.py": "",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "mmrepro"
    for name, text in PACKAGE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for module in (key, key_index):
        monkeypatch.setattr(module, "SOURCES", folder)
    return folder


@pytest.fixture
def job(checkout, monkeypatch, tmp_path):
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    return lambda **parameters: Job(SLUG, {"profile": "smoke", **parameters}, tmp_path / "runs")
