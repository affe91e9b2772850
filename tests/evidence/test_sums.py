import shutil
import subprocess

import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.sums import SUMS, refuse_changed, write_measured
from tests.conftest import HERE


@pytest.fixture
def results(checkout):
    for name in ("cpu/b.json", "cpu/a.json", "benchmarks/engine.json"):
        write_measured(checkout.root / "results" / name, f'{{"wall_s": 1.5, "of": "{name}"}}\n')
    return checkout.root / "results"


def test_what_was_measured_fits_its_checksums(results):
    refuse_changed(results)
    write_measured(results / "cpu" / "a.json", "{}\n")
    refuse_changed(results)
    names = [line.split()[1] for line in (results / SUMS).read_text().splitlines()]
    assert names == ["benchmarks/engine.json", "cpu/a.json", "cpu/b.json"]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not there")
def test_every_sha256sum_reads_them(results):
    subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=results, check=True, capture_output=True)


def test_a_changed_added_or_removed_file_is_named(results):
    added, path = results / "gpu" / "x.json", results / "cpu" / "a.json"
    added.parent.mkdir()
    added.write_text("{}")
    with pytest.raises(MMReproError, match=r"x\.json is not what was measured"):
        refuse_changed(results)
    added.unlink()
    path.write_text(path.read_text().replace("1.5", "1.4"))
    with pytest.raises(MMReproError, match=r"a\.json is not what was measured"):
        refuse_changed(results)
    (results / "a.schema.json").write_text("{}")  # comes before what was changed, and is held to the code
    with pytest.raises(MMReproError, match=r"a\.json is not what was measured .*; restore it from version"):
        refuse_changed(results)
    path.unlink()
    with pytest.raises(MMReproError, match=r"a\.json is gone"):
        refuse_changed(results)


def test_a_file_elsewhere_is_written_and_not_noted(results, tmp_path):
    before = (results / SUMS).read_text()
    write_measured(tmp_path / "elsewhere.json", "{}\n")
    assert (tmp_path / "elsewhere.json").read_text() == "{}\n"
    assert (results / SUMS).read_text() == before


def test_without_results_there_is_nothing_to_refuse(tmp_path):
    refuse_changed(tmp_path / "results")


def test_the_committed_results_are_what_was_measured():
    refuse_changed(HERE / "results")
