"""What a notebook must be before its outputs may be published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mmrepro.book.harmless import harm_in_html, harm_in_markdown, harm_in_svg
from mmrepro.book.mime import PLOTLY, STILLS
from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    from nbformat import NotebookNode

_FINDERS = {"text/html": harm_in_html, "text/markdown": harm_in_markdown, "image/svg+xml": harm_in_svg}
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_SHOWN = {PLOTLY, *STILLS, *_FINDERS, _WIDGET_VIEW, "text/plain", "text/latex"}
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
        for problem in _problems(cell) if cell.cell_type == "code" else _harm({"text/markdown": cell.source}):
            raise MMReproError(f"Chapter {slug}, cell {number} {problem}")
    _refuse_foreign_widgets(notebook, slug)
    _refuse_acting_widgets(notebook, slug)


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
        yield from _harm(output.get("data", {}))
        yield from _harm({"text/markdown": words.get("caption", "")})


def _harm(data: Mapping[str, Any]) -> Iterator[str]:
    """Tell what in an output, or in prose, may not reach a page."""
    for kind, content in data.items():
        if kind not in _SHOWN:
            yield f"shows {kind}, which is no kind of output that a page of the book can have."
        text = "".join(content) if isinstance(content, list) else str(content)
        harm = _FINDERS[kind](text) if kind in _FINDERS else None
        if harm:
            yield f"holds {harm}, which could act in a reader's browser; show text, tables and figures only."


def _widget_models(notebook: NotebookNode) -> dict[str, Any]:
    state: dict[str, Any] = notebook.metadata.get("widgets", {}).get(_WIDGET_STATE, {}).get("state", {})
    return state


def _refuse_acting_widgets(notebook: NotebookNode, slug: str) -> None:
    """Refuse HTML in a widget that is not harmless: in a page it is shown as it stands."""
    for model in _widget_models(notebook).values():
        state = model.get("state", {})
        shown = [state.get("value", "")] if "HTML" in model.get("model_name", "") else []
        shown += [state.get("description", "")] if state.get("description_allow_html") else []
        for output in state.get("outputs", []):
            shown += [text for kind, text in output.get("data", {}).items() if kind == "text/html"]
        for harm in filter(None, map(harm_in_html, map(str, shown))):
            raise MMReproError(
                f"Chapter {slug} has a widget with {harm}, which could act in a reader's browser; "
                "put text into it with html.escape."
            )


def _refuse_foreign_widgets(notebook: NotebookNode, slug: str) -> None:
    foreign = sorted({model["model_module"] for model in _widget_models(notebook).values()} - _SERVED_WIDGETS)
    if foreign:
        raise MMReproError(
            f"Chapter {slug} uses widgets of {', '.join(foreign)}, which a page could only load from "
            "outside; use those of ipywidgets itself."
        )
