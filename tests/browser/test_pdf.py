"""The specimen as a PDF, read with pypdf."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PageObject, PdfReader
from pypdf.generic import ContentStream, Destination

from mmrepro.book import pdf as pdf_module
from mmrepro.book.pdf import print_book
from mmrepro.errors import MMReproError

from .conftest import need
from .probe import find_browser

pytestmark = [pytest.mark.browser, pytest.mark.notebook]
DRAWING = {b"S", b"s", b"f", b"F", b"f*", b"B", b"B*"}  # operators that paint a path


@pytest.fixture(scope="module")
def printed(specimen: Path) -> Path:
    need(find_browser(), "Chromium is not installed")
    return print_book(specimen.parent)


@pytest.fixture(scope="module")
def pdf(printed: Path) -> PdfReader:
    return PdfReader(printed)


def flat(outline: list) -> Iterator[Destination]:
    for entry in outline:
        yield from flat(entry) if isinstance(entry, list) else [entry]


def text_of(*pages: PageObject) -> str:
    """Give the text of pages, ligatures as letters."""
    return " ".join(unicodedata.normalize("NFKC", page.extract_text()) for page in pages)


def squeezed(text: str) -> str:
    return "".join(text.split())


def parts(pdf: PdfReader) -> Iterator[dict]:
    """Walk the tags of the document."""
    left = [pdf.trailer["/Root"]["/StructTreeRoot"]]
    while left:
        part = left.pop().get_object()
        if hasattr(part, "get"):
            yield part
            inner = part.get("/K", [])
            inner = inner.get_object() if hasattr(inner, "get_object") else inner
            left += [
                each
                for each in (inner if isinstance(inner, list) else [inner])
                if hasattr(each, "get_object")
            ]


def test_it_lies_beside_the_book_and_leaves_nothing_else(printed: Path, specimen: Path):
    assert printed == specimen.parent / "mmrepro.pdf"
    assert not list(specimen.parent.glob(".*pdf*"))
    assert not (specimen / "joined-pages.html").exists()


def test_it_is_tagged_in_a_language_and_has_a_title(pdf: PdfReader):
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert (pdf.metadata.title, pdf.metadata.author) == ("mmrepro", "The mmrepro authors")
    kinds = {part.get("/S") for part in parts(pdf)}
    assert kinds >= {"/H1", "/H2", "/P", "/Table", "/TH", "/Link", "/Figure", "/Code"}


def test_what_is_drawn_has_words(pdf: PdfReader):
    told = {part["/Alt"] for part in parts(pdf) if "/Alt" in part}
    assert told >= {
        "Line: accuracy rises over three epochs.",
        "Line: loss by epoch.",
        r"z = \tanh(W x + \cancel{U} y).",
    }


def test_the_outline_has_the_pages_of_the_contents_and_the_headings_of_the_chapter(pdf: PdfReader):
    top = [entry.title for entry in pdf.outline if not isinstance(entry, list)]
    assert top[:6] == [
        "mmrepro",
        "How to read a verdict",
        "Scoreboard",
        "1. [Re] Toy Fusion",
        "What we learnt across papers",
        "How to run it",
    ]
    titles = [entry.title for entry in flat(pdf.outline)]
    assert titles[titles.index(top[3]) : titles.index(top[4])] == [top[3], "Figures", "A table and a widget"]
    assert not [title for title in titles if title == 2 * title[: len(title) // 2]]


def test_an_entry_of_the_outline_leads_to_its_heading(pdf: PdfReader):
    for entry in flat(pdf.outline):
        page = pdf.pages[pdf.get_destination_page_number(entry)]
        assert squeezed(entry.title) in squeezed(text_of(page))


def test_verdicts_and_tables_can_be_read(pdf: PdfReader):
    text = " ".join(text_of(*pdf.pages).split())
    assert re.search(r"C1 Early fusion beats late fusion\..*?5\.64 points.*?reproduced", text)
    assert "System Accuracy (%) early 71.60 late 66.10" in text


def test_figures_are_drawn_as_vectors(pdf: PdfReader):
    page = next(page for page in pdf.pages if "Fig. 1.1" in page.extract_text())
    painted = [
        operator for _, operator in ContentStream(page.get_contents(), pdf).operations if operator in DRAWING
    ]
    assert len(painted) > 20
    assert not page.images


def test_links_lead_inside_or_to_the_web(pdf: PdfReader):
    links = [note.get_object() for page in pdf.pages for note in page.get("/Annots", [])]
    inside = [link["/Dest"] for link in links if "/Dest" in link]
    assert inside
    assert set(inside) <= set(pdf.named_destinations)
    outside = {link["/A"]["/URI"] for link in links if "/A" in link}
    assert outside
    assert all(address.startswith("https://") for address in outside)


def test_nothing_of_the_screen_is_printed(pdf: PdfReader):
    text = " ".join(text_of(*pdf.pages).split())
    for words in (
        "Show code cell source",
        "Hide code cell source",
        "Details",
        "Search",
        "Previous",
        "Contents",
    ):
        assert f" {words} " not in text, words


def test_what_cannot_be_drawn_stops_the_printing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    need(find_browser(), "Chromium is not installed")
    undrawn = '<span class="math">x</span><img src="none.png"/>'
    for name, text in {
        "source/_config.yml": "title: A book",
        "source/_toc.yml": "root: index",
        "html/index.html": f'<article class="bd-article">{undrawn}</article>',
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(pdf_module, "_WAIT_MS", 500)
    with pytest.raises(MMReproError, match="not printed: undrawn are 1 formulas, 1 pictures"):
        print_book(tmp_path)
    assert not (tmp_path / "mmrepro.pdf").exists()
