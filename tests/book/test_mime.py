import base64
import subprocess
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes

from mmrepro.book.mime import PLOTLY, PLOTLY_CLASS, BookMimeRenderer

WORDS = {"mmrepro": {"alt": 'A "line" rises.', "caption": "See the *end*."}}
FIGURE = {"data": [{"name": "</script>"}], "layout": {"height": 300}, "config": {}}


@dataclass
class Data:
    """The part of MyST-NB's MimeData that the renderer uses."""

    mime_type: str
    content: Any
    output_metadata: dict[str, Any] = field(default_factory=lambda: WORDS)
    cell_index: int = 3
    output_index: int = 0
    line: int = 1


class Renderer:
    """The part of MyST-NB's renderer that ours uses."""

    def __init__(self):
        self.warnings, self.files = [], {}
        self.logger = SimpleNamespace(warning=lambda text, **place: self.warnings.append(text))

    def write_file(self, path, content, exists_ok):
        self.files[path[0]] = content
        return f"/out/{path[0]}"

    def render_markdown_inline(self, data):
        return [nodes.paragraph("", "", nodes.Text(data.content))]


def rendered(data, renderer=None):
    (figure,) = BookMimeRenderer.handle_mime(renderer or Renderer(), data, False)
    return figure


def test_a_still_becomes_a_file_with_alt_text_and_caption():
    renderer = Renderer()
    figure = rendered(Data("image/svg+xml", "<svg/>"), renderer)
    image, caption = figure.children
    assert image["alt"] == 'A "line" rises.'
    assert image["uri"].endswith(".svg")
    assert list(renderer.files.values()) == [b"<svg/>"]
    assert caption.astext() == "See the *end*."
    assert not renderer.warnings


def test_a_bitmap_is_decoded():
    renderer = Renderer()
    rendered(Data("image/png", base64.b64encode(b"png").decode()), renderer)
    assert list(renderer.files.values()) == [b"png"]


def test_a_plotly_figure_travels_as_json():
    raw = rendered(Data(PLOTLY, FIGURE)).children[0]
    assert PLOTLY_CLASS in raw["classes"]
    text = raw.astext()
    assert 'aria-label="A &quot;line&quot; rises."' in text
    assert 'style="height:300px"' in text
    assert "\\u003c/script>" in text
    assert text.count("</script>") == 1


def test_the_id_repeats_but_differs_by_place():
    def key(place):
        return rendered(Data(PLOTLY, FIGURE, cell_index=place)).children[0].astext().split('"')[1]

    assert key(1) == key(1)
    assert key(1) != key(2)


@pytest.mark.parametrize("kind", [PLOTLY, "image/svg+xml"])
def test_missing_alt_text_is_a_warning(kind):
    renderer = Renderer()
    content = FIGURE if kind == PLOTLY else "<svg/>"
    figure = rendered(Data(kind, content, output_metadata={}), renderer)
    assert renderer.warnings == [f"figure without alt text ({kind}, cell 3)"]
    assert len(figure.children) == 1


def test_a_caption_of_several_paragraphs_is_kept():
    renderer = Renderer()
    renderer.render_markdown_inline = lambda data: [nodes.Text("one"), nodes.Text("two")]
    assert rendered(Data("image/svg+xml", "<svg/>"), renderer).children[1].astext() == "onetwo"


@pytest.mark.parametrize(("kind", "inline"), [("text/html", False), ("image/png", True)])
def test_the_rest_is_left_to_myst_nb(kind, inline):
    assert BookMimeRenderer.handle_mime(Renderer(), Data(kind, ""), inline) is None


def test_importing_it_needs_docutils_alone():
    program = (
        "import sys, mmrepro.book.mime; "
        "print(sorted({'sphinx', 'myst_nb', 'pandas', 'plotly'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
