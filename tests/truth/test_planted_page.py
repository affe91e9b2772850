"""A false number, planted in a page or what stands beside it, does not reach a reader unseen."""

import copy
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmrepro.book.scoreboard import END, START, readme_is_current, update_readme
from mmrepro.errors import MMReproError
from tests.book.specimen import PAPER, PROJECT, handmade
from tests.truth.conftest import staged

PLOTLY = "application/vnd.plotly.v1+json"


def shown():
    """Give a notebook with every kind of output that holds numbers."""
    notebook = handmade()
    words = {"mmrepro": {"alt": "A line to 72.", "caption": "A line to 72."}}
    plot = {"data": [{"x": [1, 2], "y": [0.61, 0.72]}], "layout": {"title": {"text": "72"}}}
    outputs = [
        new_output("display_data", data={"text/html": "<table><tr><td>0.72</td></tr></table>"}),
        new_output("display_data", data={PLOTLY: plot, "text/plain": "x"}, metadata=words),
        new_output("display_data", data={"image/svg+xml": "<svg><text>0.72</text></svg>"}, metadata=words),
        new_output("display_data", data={"image/png": "MC43Mg=="}, metadata=words),
        new_output("execute_result", data={"text/plain": "0.72"}, execution_count=3),
        new_output("display_data", data={"text/latex": "$0.72$"}),
        new_output("display_data", data={"text/markdown": "**0.72**"}),
        new_output("stream", name="stdout", text="accuracy 0.72"),
    ]
    notebook.cells.append(new_code_cell("everything()", id="all", execution_count=3, outputs=outputs))
    slider = {"model_module": "@jupyter-widgets/controls", "model_name": "IntSliderModel"}
    state = {"a": {**slider, "model_module_version": "2.0.0", "state": {"value": 72, "description": "n"}}}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    return notebook


def outputs_of(notebook):
    return notebook.cells[-1].outputs


PAGE = {
    "a cell of a table": lambda page: outputs_of(page)[0].data.update({"text/html": "<b>0.99</b>"}),
    "a point of an interactive figure": lambda page: (
        outputs_of(page)[1].data[PLOTLY]["data"][0].update(y=[0.61, 0.99])
    ),
    "the title of an interactive figure": lambda page: (
        outputs_of(page)[1].data[PLOTLY]["layout"].update(title={"text": "99"})
    ),
    "a label of a drawing": lambda page: outputs_of(page)[2].data.update(
        {"image/svg+xml": "<svg><text>0.99</text></svg>"}
    ),
    "a picture": lambda page: outputs_of(page)[3].data.update({"image/png": "MC45OQ=="}),
    "a value": lambda page: outputs_of(page)[4].data.update({"text/plain": "0.99"}),
    "a formula": lambda page: outputs_of(page)[5].data.update({"text/latex": "$0.99$"}),
    "Markdown": lambda page: outputs_of(page)[6].data.update({"text/markdown": "**0.99**"}),
    "printed text": lambda page: outputs_of(page)[7].update(text="accuracy 0.99"),
    "a caption": lambda page: outputs_of(page)[1].metadata["mmrepro"].update(caption="A line to 99."),
    "what a figure shows in words": lambda page: outputs_of(page)[1].metadata["mmrepro"].update(alt="To 99."),
    "a widget": lambda page: page.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]["a"][
        "state"
    ].update(value=99),
    "an output of its own": lambda page: outputs_of(page).append(
        new_output("stream", name="stdout", text="0.99")
    ),
}


@pytest.mark.parametrize("plant", PAGE.values(), ids=PAGE)
def test_a_number_planted_in_a_page_stops_the_build(house, plant):
    files = house.keep_run(shown())
    page = nbformat.read(files.notebook, 4)
    plant(page)
    nbformat.write(page, files.notebook)
    with pytest.raises(MMReproError, match=r"toy-fusion\.ipynb was changed after the run"):
        staged(house)


