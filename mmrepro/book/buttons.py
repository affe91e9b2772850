"""Sphinx extension: a page's edit and launch buttons lead to the files that it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

PAGES = "book"  # the folder of plain pages; that of chapters is the configuration's `path_to_book`
LAUNCH_BRANCH = "launch"  # where the publishing job puts the notebooks of `mmrepro.book.launch`


def choose_folder(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let the edit button of a plain page lead to `book/`: the theme knows one folder for all pages."""
    if "doc_path" in context and not _is_chapter(app, pagename):
        context["doc_path"] = PAGES


def choose_branch(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Let Colab open the copy that sets itself up: the theme knows one branch for all buttons."""
    theme = app.config.html_theme_options
    for group in context.get("header_buttons", ()):
        for button in group.get("buttons", ()):
            if button.get("text") == "Colab":
                usual = f"/blob/{theme['repository_branch']}/{theme['path_to_docs']}/"
                button["url"] = button["url"].replace(usual, f"/blob/{LAUNCH_BRANCH}/")


def _is_chapter(app: Sphinx, pagename: str) -> bool:
    return Path(app.env.doc2path(pagename)).suffix == ".ipynb"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, before and after the theme makes its buttons (501)."""
    app.connect("html-page-context", choose_folder, priority=500)
    app.connect("html-page-context", choose_branch, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
