"""The committed notebooks: no outputs, but for the cells whose outputs are a specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from mmrepro.execution.run import RunFiles
from mmrepro.files import write_atomic
from mmrepro.papers.paper import load_paper
from mmrepro.project import root

CHECKED_TAG = "nbval-check-output"


def refresh_outputs(slug: str, profile: str, folder: Path) -> None:
    """Write the outputs of checked cells from a run into the committed notebook, and strip the others."""
    executed, _ = RunFiles.of(slug, profile, folder).read()
    by_id = {cell["id"]: cell for cell in executed.cells if "id" in cell}
    path = root() / "notebooks" / load_paper(slug).notebook_name
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            checked = CHECKED_TAG in cell.metadata.get("tags", [])
            # nbval refuses outputs of a cell that was never run, so the counter must stand there.
            cell.execution_count = 1 if checked else None
            cell.outputs = _told(by_id[cell["id"]].outputs) if checked else []
    write_atomic(path, nbformat.writes(notebook) + "\n")


def with_todays_words(executed: NotebookNode, source: NotebookNode) -> NotebookNode:
    """Return a run's notebook with prose, display tags and order of the source it was made from.

    They are not part of the run's key, so a run may be older than they are. Where the code of the source
    is no longer that of the run, the run's notebook is returned as it is.
    """
    done = [cell for cell in executed.cells if cell.cell_type == "code"]
    injected = [cell for cell in done if _is_injected(cell)]
    asked = [cell for cell in done if not _is_injected(cell)]
    if [cell.source for cell in asked] != [cell.source for cell in source.cells if cell.cell_type == "code"]:
        return executed
    remaining, cells = iter(asked), []
    for cell in source.cells:
        if cell.cell_type != "code":
            cells.append(cell)
            continue
        found, tags = next(remaining), cell.metadata.get("tags", [])
        cells.append(NotebookNode(found | {"metadata": NotebookNode(found.metadata | {"tags": tags})}))
        if "parameters" in tags:
            cells += injected
    return NotebookNode(executed | {"cells": cells})


def _is_injected(cell: NotebookNode) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", [])


def _told(outputs: list[Any]) -> list[Any]:
    """Drop the counters, which change with every inserted cell."""
    for output in outputs:
        if "execution_count" in output:
            output["execution_count"] = None
    return outputs
