"""What HTML and Markdown from a run may hold: nothing that acts, and nothing that comes from outside.

Outputs show data, and data are other people's. Only what is known to be harmless passes, for no list of
what harms is ever complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "details"),
    *("div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s"),
    *("samp", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th"),
    *("thead", "tr", "u", "ul", "var", "wbr"),
}
_ATTRIBUTES = {
    *("alt", "border", "class", "colspan", "dir", "height", "lang"),
    *("open", "role", "rowspan", "scope", "style", "title", "width"),
}
_ADDRESS = re.compile(r"https?://|#|[\w.-]+\.(html|md)(#|$)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
# They read files of this machine, or put HTML and reStructuredText into a page unseen.
_DIRECTIVE = re.compile(
    r"^\s*(?:`{3,}|~{3,}|:{3,})\s*\{(raw|include|literalinclude|eval-rst|csv-table|code-cell)\}", re.MULTILINE
)
_SVG_ACTS = {"script", "foreignobject", "iframe", "object", "embed", "a", "animate", "set", "handler"}


class _Reader(HTMLParser):
    """Notes what may not stay; comments and declarations too, for browsers end them elsewhere."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)  # text that was escaped is no tag
        self.harm: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            self.harm.append(f"<{tag}>")
        self.harm += [f"{name} in <{tag}>" for name, value in attrs if not _may_stay(tag, name, value or "")]

    def handle_comment(self, data: str) -> None:
        self.harm.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.harm.append("a declaration")

    def unknown_decl(self, data: str) -> None:
        self.harm.append("a declaration")

    def handle_pi(self, data: str) -> None:
        self.harm.append("an instruction")

    def handle_data(self, data: str) -> None:
        if "<" in data:  # a browser would close the tag with what follows on the page
            self.harm.append("an open <")


class _SvgReader(HTMLParser):
    """Notes what acts in a drawing, which is a file of its own that a reader may open."""

    def __init__(self) -> None:
        super().__init__()
        self.harm: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag.rpartition(":")[2] in _SVG_ACTS:
            self.harm.append(f"<{tag}>")
        for name, value in attrs:
            leads = name.rpartition(":")[2] in {"href", "src"}
            outside = leads and not re.match(r"#|data:image/(png|jpeg);", value or "")
            if name.startswith("on") or outside:
                self.harm.append(f"{name} in <{tag}>")


def harm_in_html(text: str) -> str | None:
    """Name the first piece of `text` that could act in a reader's browser, or that comes from outside."""
    return _first(_Reader(), text)


def harm_in_svg(text: str) -> str | None:
    """Name the first piece of a drawing that acts, or that comes from outside."""
    return _first(_SvgReader(), text)


def harm_in_markdown(text: str) -> str | None:
    """Name the first piece of Markdown that could act in a browser, or read files while the book is built."""
    directive = _DIRECTIVE.search(text)
    if directive:
        return f"the directive {{{directive[1]}}}"
    return next((harm for html in _html_in(text) if (harm := harm_in_html(html))), None)


def _html_in(markdown: str) -> Iterator[str]:
    from markdown_it import MarkdownIt

    for token in MarkdownIt("commonmark").parse(markdown):
        for piece in (token, *(token.children or ())):
            if piece.type in {"html_block", "html_inline"}:
                yield piece.content


def _first(reader: _Reader | _SvgReader, text: str) -> str | None:
    reader.feed(text)
    reader.close()
    return reader.harm[0] if reader.harm else None


def _may_stay(tag: str, name: str, value: str) -> bool:
    if name == "href":
        return tag == "a" and bool(_ADDRESS.match(value))
    if name == "src":
        return tag == "img" and bool(_PICTURE.fullmatch(value))
    if name == "style":
        return not re.search(r"url|expression|import|\\|@", value, re.IGNORECASE)
    return name in _ATTRIBUTES or name.startswith("aria-")
