"""A small checkout for benchmarks: manifests, the lock file, and short notebooks of the book's chapters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat

from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.project import root

PARAMETERS = 'profile = "smoke"\nseeds = None\ndevice = None\noverrides = {}'
OPEN = 'from mmrepro import open_chapter\nchapter = open_chapter("{slug}", profile, seeds, device, overrides)'
CONCLUDE = "chapter.conclude()"


def small_checkout(folder: Path, cells: Sequence[str], chapters: int) -> list[str]:
    """Lay out notebooks of the first `chapters`, which open one, run `cells` and conclude; return slugs."""
    for name in ("data_manifests", "requirements.lock"):
        (folder / name).symlink_to(root() / name)
    (folder / "notebooks").mkdir()
    slugs = paper_slugs()[:chapters]
    for slug in slugs:
        sources = [OPEN.format(slug=slug), *cells, CONCLUDE]
        first = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        metadata = {"kernelspec": kernel, "mmrepro": {"slug": slug}}
        made = nbformat.v4.new_notebook(
            cells=[first, *map(nbformat.v4.new_code_cell, sources)], metadata=metadata
        )
        nbformat.write(made, folder / "notebooks" / load_paper(slug).notebook_name)
    return slugs
