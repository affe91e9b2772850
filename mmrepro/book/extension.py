"""Sphinx extension: pages load the scripts they need, from the book itself, and terms tell what they mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from docutils import nodes

from mmrepro.book.mime import PLOTLY_CLASS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

VENDOR = "vendor"
SCOREBOARD = "scoreboard"
# A bibliography is a list whose entries are no items of one, a long signature a list of terms without terms.
_ROLES = {
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    '<dl>\n<dd><em class="sig-param">': '<dl role="presentation">\n<dd><em class="sig-param">',
}
# The widget library speaks to MathJax 2; this passes its only request on to MathJax 3.
_MATHJAX_BRIDGE = """document.addEventListener("DOMContentLoaded", () => {
  if (!window.MathJax || MathJax.Hub) return;
  MathJax.Hub = { Queue: (call) => MathJax.typesetPromise && MathJax.typesetPromise([call[2]]) };
});"""


def add_page_assets(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Choose the scripts of one page; connected to Sphinx's ``html-page-context``."""
    scripts = context["script_files"]
    scripts[:] = _without_thebe(scripts)
    if doctree is None:
        return
    if any(PLOTLY_CLASS in raw["classes"] for raw in doctree.findall(nodes.raw)):
        # Before require.js, to which plotly would otherwise register instead of to the window.
        app.add_js_file(f"{VENDOR}/plotly.min.js", priority=10)
        app.add_js_file("figures.js", priority=11)
    if pagename == SCOREBOARD:
        app.add_js_file("scoreboard.js", priority=11)
    if any("embed-amd" in str(getattr(script, "filename", "")) for script in scripts):
        # Read by require.js: where the widget library looks for its icon fonts.
        folder = context["pathto"](f"_static/{VENDOR}", 1)
        paths = json.dumps({"paths": {"@jupyter-widgets/html-manager/dist": folder}})
        app.add_js_file(None, body=f"window.require = {paths};\n{_MATHJAX_BRIDGE}", priority=20)


def mend_roles(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Take back roles that docutils and Sphinx give to elements without the parts that such a role needs."""
    for wrong, right in _ROLES.items():
        if "body" in context:
            context["body"] = context["body"].replace(wrong, right)


def show_definitions(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give every reference to a term of the glossary its definition; connected to ``doctree-resolved``."""
    terms = app.env.domaindata["std"]["objects"]
    places = {target: page for (kind, _), (page, target) in terms.items() if kind == "term"}
    for reference in doctree.findall(nodes.reference):
        target = reference.get("refid") or reference.get("refuri", "").rpartition("#")[2]
        if target in places and any(
            "std-term" in child["classes"] for child in reference.findall(nodes.inline)
        ):
            reference["reftitle"] = _definition(app.env.get_doctree(places[target]), target)


def _definition(glossary: nodes.document, target: str) -> str:
    """Return the first paragraph of a term's definition as plain text."""
    item = next(term for term in glossary.findall(nodes.term) if target in term["ids"]).parent
    definition = next(item.findall(nodes.definition))
    return " ".join(next(definition.findall(nodes.paragraph)).astext().split())


def _without_thebe(scripts: list[Any]) -> list[Any]:
    """Drop the live-kernel client, which this book does not offer and whose address is outside."""
    return [script for script in scripts if "thebe" not in _identity(script).lower()]


def _identity(script: Any) -> str:
    body = getattr(script, "attributes", {}).get("body") or ""
    return f"{getattr(script, 'filename', script)} {body}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", add_page_assets, priority=900)  # after those who add scripts
    app.connect("html-page-context", mend_roles, priority=900)
    app.connect("doctree-resolved", show_definitions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
