"""A chapter's page: its executed notebook with the mark, the note and the foot that records decide."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable
from importlib.metadata import metadata
from typing import TYPE_CHECKING

from mmrepro.book.markup import box, scrolling, table
from mmrepro.book.scoreboard import PUBLISHED, chapter_mark
from mmrepro.errors import MMReproError
from mmrepro.evidence.record import RunRecord

if TYPE_CHECKING:
    from nbformat import NotebookNode

_HEADING = re.compile(r"^# +(?P<title>\S.*)$", re.MULTILINE)
_CITATION = re.compile(r"(?P<role>\{cite(:\w+)?\})`(?P<keys>[^`]+)`")
_BIBLIOGRAPHY = re.compile(r"^```\{bibliography\}$", re.MULTILINE)
_EQUATION = re.compile(r"^\$\$.+?\$\$[ \t]*(?P<label>\([^)\n]+\)[ \t]*)?$", re.MULTILINE | re.DOTALL)
_RESUMED = " for what a killed run before it had left to do"
_WORDS_A_MINUTE = 230  # of readers of technical English
# Everything else, such as papermill's folders, belongs to the machine of the run.
_NOTEBOOK_METADATA = ("kernelspec", "language_info", "widgets")


def chapter_page(
    notebook: NotebookNode,
    record: RunRecord,
    published: RunRecord | None,
    is_stale: Callable[[RunRecord], bool],
) -> NotebookNode:
    """Dress an executed notebook for the book.

    Parameters
    ----------
    record
        Of the run that `notebook` shows.
    published
        The committed `cpu` record, where there is one: it decides the mark of the heading.
    is_stale
        Tells whether the sources have changed since a record was made.
    """
    from nbformat.v4 import new_markdown_cell

    page = copy.deepcopy(notebook)
    page.metadata = {key: page.metadata[key] for key in _NOTEBOOK_METADATA if key in page.metadata}
    for cell in page.cells:
        cell.metadata = {key: cell.metadata[key] for key in ("tags",) if key in cell.metadata}
    mark = chapter_mark(published or record)
    notes = [_times(page, record)]
    if record.profile != PUBLISHED:
        notes.append(_profile_note(record, published))
    title = _dress_heading(page, record.slug, mark, "\n\n".join(notes))
    _keep_references(page, record.slug)
    _number_equations(page, record.slug)
    page.cells.append(new_markdown_cell(_foot(record, published, is_stale), id="provenance"))
    page.cells.append(new_markdown_cell(_citation(title, published or record), id="citation"))
    return page


def _times(page: NotebookNode, record: RunRecord) -> str:
    """Say how long the page takes to read, and how long its run took."""
    words = sum(len(cell.source.split()) for cell in page.cells if cell.cell_type == "markdown")
    minutes = max(1, round(words / _WORDS_A_MINUTE))
    took = f"took {_duration(record.wall_s)}{_RESUMED * record.resumed}"
    return f"*{minutes} min to read; the run behind this page {took}.*"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _dress_heading(page: NotebookNode, slug: str, mark: str, note: str) -> str:
    """Put the mark into the heading and the note below it; return the title as it was."""
    for cell in page.cells:
        found = _HEADING.search(cell.source) if cell.cell_type == "markdown" else None
        if found:
            # Escaped, for a bracket would start a link.
            shown = mark.replace("[", "\\[").replace("]", "\\]")
            heading = f"# {shown} {found['title']}\n\n{note}".rstrip()
            cell.source = f"{cell.source[: found.start()]}{heading}\n{cell.source[found.end() :]}"
            return found["title"]
    raise MMReproError(f"Chapter {slug} has no heading; start its first Markdown cell with `# Title`.")


def _keep_references(page: NotebookNode, slug: str) -> None:
    """Let citations lead to the chapter's own references, though another chapter cites the same work."""

    def own(found: re.Match[str]) -> str:
        keys = ",".join(f"{slug}-{key.strip()}" for key in found["keys"].split(","))
        return f"{found['role']}`{keys}`"

    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = _CITATION.sub(own, cell.source)
            cell.source = _BIBLIOGRAPHY.sub(rf"\g<0>\n:keyprefix: {slug}-", cell.source)


