"""Every chapter has the same parts in the same order, short cells, and no number typed by hand."""

import ast
import re

import nbformat
import yaml

from mmrepro.book.cover import TAG as COVER
from mmrepro.book.prose import unsourced_numbers
from mmrepro.execution.notebook import CHECKED_TAG
from mmrepro.execution.parameter import DECLARED
from mmrepro.papers.settings import settings_class
from mmrepro.project import root

SECTIONS = [
    "In one minute",
    "Parameters",
    "The data",
    "The model",
    "Training",
    "Evaluation",
    "Claims",
    "Explore",
    "Where this differs from the paper",
    "Break it",
    "Exercises",
    "References",
]
BREAKING_TAG = "break-it"
TAGS = {"parameters", CHECKED_TAG, "hide-input", "remove-input", "explore", "exercise", BREAKING_TAG, COVER}
LONGEST_CELL = 25


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def calls(cell, name):
    tree = ast.parse(cell.source)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [node for node in found if isinstance(node.func, ast.Name) and node.func.id == name]


def test_it_is_a_valid_notebook_of_its_chapter(notebook, paper):
    nbformat.validate(notebook)
    assert notebook.metadata.mmrepro.slug == paper.slug
    assert notebook.metadata.kernelspec.name == "python3"


def test_sections_stand_in_the_order_of_the_house(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(re.findall(r"^# .+$", text, re.MULTILINE)) == 1


def test_one_figure_is_the_cover_of_the_chapters_card(notebook):
    (cell,) = (cell for cell in code_cells(notebook) if COVER in cell.metadata.get("tags", []))
    assert calls(cell, "show")


def test_the_title_cell_tells_the_facts_of_the_paper(notebook, paper):
    first = " ".join(notebook.cells[0].source.split())
    assert first.startswith(f"# {paper.short_title}")
    assert paper.title in first
    assert all(author in first for author in paper.authors)
    assert paper.url in first


def test_tags_come_from_the_closed_list(notebook):
    used = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    assert used <= TAGS


def test_one_cell_declares_the_parameters_and_no_other(notebook, paper):
    tagged = [cell for cell in code_cells(notebook) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    names = [node.targets[0].id for node in ast.parse(tagged[0].source).body]
    assert tuple(names) == DECLARED
    assert set(paper.profiles["smoke"]) <= set(settings_class(paper).model_fields)


def test_code_cells_are_short_and_follow_prose(notebook):
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type != "code":
            continue
        assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.source
        follows = before.cell_type == "markdown" or len(before.source.splitlines()) <= LONGEST_CELL
        assert follows, cell.source


def test_no_function_longer_than_a_few_lines_is_defined_in_a_notebook(notebook):
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                assert node.end_lineno - node.lineno < 10, cell.source


def test_only_checked_cells_carry_outputs(notebook):
    for cell in code_cells(notebook):
        checked = CHECKED_TAG in cell.metadata.get("tags", [])
        assert bool(cell.outputs) == checked, cell.source
        assert cell.execution_count == (1 if checked else None)


def test_every_figure_has_words(notebook):
    for cell in code_cells(notebook):
        for call in calls(cell, "show"):
            assert {"alt", "caption"} <= {keyword.arg for keyword in call.keywords}, cell.source
        assert not re.search(r"\bplt\.show\(|\bfig(ure)?\.show\(|\bdisplay\(", cell.source)


def test_no_profile_is_asked_for_in_code(notebook):
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            assert not (isinstance(node, ast.If | ast.IfExp) and "profile" in ast.dump(node.test)), (
                cell.source
            )


def test_no_result_is_typed_by_hand(notebook, paper):
    assert unsourced_numbers(notebook, paper) == []


def test_a_planted_result_is_found(notebook, paper):
    notebook.cells.append(nbformat.v4.new_markdown_cell("Early fusion reaches 75.31 % here."))
    assert len(unsourced_numbers(notebook, paper)) == 1


def test_three_exercises_and_the_record_are_there(notebook):
    source = "\n".join(cell.source for cell in code_cells(notebook))
    assert sum("exercise" in cell.metadata.get("tags", []) for cell in code_cells(notebook)) == 3
    assert source.count("chapter.conclude()") == 1


def test_one_cell_makes_a_wrong_choice_and_shows_it_in_a_table(notebook):
    tagged = [cell for cell in code_cells(notebook) if BREAKING_TAG in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    choice = tagged[0].source.splitlines()[0]
    assert choice.startswith("wrong = ") and "#" in choice, (
        "the first line names the choice and what else to try"
    )
    last = ast.parse(tagged[0].source).body[-1]
    assert isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)
    assert isinstance(last.value.func, ast.Name) and last.value.func.id == "table"
    assert not re.search(r"chapter\.(measure|estimate)", tagged[0].source), "a wrong choice is no result"


def test_the_chapter_is_in_the_table_of_contents(paper):
    contents = yaml.safe_load((root() / "_toc.yml").read_text())
    files = {chapter["file"] for part in contents["parts"] for chapter in part["chapters"]}
    assert paper.notebook_name.removesuffix(".ipynb") in files
