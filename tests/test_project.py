import pytest

from mmrepro import project
from mmrepro.errors import MMReproError
from tests.conftest import HERE


def test_without_a_variable_the_checkout_is_the_one_around_the_package():
    assert project.root() == HERE
    assert project.results_dir() == HERE / "results"


def test_a_variable_names_another_checkout(checkout):
    assert project.root() == checkout.root


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MMREPRO_ROOT", str(tmp_path))
    with pytest.raises(MMReproError, match=r"No mmrepro checkout at .*set MMREPRO_ROOT to the clone"):
        project.root()


def test_runs_lie_where_the_variable_says_or_in_the_build_folder(checkout, monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_RUNS", str(tmp_path / "elsewhere"))
    assert project.runs_dir() == tmp_path / "elsewhere"
    monkeypatch.delenv("MMREPRO_RUNS")
    assert project.runs_dir() == checkout.root / "_build" / "runs"
