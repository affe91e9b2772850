"""How the book draws the figures of a notebook: with their alternative text, or with a warning."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
from typing import Any, ClassVar

from docutils import nodes

PLOTLY = "application/vnd.plotly.v1+json"
PLOTLY_CLASS = "mm-plotly"
STILLS = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
_DEFAULT_HEIGHT = 450  # plotly's own


class BookMimeRenderer:
    """MyST-NB plugin for pictures and plotly figures made with `mmrepro.display.figure.show`.

    Stills become files of their own, so that no id of one SVG can meet an id of another and a page
    stays light. A plotly figure travels as JSON in the page, where `figures.js` draws it.
    """

    mime_priority_overrides: ClassVar[list[tuple[str, str, int]]] = [
        ("html", PLOTLY, 1),
        ("singlehtml", PLOTLY, 1),
    ]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """Return the figure for `data`, or None for a type that MyST-NB renders itself."""
        if inline or (data.mime_type != PLOTLY and data.mime_type not in STILLS):
            return None
        words = data.output_metadata.get("mmrepro", {})
        alt = words.get("alt", "")
        if not alt:
            renderer.logger.warning(
                f"figure without alt text ({data.mime_type}, cell {data.cell_index})",
                subtype="figure_alt",
                line=data.line,
            )
        picture = _plotly(data, alt) if data.mime_type == PLOTLY else _still(renderer, data, alt)
        figure = nodes.figure("", picture, classes=["mm-figure"])
        if words.get("caption"):
            said = dataclasses.replace(data, mime_type="text/markdown", content=words["caption"])
            figure += nodes.caption("", "", *_inline(renderer.render_markdown_inline(said)))
        return [figure]


def _inline(rendered: list[nodes.Node]) -> list[nodes.Node]:
    """Take the text out of the paragraph that Markdown puts around it."""
    if len(rendered) == 1 and isinstance(rendered[0], nodes.paragraph):
        return list(rendered[0].children)
    return list(rendered)


def _still(renderer: Any, data: Any, alt: str) -> nodes.Element:
    content = still_content(data.mime_type, data.content)
    name = f"{hashlib.sha256(content).hexdigest()}.{STILLS[data.mime_type]}"
    return nodes.image(uri=renderer.write_file([name], content, exists_ok=True), alt=alt)


def still_content(kind: str, content: str | bytes) -> bytes:
    """Return the bytes of a picture as a notebook holds it: SVG as text, others in base64."""
    if isinstance(content, bytes):
        return content
    return content.encode() if kind == "image/svg+xml" else base64.b64decode(content)


def _plotly(data: Any, alt: str) -> nodes.Element:
    figure = {"data": data.content["data"], "layout": data.content.get("layout", {})}
    body = json.dumps(figure, sort_keys=True, separators=(",", ":"))
    # The place is part of the identity: one page may show the same figure twice.
    place = f"{data.cell_index}-{data.output_index}-{body}"
    key = f"plot-{hashlib.sha256(place.encode()).hexdigest()[:12]}"
    height = figure["layout"].get("height") or _DEFAULT_HEIGHT
    safe = body.replace("<", "\\u003c")
    # A group, not an image: its menus and sliders take part in the page.
    return nodes.raw(
        "",
        f'<div id="{key}" class="plotly-graph-div" role="group" aria-label="{html.escape(alt)}" '
        f'style="height:{height:g}px"></div>'
        f'<script type="{PLOTLY}" data-figure="{key}">{safe}</script>'
        "<noscript><p>This figure is interactive and needs JavaScript.</p></noscript>",
        format="html",
        classes=[PLOTLY_CLASS],
    )
