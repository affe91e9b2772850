"""What a notebook must be before its outputs may be published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mmrepro.book.mime import PLOTLY, STILLS
from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    from nbformat import NotebookNode

_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
# These are in the widget library that the book serves; any other would come from outside.
_SERVED_WIDGETS = {"@jupyter-widgets/base", "@jupyter-widgets/controls", "@jupyter-widgets/output"}


def refuse_unsound(notebook: NotebookNode, slug: str) -> None:
    """Refuse a chapter that failed, was not fully run, or that not every reader could read.

    Raises
    ------
    MMReproError
        Naming the chapter, the cell (counted from 1) and what is wrong.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        for problem in _problems(cell):
            raise MMReproError(f"Chapter {slug}, cell {number} {problem}")
    _refuse_foreign_widgets(notebook, slug)


def _problems(cell: NotebookNode) -> Iterator[str]:
    if cell.source.strip() and cell.execution_count is None:
        yield "was not executed; run the chapter again."
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"ended with {output.ename}: {output.evalue}; only a run without errors is published."
        shown = {PLOTLY, *STILLS} & set(output.get("data", {}))
        words: dict[str, Any] = output.get("metadata", {}).get("mmrepro", {})
        if shown and not words.get("alt"):
            yield f"shows {shown.pop()} without alt text; display it with mmrepro.display.figure.show."


def _refuse_foreign_widgets(notebook: NotebookNode, slug: str) -> None:
    state = notebook.metadata.get("widgets", {}).get(_WIDGET_STATE, {}).get("state", {})
    foreign = sorted({model["model_module"] for model in state.values()} - _SERVED_WIDGETS)
    if foreign:
        raise MMReproError(
            f"Chapter {slug} uses widgets of {', '.join(foreign)}, which a page could only load from "
            "outside; use those of ipywidgets itself."
        )
