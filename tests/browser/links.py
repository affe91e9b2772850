"""Whether the links of a page lead somewhere, without a browser."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup


def dead_links(page: Path) -> list[str]:
    """List the links of `page` whose file, or place in a file, is not there, and malformed addresses."""
    html = BeautifulSoup(page.read_text(encoding="utf-8"), "lxml")
    return [
        target
        for target in dict.fromkeys(each["href"] for each in html.select("a[href], link[href]"))
        if not _leads(page, target)
    ]


def _leads(page: Path, target: str) -> bool:
    parts = urlsplit(target)
    if parts.scheme in ("http", "https"):
        return "." in parts.netloc
    if parts.scheme:
        return parts.scheme in ("mailto", "data", "blob")
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    if not path.is_file():
        return False
    return path.suffix != ".html" or parts.fragment in {"", *_places(path)}


@cache
def _places(path: Path) -> frozenset[str]:
    html = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
    return frozenset(each["id"] for each in html.select("[id]"))
