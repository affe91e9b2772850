"""The whole book as one HTML page, to be printed: every page's article, its ids and links made its own."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

# The scripts that draw something, in the order they need; a page has those that it uses.
_DRAWING = (
    "vendor/plotly.min.js",
    "figures.js",
    "window.require =",
    "window.MathJax =",
    "vendor/tex-svg-full.js",
    "vendor/require.js",
    "vendor/embed-amd.js",
)
_STATE = 'script[type="application/vnd.jupyter.widget-state+json"]'
_NAMES = ("id", "for", "data-figure", "aria-labelledby", "aria-describedby", "aria-controls")
# What works only on a screen.
_SCREEN = "a.headerlink, button, noscript, details.hide > summary"


def joined_page(pages: Sequence[Path], title: str) -> str:
    """Return one page with the articles of `pages`, in this order, in the light theme.

    Links between these pages lead inside; links to other files of the book become plain text.

    Parameters
    ----------
    pages
        Rendered pages of one folder, in which the result must be opened: it asks for their files.
    """
    from bs4 import BeautifulSoup

    soups = {path.stem: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in pages}
    articles = "\n".join(_article(stem, soup, set(soups)) for stem, soup in soups.items())
    head = "\n".join(_head(list(soups.values())))
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light" data-mode="light">
<head><meta charset="utf-8"><title>{html.escape(title)}</title>
{head}
</head>
<body><main class="bd-main"><div class="bd-content"><div class="bd-article-container">
{articles}
</div></div></main></body>
</html>
"""


def _head(soups: Sequence[BeautifulSoup]) -> list[str]:
    """Collect the style sheets, the scripts that draw, and the states of all widgets."""
    styles = dict.fromkeys(str(link) for soup in soups for link in soup.select('link[rel="stylesheet"]'))
    scripts = [script for soup in soups for script in soup.select("head script")]
    drawing = [
        next((str(script) for script in scripts if part in f"{script.get('src')} {script.string}"), "")
        for part in _DRAWING
    ]
    states = [str(state) for soup in soups for state in soup.select(_STATE)]
    return [*styles, *drawing, *states]


def _article(stem: str, soup: BeautifulSoup, stems: set[str]) -> str:
    article = soup.select_one("article.bd-article")
    if article is None:
        return ""
    for each in article.select(_SCREEN):
        each.decompose()
    for name in _NAMES:
        for each in article.select(f"[{name}]"):
            each[name] = " ".join(f"{stem}--{word}" for word in str(each[name]).split())
    for link in article.select("a[href]"):
        _lead(link, stem, stems)
    for closed in article.select("details"):
        closed["open"] = ""
    for cell in article.select("details.hide"):
        cell.name = "div"  # without its summary, a browser would write one
    article["id"] = f"{stem}--"
    return str(article)


def _lead(link: Tag, stem: str, stems: set[str]) -> None:
    """Let a link lead to its place in the joined page."""
    target = urlsplit(str(link["href"]))
    if target.scheme or target.netloc:
        return
    page = Path(target.path).stem if target.path else stem
    if page in stems and Path(target.path).suffix in ("", ".html"):
        link["href"] = f"#{page}--{unquote(target.fragment)}"
    else:
        del link["href"]
