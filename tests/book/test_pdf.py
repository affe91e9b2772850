"""What stops a PDF; what is in one, the browser tests read."""

import io
import shutil

import pytest
from click.testing import CliRunner
from pypdf import PdfReader, PdfWriter

from mmrepro import cli
from mmrepro.book import pdf
from mmrepro.errors import MMReproError


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A checkout whose book has two pages."""
    (tmp_path / "data_manifests").mkdir()
    folder = tmp_path / "_build"
    for name in ("source", "html"):
        (folder / name).mkdir(parents=True)
    (folder / "source" / "_config.yml").write_text("title: A book\n")
    (folder / "source" / "_toc.yml").write_text("root: index\nparts: [{chapters: [{file: one}]}]\n")
    for stem in ("index", "one"):
        (folder / "html" / f"{stem}.html").write_text(f'<article class="bd-article">{stem}</article>')
    monkeypatch.setenv("MMREPRO_ROOT", str(tmp_path))
    return folder


def refused():
    """Ask for the PDF on the command line and return the sentence of its refusal."""
    outcome = CliRunner().invoke(cli.root, ["pdf"])
    assert isinstance(outcome.exception, MMReproError)
    assert outcome.exception.exit_code == 2
    return str(outcome.exception)


def test_pages_come_in_the_order_of_the_contents(build):
    assert [page.stem for page in pdf._pages(build)] == ["index", "one"]


def test_without_a_book_a_sentence_says_so(build):
    shutil.rmtree(build / "source")
    assert "build it with `mmrepro build`" in refused()


def test_a_page_that_is_missing_is_a_missing_book(build):
    (build / "html" / "one.html").unlink()
    assert "build it with `mmrepro build`" in refused()


def test_without_the_extra_a_sentence_says_what_to_install(build, monkeypatch):
    there = pdf.find_spec
    monkeypatch.setattr(pdf, "find_spec", lambda name: None if name == "playwright" else there(name))
    assert refused() == "A PDF needs playwright, not installed here; `pip install -e '.[pdf]'` helps."


def test_without_chromium_a_sentence_says_what_to_install(build, monkeypatch, tmp_path):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    told = refused()
    assert told.startswith("A PDF needs Chromium, which did not start (")
    assert told.endswith("; install it with `playwright install chromium`.")
    assert not (build / "mmrepro.pdf").exists()
    assert [path.name for path in build.iterdir() if path.name.startswith(".")] == []


def test_titles_of_the_outline_are_those_of_the_headings():
    writer = PdfWriter()
    for _ in range(2):
        writer.add_blank_page(100, 100)
    top = writer.add_outline_item(title="A longheading", page_number=0)
    writer.add_outline_item(title="The ruleThe rule", page_number=1, parent=top)
    writer.add_outline_item(title="Kept", page_number=1)
    raw = io.BytesIO()
    writer.write(raw)
    mended = PdfReader(io.BytesIO(pdf._finish(raw.getvalue(), ["A  long\nheading", "The rule"])))
    first, (inner,), last = mended.outline
    assert [first.title, inner.title, last.title] == ["A long heading", "The rule", "Kept"]
    assert mended.get_destination_page_number(inner) == 1
