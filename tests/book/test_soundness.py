import pytest
from nbformat.v4 import new_output

from mmrepro.book.soundness import refuse_unsound
from mmrepro.errors import MMReproError

from .specimen import handmade


def test_accepts_a_sound_notebook():
    refuse_unsound(handmade(), "toy-fusion")


def test_refuses_an_error_output():
    notebook = handmade()
    notebook.cells[1].outputs = [new_output("error", ename="ZeroDivisionError", evalue="division by zero")]
    with pytest.raises(MMReproError, match=r"toy-fusion, cell 2 ended with ZeroDivisionError: division by"):
        refuse_unsound(notebook, "toy-fusion")


def test_refuses_a_cell_that_was_not_executed():
    notebook = handmade()
    notebook.cells[3].source = "1 + 1"
    with pytest.raises(MMReproError, match="cell 4 was not executed"):
        refuse_unsound(notebook, "toy-fusion")


@pytest.mark.parametrize(("cell", "kind"), [(1, "image/svg"), (2, "vnd.plotly")])
@pytest.mark.parametrize("words", [{}, {"mmrepro": {"alt": "", "caption": "c"}}])
def test_refuses_a_figure_without_alt_text(cell, kind, words):
    notebook = handmade()
    notebook.cells[cell].outputs[0].metadata = words
    with pytest.raises(MMReproError, match=rf"cell {cell + 1} shows .*{kind}.* without alt text"):
        refuse_unsound(notebook, "toy-fusion")


@pytest.mark.hostile("widgets that a page would load from outside", "the chapter is refused")
def test_refuses_widgets_that_would_come_from_outside():
    notebook = handmade()
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {
            "state": {
                "a": {"model_module": "@jupyter-widgets/controls"},
                "b": {"model_module": "anywidget"},
            }
        }
    }
    with pytest.raises(MMReproError, match="uses widgets of anywidget"):
        refuse_unsound(notebook, "toy-fusion")