def _number_equations(page: NotebookNode, slug: str) -> None:
    """Label the displayed equations that have no label: in a notebook it would stand there as text."""
    numbers = itertools.count(1)

    def labelled(found: re.Match[str]) -> str:
        return found[0] if found["label"] else f"{found[0].rstrip()} ({slug}-{next(numbers)})"

    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = _EQUATION.sub(labelled, cell.source)


def _profile_note(record: RunRecord, published: RunRecord | None) -> str:
    shows = f"The figures and numbers below come from the `{record.profile}` run"
    if record.profile == "smoke":
        shows += ", which only checks that every step works"
    where = "There is no published `cpu` result yet."
    if published is not None:
        where = (
            f"The published `cpu` result, of {published.started:%Y-%m-%d}, is on the "
            "[scoreboard](scoreboard.md), and it decides the mark in the heading."
        )
    return box(f"This page shows a {record.profile} run", f"{shows}. {where}", "warning")


def _foot(record: RunRecord, published: RunRecord | None, is_stale: Callable[[RunRecord], bool]) -> str:
    """Tell where the numbers come from, for this run and the committed record side by side."""
    columns = {f"This page ({record.profile})": _origin(record, is_stale)}
    if published is not None:
        columns[f"Committed record ({PUBLISHED})"] = _origin(published, is_stale)
    names = next(iter(columns.values()))
    rows = [[name, *(column[name] for column in columns.values())] for name in names]
    text = scrolling(table(["", *columns], rows), "mm-origin")
    if published is None:
        text += "\n\nNo `cpu` record of this chapter is committed yet."
    elif published.digest == record.digest:
        text += "\n\nThis run repeats the committed record to the digit."
    return box("Where these numbers come from", text, "note")


def _citation(title: str, record: RunRecord) -> str:
    """Say how to cite the chapter; the paper that it re-runs is cited beside it."""
    book = metadata("mmrepro")
    told = (
        f"{book['Author']} ({record.started:%Y}). *{title}*. In: {book['Name']} {book['Version']}, "
        f"{book['Summary'].rstrip('.')}. Run `{record.code.key[:16]}`."
    )
    return box("Cite this chapter", f"{told} Cite the paper, too.", "tip")


def _origin(record: RunRecord, is_stale: Callable[[RunRecord], bool]) -> dict[str, str]:
    ran = record.environment
    commit = f"`{record.code.commit[:12]}`" if record.code.commit else "not under version control"
    packages = ", ".join(f"{name} {version}" for name, version in sorted(ran.packages.items()))
    return {
        "Run": f"{record.started:%Y-%m-%d %H:%M}, {record.wall_s:.0f} s{_RESUMED * record.resumed}",
        "Stages": _cost(record),
        "Key": f"`{record.code.key[:16]}`",
        "Source changed since": "**yes: stale**" if is_stale(record) else "no",
        "Commit": commit + (" with uncommitted changes" if record.code.dirty else ""),
        "Seeds": ", ".join(map(str, record.seeds)),
        "Machine": f"{ran.cpu}, {ran.cores} cores, device {ran.device}, {ran.platform}",
        "Software": f"Python {ran.python}; {packages}",
    }


def _cost(record: RunRecord) -> str:
    """Sum up what the measured stages took."""
    stages = record.stages
    if not stages:
        return "not measured"
    gpu = [each for each in stages if each.gpu_mb is not None]
    cpu, peak = sum(each.cpu_s for each in stages), max(each.peak_mb for each in stages)
    told = f"{cpu:.0f} s of CPU, peak {peak:.0f} MB"
    if not gpu:
        return f"{told}, no GPU"
    energy = [each.gpu_j for each in gpu if each.gpu_j is not None]
    took = f"{sum(energy) / 1000:.1f} kJ" if len(energy) == len(gpu) else "energy not measured"
    wall, peak = sum(each.wall_s for each in gpu), max(each.gpu_mb or 0.0 for each in gpu)
    return f"{told}; with a GPU {wall:.0f} s, peak {peak:.0f} MB, {took}"
