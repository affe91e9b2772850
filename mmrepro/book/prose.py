"""Prose check: a result in a chapter's words must come from `paper.yml`, never from a keyboard."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mmrepro.papers.paper import Paper

if TYPE_CHECKING:
    from nbformat import NotebookNode

_CONTEXT = 30
_SPOKEN = ("alt", "caption")  # arguments of what shows a figure or a table
# What is not prose, or holds numbers that are no results; in the order in which it is taken out.
_NOT_RESULTS = tuple(
    re.compile(pattern, re.DOTALL | re.IGNORECASE | re.MULTILINE)
    for pattern in (
        r"^(`{3,}|~{3,}).*?^\1",
        r"(`+).+?\1",
        r"\$\$.+?\$\$",
        r"\\begin\{(\w+\*?)\}.+?\\end\{\1\}",
        r"(?<![\\$])\$[^$\n]+\$",
        r"<[^>\n]+>",
        r"\]\([^)\s]*(\s+\"[^\"]*\")?\)",
        r"https?://\S+",
        r"\bdoi:\s*\S+",
        r"\b\d{4}\.\d{4,5}(v\d+)?\b",  # arXiv
        r"\bv?\d+(\.\d+){2,}\b",
        r"\bv\d+(\.\d+)+\b",
        r"\b(version|python|pytorch|torch|numpy|plotly|cuda|apache|cc[ -]by(-\w+)*)[ -]v?\d+(\.\d+)*",
        r"(§\s*|\b(sections?|sec\.|tables?|tab\.|figures?|fig\.|equations?|eqs?\.|appendix|chapters?)\s+)"
        r"\d+(\.\d+)+",
        r"\b\d+(\.\d+)?\s*%\s+(confidence|prediction|credible|interval|bootstrap|student)",
    )
)
# Beside a figure or table, the line that it is held to.
_ASKED_FOR = re.compile(r"\b(the usual|must be [^.;]*\b(above|below))\s+\d+(\.\d+)?(\s*%)?", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?P<percent>\s?%)?(?![\w]|\.\d)")


def unsourced_numbers(notebook: NotebookNode, paper: Paper) -> list[str]:
    """List the decimals and percentages in a chapter's prose that `paper.yml` does not hold.

    Words that code puts beside a figure or table (``alt``, ``caption``) count as prose, but for the line
    that these are held to. A percentage may stand there as such or as a share of one. Code, mathematics,
    addresses, versions, numbers of sections and levels of intervals are left out.

    Returns
    -------
    list of str
        One line a number: the cell (counted from 1), the number and the words around it.
    """
    known = set(_numbers(paper.model_dump()))
    return [
        f"cell {number}: {found} in “{context}”"
        for number, cell in enumerate(notebook.cells, start=1)
        for words in _words(cell)
        for value, found, context in typed_results(words)
        if not {value, round(value / 100, 12)} & known
    ]


def _words(cell: NotebookNode) -> Iterator[str]:
    """Yield what a reader of a cell is told in words that somebody typed."""
    if cell.cell_type == "markdown":
        yield cell.source
    elif cell.cell_type == "code":
        for node in ast.walk(_parsed(cell.source)):
            if isinstance(node, ast.keyword) and node.arg in _SPOKEN:
                parts = [part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant)]
                words = " ".join(part for part in parts if isinstance(part, str))
                yield _ASKED_FOR.sub(" ", words)


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # IPython's own lines, which show no figure
        return ast.parse("")


def typed_results(text: str) -> Iterator[tuple[float, str, str]]:
    """Yield each decimal or percentage: its value, its spelling and its surroundings."""
    for pattern in _NOT_RESULTS:
        text = pattern.sub(" ", text)
    for match in _NUMBER.finditer(text):
        if "." in match["number"] or match["percent"]:
            around = text[max(0, match.start() - _CONTEXT) : match.end() + _CONTEXT]
            yield float(match["number"].replace(",", "")), match[0], " ".join(around.split())


def _numbers(content: Any) -> Iterator[float]:
    """Yield every number in `content`, also those inside its sentences."""
    if isinstance(content, bool):
        return
    if isinstance(content, int | float):
        yield float(content)
    elif isinstance(content, str):
        yield from (float(match["number"].replace(",", "")) for match in _NUMBER.finditer(content))
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from _numbers(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _numbers(value)