def test_what_was_planted_in_is_a_page_that_could_be_built(house):
    house.keep_run(shown())
    assert "0.72" in (staged(house) / PAPER.notebook_name).read_text()


PROSE = {
    "prose": new_markdown_cell("Early fusion reaches 75.31 %.", id="all"),
    "a caption in code": new_code_cell("show(figure, alt='x', caption='It reaches 75.31 %.')", id="all"),
    "alternative text in code": new_code_cell("show(figure, alt='A line to 75.31.', caption='x')", id="all"),
}


@pytest.mark.parametrize("typed", PROSE.values(), ids=PROSE)
def test_a_result_typed_into_a_notebook_stops_the_build(house, typed):
    source = handmade()
    source.cells.append(copy.deepcopy(typed))
    run = copy.deepcopy(source)
    if typed.cell_type == "code":
        run.cells[-1].execution_count = 3
    house.keep_run(run)
    with pytest.raises(MMReproError, match=r"Chapter toy-fusion, cell 5: 75\.31.* was typed by hand"):
        staged(house)


def test_a_result_typed_into_prose_that_is_younger_than_the_run_stops_the_build(house):
    house.keep_run(handmade())
    (house.root / "notebooks").mkdir()
    for planted, told in (
        ("It reaches 75.31 %.", "typed by hand"),
        ("<script>x</script>", "act in a reader"),
    ):
        source = handmade()
        source.cells[0].source += f"\n\n{planted}"
        nbformat.write(source, house.root / "notebooks" / PAPER.notebook_name)
        with pytest.raises(MMReproError, match=told):
            staged(house)


@pytest.mark.parametrize("planted", ["| 9 | 0 | 0 | 0 | 0 | 0 |", ""])
def test_a_verdict_planted_in_the_readme_is_told(house, planted):
    house.commit_record()
    readme, results = house.root / "README.md", house.root / "results"
    readme.write_text(f"# Title\n\n{START}\n{END}\n")
    update_readme(readme, [PAPER], results)
    assert readme_is_current(readme, [PAPER], results)
    shown_there = "| 2 | 0 | 0 | 0 | 0 | 1 |"
    assert shown_there in readme.read_text()
    readme.write_text(readme.read_text().replace(shown_there, planted))
    assert not readme_is_current(readme, [PAPER], results)


@pytest.mark.parametrize("name", ["scoreboard.csv", "scoreboard.json"])
def test_a_planted_export_is_replaced_by_the_computed_one(published, name):
    honest = (staged(published) / name).read_text()
    (published.root / "book" / name).write_text(honest.replace("71.68", "99.99"))
    assert (staged(published) / name).read_text() == honest


def test_a_table_typed_in_place_of_a_generated_one_stops_the_build(published):
    page = published.root / "book" / "scoreboard.md"
    text = page.read_text()
    typed = "| Claim | Verdict |\n| --- | --- |\n| C1 | reproduced |"
    page.write_text(text.replace("<!-- mmrepro:scoreboard-claims -->", typed))
    with pytest.raises(MMReproError, match="No page of book/ shows 'scoreboard-claims'"):
        staged(published)


@pytest.mark.notebook
@pytest.mark.parametrize(("committed_output", "code"), [("4\n", 0), ("5\n", 1)])
def test_an_output_planted_in_a_committed_notebook_fails_nbval(tmp_path, committed_output, code):
    kept = [new_output("stream", name="stdout", text=committed_output)]
    cell = new_code_cell(
        "print(2 + 2)", execution_count=1, outputs=kept, metadata={"tags": ["nbval-check-output"]}
    )
    kernel = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=[cell], metadata={"kernelspec": kernel}), tmp_path / "a.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "a.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout


def test_no_run_is_committed():
    """A forged run with a marker of its own would pass; so CI makes its runs itself."""
    assert "_build/" in (PROJECT / ".gitignore").read_text().splitlines()
