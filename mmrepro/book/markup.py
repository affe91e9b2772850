"""Pieces of Markdown that several pages of the book share."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; cells may hold inline Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def scrolling(markdown: str, name: str = "") -> str:
    """Let a wide table scroll by itself on a narrow screen."""
    return f":::{{div}} mm-scroll {name}".rstrip() + f"\n{markdown}\n:::"


def box(title: str, text: str, kind: str) -> str:
    """Write a call-out box of a Sphinx `kind` such as ``note``."""
    return f"::::{{admonition}} {title}\n:class: {kind}\n\n{text}\n::::"
