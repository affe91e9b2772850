import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mmrepro.book.prose import typed_results, unsourced_numbers
from mmrepro.evidence.verdict import ALPHA

from .specimen import PAPER, PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "book").glob("*.md"))]
# What the rule itself asks for: `verdicts.md` explains it.
LEVELS = {ALPHA, 100 * (1 - ALPHA)}


def found(text):
    return unsourced_numbers(new_notebook(cells=[new_markdown_cell(text)]), PAPER)


@pytest.mark.parametrize("text", ["We reach 72.4 here.", "It is right in 80 % of cases.", "About 80% agree."])
def test_a_typed_result_is_reported(text):
    assert len(found(text)) == 1


def test_the_report_names_cell_number_and_context():
    notebook = new_notebook(cells=[new_markdown_cell("Fine."), new_markdown_cell("We reach 72.4 % here.")])
    assert unsourced_numbers(notebook, PAPER) == ["cell 2: 72.4 % in “We reach 72.4 % here.”"]


@pytest.mark.parametrize(
    "text",
    [
        "The paper reports 71.87 %.",
        "A share of 0.0564 is not known, but see `0.0564` and $x = 0.5$ and $$y = 0.25$$.".replace(
            "0.0564 is", "5.64 is"
        ),
        "```python\nlr = 0.001\n```",
        "\\begin{align}\na &= 0.5\n\\end{align}",
        "[arXiv:2501.08085](https://arxiv.org/abs/2501.08085) and <https://example.org/1.5>",
        "See arXiv 2501.08085v2, Section 3.1, Table 4.2 and §2.2.",
        "Python 3.11 and version 2.0, or v1.2; CC BY 4.0; numpy 2.1.3.",
        "The 95 % interval, and the 90 % confidence interval.",
        "Three of 12 models, in 2025, over 4,662 segments.",
        "![picture](figure-1.5.png)",
    ],
)
def test_what_is_no_typed_result_passes(text):
    assert found(text) == []


def test_a_percentage_may_stand_in_the_paper_as_a_share():
    paper = PAPER.model_copy(update={"tolerances": {"accuracy": 0.305}})
    notebook = new_notebook(cells=[new_markdown_cell("It is 30.5 %.")])
    assert unsourced_numbers(notebook, paper) == []


def test_in_prose_what_is_asked_for_is_a_number_like_others():
    assert len(found("The usual 80 %; it must be above 0.2.")) == 2


def test_numbers_in_code_cells_are_not_prose():
    assert unsourced_numbers(new_notebook(cells=[new_code_cell("# 72.4")]), PAPER) == []


@pytest.mark.parametrize(
    "code",
    [
        "show(figure, alt='x', caption='Accuracy reaches 72.4 %.')",
        "show(figure, alt=f'A line to 72.4 at {place}.', caption='x')",
        "table(frame, caption='One. ' 'Two: 72.4 %.')",
    ],
)
def test_a_result_typed_beside_a_figure_is_reported(code):
    assert len(unsourced_numbers(new_notebook(cells=[new_code_cell(code)]), PAPER)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "show(figure, alt='x', caption=f'Accuracy reaches {score:.1f} %, {0.5 * score} half.')",
        "show(figure, alt='The paper has 71.87 %.', caption='x')",
        "show(figure, alt='x', caption='Grey: the usual 80 %; each must be positive, and above 0.2.')",
        "%matplotlib inline",
    ],
)
def test_what_code_computes_or_the_paper_says_passes_beside_a_figure(code):
    assert unsourced_numbers(new_notebook(cells=[new_code_cell(code)]), PAPER) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_of_the_book_types_a_result(page):
    found = [told for value, *told in typed_results(page.read_text()) if value not in LEVELS]
    assert found == []
