"""Covers: the picture on a chapter's card is a figure of its own run, that of the cell tagged so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmrepro.book.mime import STILLS, still_content

if TYPE_CHECKING:
    from nbformat import NotebookNode

TAG = "cover"
_FOLDER = "covers"


@dataclass(frozen=True)
class Cover:
    """A picture, the ending of its file's name, and what it shows in words."""

    content: bytes
    suffix: str
    alt: str

    def write(self, target: Path, name: str) -> str:
        """Write the picture below the folder `target` and return its address from there."""
        path = target / _FOLDER / f"{name}.{self.suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.content)
        return f"{_FOLDER}/{path.name}"


def find_cover(notebook: NotebookNode) -> Cover | None:
    """Return the still of the tagged cell; None where no cell is tagged, or it showed none in this run."""
    for cell in notebook.cells:
        if TAG not in cell.metadata.get("tags", []):
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            kind = next((each for each in STILLS if each in data), None)
            if kind is not None:
                alt = output["metadata"].get("mmrepro", {}).get("alt", "")
                return Cover(still_content(kind, data[kind]), STILLS[kind], alt)
    return None
