import nbformat
import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.record import write_record
from mmrepro.execution.notebook import CHECKED_TAG, refresh_outputs, with_todays_words
from mmrepro.execution.run import RunFiles
from tests.conftest import SLUG
from tests.evidence.factory import record


def printed(text):
    return nbformat.v4.new_output("stream", name="stdout", text=text)


@pytest.fixture
def executed(checkout, tmp_path):
    """A finished run of a notebook with one checked cell, whose committed form has other outputs."""
    checkout.write("print('free')", "print('checked')")
    committed = nbformat.read(checkout.notebook, as_version=4)
    committed.cells[-2].metadata["tags"] = [CHECKED_TAG]
    for cell in committed.cells[3:5]:
        cell.outputs, cell.execution_count = [printed("old")], 7
    nbformat.write(committed, checkout.notebook)
    for cell in committed.cells[3:5]:
        cell.outputs = [printed("new"), nbformat.v4.new_output("execute_result", execution_count=9)]
    files = RunFiles.of(SLUG, "smoke", tmp_path / "runs")
    write_record(record(), files.record)
    nbformat.write(committed, files.notebook)
    files.complete()
    return tmp_path / "runs"


def test_checked_outputs_are_taken_from_the_run_and_all_others_stripped(checkout, executed):
    refresh_outputs(SLUG, "smoke", executed)
    made = nbformat.read(checkout.notebook, as_version=4)
    free, checked = made.cells[3:5]
    assert free.outputs == []
    assert checked.outputs[0].text == "new"
    assert checked.outputs[1].execution_count is None
    assert checked.execution_count == 1  # nbval refuses outputs of a cell without a counter
    others = [cell for cell in made.cells if cell.cell_type == "code" and cell is not checked]
    assert {cell.execution_count for cell in others} == {None}


def test_refreshing_twice_changes_nothing(checkout, executed):
    refresh_outputs(SLUG, "smoke", executed)
    once = checkout.notebook.read_bytes()
    refresh_outputs(SLUG, "smoke", executed)
    assert checkout.notebook.read_bytes() == once


def test_without_a_complete_run_nothing_is_written(checkout, tmp_path):
    before = checkout.notebook.read_bytes()
    with pytest.raises(MMReproError, match="No complete run"):
        refresh_outputs(SLUG, "smoke", tmp_path / "nothing")
    assert checkout.notebook.read_bytes() == before


def notebook(*cells):
    made = {"md": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    found = [made[kind](text, metadata={"tags": tags}) for kind, text, *tags in cells]
    return nbformat.v4.new_notebook(cells=found)


@pytest.fixture
def ran():
    """A run of three cells, the parameters injected after those declared."""
    found = notebook(
        ("md", "Old words."),
        ("code", "a = 1", "parameters"),
        ("code", "a = 2", "injected-parameters", "remove-input"),
        ("code", "print(a)"),
    )
    found.cells[-1].outputs = [printed("2")]
    return found


def test_a_page_has_todays_words_and_the_runs_outputs(ran):
    source = notebook(
        ("md", "New words."),
        ("code", "a = 1", "parameters"),
        ("md", "More."),
        ("code", "print(a)", "hide-input"),
    )
    made = with_todays_words(ran, source)
    assert [cell.source for cell in made.cells] == ["New words.", "a = 1", "a = 2", "More.", "print(a)"]
    assert made.cells[-1].outputs[0].text == "2" and made.cells[-1].metadata.tags == ["hide-input"]
    assert ran.cells[0].source == "Old words." and ran.cells[-1].metadata.tags == []


def test_a_run_of_other_code_stays_as_it_is(ran):
    other = notebook(("md", "New words."), ("code", "a = 1", "parameters"), ("code", "print(a + 1)"))
    assert with_todays_words(ran, other) is ran
