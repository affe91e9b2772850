import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mmrepro.book.prose import unsourced_numbers

from .specimen import PAPER


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


def test_numbers_in_code_cells_are_not_prose():
    assert unsourced_numbers(new_notebook(cells=[new_code_cell("# 72.4")]), PAPER) == []
