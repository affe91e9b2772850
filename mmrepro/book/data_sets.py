"""The page of data: every data set that a chapter can use, from the manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmrepro.book.markup import scrolling, table
from mmrepro.data.hub import REPOSITORIES
from mmrepro.data.manifest import DatasetEntry, Manifest
from mmrepro.papers.paper import Paper


def data_markdown(papers: Sequence[Paper], manifests: Mapping[str, Manifest]) -> str:
    """Write a section a chapter: its data sets with licence, access, tier and size, then what each is.

    Parameters
    ----------
    manifests
        By slug.
    """
    ordered = sorted(papers, key=lambda paper: paper.number)
    return "\n\n".join(_chapter(paper, manifests[paper.slug]) for paper in ordered)


def needs_markdown(papers: Sequence[Paper], manifests: Mapping[str, Manifest]) -> str:
    """Tabulate what only the reader can supply: chapter, data set, licence, variable, and how to get it."""
    header = ["Chapter", "What", "Licence", "Variable", "How"]
    body = [
        [
            str(paper.number),
            entry.title,
            entry.licence,
            f"`{entry.variable}`",
            _how(f"{paper.slug}/{name}", entry),
        ]
        for paper in sorted(papers, key=lambda paper: paper.number)
        for name, entry in manifests[paper.slug].datasets.items()
        if entry.variable
    ]
    return scrolling(table(header, body), "mm-needs full-width") if body else "Nothing."


def _how(target: str, entry: DatasetEntry) -> str:
    repository = REPOSITORIES.get(entry.variable or "")
    if repository is None:
        return "[by hand](data.md)"
    revision = repository.revision[:7]
    link = f"https://huggingface.co/{repository.name}/tree/{repository.revision}"
    return f"`mmrepro data weights {target}` from [{repository.name}]({link}) at {revision}"


def _chapter(paper: Paper, manifest: Manifest) -> str:
    header = ["Data set", "Licence", "Access", "Tier", "Size"]
    body = [
        [f"**{entry.title}** (`{name}`)", entry.licence, _access(entry), entry.tier, _size(entry)]
        for name, entry in manifest.datasets.items()
    ]
    told = "\n".join(_told(name, entry) for name, entry in manifest.datasets.items())
    heading = f"## {paper.number}. {paper.short_title}"
    rows = scrolling(table(header, body), "mm-data full-width")
    return f"{heading}\n\n{rows}\n\n:::{{div}} mm-told\n{told}\n:::"


def _access(entry: DatasetEntry) -> str:
    """Say how one gets at the data, with the place to ask at where they are gated."""
    if entry.gate is not None:
        return f"{entry.access}: [accept the terms]({entry.gate.where})"
    return entry.access


def _size(entry: DatasetEntry) -> str:
    units = (*entry.files, *((entry.tree,) if entry.tree else ()))
    if not units:
        return "yours" if entry.variable else "–"
    megabytes = sum(unit.bytes for unit in units) / 1e6
    return f"{megabytes:.1f} MB" if megabytes >= 0.05 else f"{1000 * megabytes:.0f} kB"


def _told(name: str, entry: DatasetEntry) -> str:
    """Write a data set's entry below the table: what it is, its citation, what its licence leaves open."""
    note = f" *{' '.join(entry.licence_note.split())}*" if entry.licence_note else ""
    return (
        f"`{name}`\n: {' '.join(entry.description.split())}\n\n  {' '.join(entry.citation.split())}{note}\n"
    )
