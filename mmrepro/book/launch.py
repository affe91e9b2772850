"""Launchable copies of the chapters: without outputs, with a first cell that gets what is missing."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmrepro.book import set_up
from mmrepro.book.repository import Repository
from mmrepro.errors import MMReproError
from mmrepro.papers.paper import Paper

if TYPE_CHECKING:
    from nbformat import NotebookNode

_TITLE = "#@title Set up: does nothing where mmrepro can be imported, else says what it does, then does it"


def write_launchable(papers: Sequence[Paper], notebooks: Path, repository: Repository, target: Path) -> None:
    """Write a launchable copy of every chapter of the folder `notebooks` into the new folder `target`.

    Raises
    ------
    MMReproError
        When a chapter has no notebook.
    """
    import nbformat

    target.mkdir()
    for paper in papers:
        source = notebooks / paper.notebook_name
        if not source.is_file():
            raise MMReproError(f"Chapter {paper.slug} has no notebook {source}.")
        nbformat.write(
            launchable(nbformat.read(source, as_version=4), repository), target / paper.notebook_name
        )


def launchable(notebook: NotebookNode, repository: Repository) -> NotebookNode:
    """Return a copy of `notebook` without outputs, the set-up cell on top."""
    from nbformat.v4 import new_code_cell

    copied = without_outputs(notebook)
    # Code hidden, in JupyterLab and in Colab: what matters of it is what it prints.
    hidden = {"jupyter": {"source_hidden": True}, "cellView": "form"}
    copied.cells.insert(0, new_code_cell(set_up_code(repository), id="set-up", metadata=hidden))
    return copied


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of `notebook` as if never run."""
    copied = copy.deepcopy(notebook)
    copied.metadata.pop("widgets", None)
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copied


def set_up_code(repository: Repository) -> str:
    """Return the set-up cell: the source of `mmrepro.book.set_up`, and its call for this repository."""
    source = inspect.getsource(set_up)
    body = source[source.index("from __future__") :]
    return f"{_TITLE}\n{body}\n\nset_up({repository.url!r}, {repository.branch!r})"
