"""Every chapter runs at profile smoke, on real data and on samples, gives a valid record, and repeats it."""

import os
import subprocess
import sys

import pytest

from mmrepro.evidence.record import read_record
from mmrepro.execution.job import Job, run_chapter
from mmrepro.execution.run import RunFiles
from mmrepro.execution.runner import run_jobs
from mmrepro.project import root

pytestmark = pytest.mark.notebook


def checked_by_nbval(notebook_path, runs):
    """Run a notebook in a plain kernel, as `nbval` does, and return what it printed when it failed."""
    options = ["--nbval-lax", "--nbval-cell-timeout=120", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(notebook_path)],
        cwd=root(),
        env={**os.environ, "MMREPRO_RUNS": str(runs), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout[-4000:] if done.returncode else ""


def test_a_record_tells_the_truth_of_its_data_and_a_plain_kernel_gives_it_too(
    slug, paper, notebook_path, data_from, tmp_path
):
    (outcome,) = run_jobs([Job(slug, {"profile": "smoke"}, tmp_path / "ours")])
    assert outcome.error is None
    record = RunFiles.of(slug, "smoke", tmp_path / "ours").read()[1]
    assert [claim.id for claim in record.claims] == [claim.id for claim in paper.claims]
    assert {stage.name for stage in record.stages} >= {"train", "evaluate"}
    tiers = {used.tier for used in record.data}
    # A package that is installed may bring real data along, which no sample replaces.
    assert ("synthetic" in tiers) == (data_from == "sample")
    if data_from == "sample":
        assert not {"reproduced", "compatible"} & {c.verdict for c in record.claims if c.dataset is not None}
    assert checked_by_nbval(notebook_path, tmp_path / "plain") == ""
    plain = read_record(RunFiles.of(slug, "smoke", tmp_path / "plain").record)
    assert plain.digest == record.digest


def test_the_committed_record_is_whole_and_as_published(slug):
    record = read_record(root() / "results" / "cpu" / f"{slug}.json")
    assert record.profile == "cpu"
    assert not record.code.dirty
    assert "synthetic" not in {used.tier for used in record.data}


def test_a_failing_cell_turns_the_run_red(slug, paper, tmp_path, monkeypatch):
    import nbformat

    broken = tmp_path / "checkout"
    (broken / "notebooks").mkdir(parents=True)
    for name in ("data_manifests", "results", "requirements.lock"):
        (broken / name).symlink_to(root() / name)
    notebook = nbformat.read(root() / "notebooks" / paper.notebook_name, as_version=4)
    notebook.cells.insert(2, nbformat.v4.new_code_cell("1/0"))
    nbformat.write(notebook, broken / "notebooks" / paper.notebook_name)
    monkeypatch.setenv("MMREPRO_ROOT", str(broken))
    done = subprocess.run(
        [sys.executable, "-m", "mmrepro.cli", "build"], capture_output=True, text=True, check=False,
        env={**os.environ, "MMREPRO_RUNS": str(tmp_path / "runs")},
    )  # fmt: skip
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stderr and "cell" in done.stderr and slug in done.stderr
    assert "Traceback" not in done.stderr
    assert not (broken / "_build" / "html").exists()
    assert RunFiles.of(slug, "smoke", tmp_path / "runs").notebook.is_file()


def test_parameters_are_refused_before_anything_runs(slug, tmp_path):
    from mmrepro.papers.settings import SettingsError

    for parameters in (
        {"epoch": 3},
        {"overrides": {"epochs": "banana"}},
        {"profile": "cpuu"},
        {"seeds": [-1]},
    ):
        job = Job(slug, parameters, tmp_path)
        with pytest.raises(SettingsError):
            run_chapter(job)
        assert not job.files.notebook.exists()
