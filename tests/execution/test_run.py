import nbformat
import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.record import write_record
from mmrepro.execution.run import RunFiles
from mmrepro.project import runs_dir
from tests.conftest import SLUG
from tests.evidence.factory import record


@pytest.fixture
def files(tmp_path):
    """A run whose notebook and record are written, and not yet marked."""
    made = RunFiles.of(SLUG, "cpu", tmp_path)
    write_record(record(), made.record)
    nbformat.write(nbformat.v4.new_notebook(), made.notebook)
    return made


def test_the_files_of_a_run_lie_below_its_profile(tmp_path):
    files = RunFiles.of(SLUG, "cpu", tmp_path)
    assert files.record == tmp_path / "cpu" / f"{SLUG}.json"
    assert len({files.notebook, files.record, files.marker}) == 3
    assert RunFiles.of(SLUG, "cpu").record == runs_dir() / "cpu" / f"{SLUG}.json"


def test_a_complete_run_is_read_back(files):
    made = files.complete()
    notebook, again = files.read()
    assert again == made == record()
    assert notebook.cells == []


def test_a_run_that_was_not_marked_is_not_read(files):
    with pytest.raises(
        MMReproError, match=f"No complete run of {SLUG} .* `mmrepro run {SLUG} --profile cpu`"
    ):
        files.read()


@pytest.mark.parametrize("content", ["", "{}", '{"status": "running"}'])
def test_a_marker_that_says_nothing_is_no_marker(files, content):
    files.complete()
    files.marker.write_text(content)
    with pytest.raises(MMReproError, match="No complete run"):
        files.read()


@pytest.mark.hostile("an executed notebook or record changed after its run", "refused: run it again")
@pytest.mark.parametrize("name", ["notebook", "record"])
@pytest.mark.parametrize(
    "change", [lambda path: path.write_text(path.read_text() + " "), lambda path: path.unlink()]
)
def test_a_file_changed_after_the_run_is_refused(files, name, change):
    files.complete()
    change(getattr(files, name))
    with pytest.raises(MMReproError, match="was changed after the run or is missing; run it again"):
        files.read()


def test_clearing_forgets_the_run(files):
    files.complete()
    files.clear()
    assert not files.marker.exists()
    assert not files.record.exists()
    files.clear()  # nothing left to forget


def test_a_record_that_does_not_hold_is_not_marked(files):
    files.record.write_text(
        files.record.read_text().replace('"verdict": "reproduced"', '"verdict": "compatible"')
    )
    with pytest.raises(MMReproError, match="changed after the run"):
        files.complete()
    assert not files.marker.exists()
