"""The book as one PDF: the rendered pages, printed by Chromium with tags and an outline."""

from __future__ import annotations

import io
import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mmrepro.book.joined import joined_page
from mmrepro.book.repository import CONFIG
from mmrepro.book.staging import listed_pages
from mmrepro.errors import MMReproError
from mmrepro.files import write_atomic

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_PACKAGES = ("bs4", "playwright", "pypdf")
_WAIT_MS = 600_000
# A4 without the margins of print.css, in CSS pixels: figures are drawn as wide as they are printed.
_WIDTH = 680
# Kinds of things that are drawn by scripts, and how many of each are not there yet.
_UNDRAWN = """() => {
  const missing = (selector, drawn) =>
    [...document.querySelectorAll(selector)].filter((each) => !drawn(each)).length;
  const view = 'script[type="application/vnd.jupyter.widget-view+json"]';
  return {
    formulas: missing(".math", (each) => each.querySelector("mjx-container svg")),
    plots: missing(".plotly-graph-div", (each) => each.querySelector(".main-svg")),
    widgets: missing(view, (each) => each.parentElement.querySelector(".jupyter-widgets")),
    pictures: missing("img", (each) => each.naturalWidth),
  };
}"""

# A formula is a drawing: its TeX is what a screen reader can say. On paper a plot has no menus, so it is
# an image with words. A table too wide for the page is shrunk.
_DRESS = """() => {
  for (const plot of document.querySelectorAll(".plotly-graph-div")) plot.setAttribute("role", "img");
  for (const formula of window.MathJax?.startup?.document.math ?? []) {
    const drawing = formula.typesetRoot.querySelector("svg");
    drawing.removeAttribute("aria-hidden");
    drawing.setAttribute("aria-label", formula.math);
  }
  for (const wide of document.querySelectorAll("table, .math mjx-container > svg")) {
    const room = wide.parentElement.clientWidth;
    const width = wide.getBoundingClientRect().width;
    if (room && width > room) wide.style.zoom = room / width;
  }
}"""


def print_book(build: Path) -> Path:
    """Print the book that was rendered into `build` and return the PDF.

    Raises
    ------
    MMReproError
        When the book is not built, a package or Chromium is missing, or something cannot be drawn.
    """
    _check_packages()
    pages = _pages(build)
    title = str(yaml.safe_load((build / "source" / CONFIG).read_text(encoding="utf-8"))["title"])
    target = build / "mmrepro.pdf"
    with tempfile.TemporaryDirectory(dir=build, prefix=".pdf-") as name:
        folder = Path(name)
        # In a folder beside the pages, for the published folder shall hold nothing unfinished.
        for entry in (build / "html").iterdir():
            (folder / entry.name).symlink_to(entry)
        joined = folder / "joined-pages.html"
        joined.write_text(joined_page(pages, title), encoding="utf-8")
        with _browser() as browser:
            printed, headings = _print(browser, joined)
    write_atomic(target, _finish(printed, headings))
    return target


def _check_packages() -> None:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise MMReproError(
            f"A PDF needs {' and '.join(missing)}, not installed here; `pip install -e '.[pdf]'` helps."
        )


def _pages(build: Path) -> list[Path]:
    """List the rendered pages in the order of the contents."""
    contents = build / "source" / "_toc.yml"
    if contents.is_file():
        names = listed_pages(yaml.safe_load(contents.read_text(encoding="utf-8")))
        pages = [build / "html" / f"{name}.html" for name in names]
        if all(page.is_file() for page in pages):
            return pages
    raise MMReproError(f"No book in {build / 'html'}; build it with `mmrepro build`.")


@contextmanager
def _browser() -> Iterator[Browser]:
    """Start the machine's Chromium, or else Playwright's own."""
    from playwright.sync_api import Error, sync_playwright

    own = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own, args=["--allow-file-access-from-files"])
        except Error as error:
            told = str(error).splitlines()[0]
            raise MMReproError(
                f"A PDF needs Chromium, which did not start ({told}); install it with "
                "`playwright install chromium`."
            ) from None
        try:
            yield browser
        finally:
            browser.close()


def _print(browser: Browser, path: Path) -> tuple[bytes, list[str]]:
    """Return the printed page and the texts of its headings."""
    page = browser.new_page(viewport={"width": _WIDTH, "height": 1000}, color_scheme="light")
    page.set_default_timeout(_WAIT_MS)
    page.emulate_media(media="print")  # before anything is drawn: the size of a plot depends on it
    page.goto(path.resolve().as_uri())
    _wait_until_drawn(page)
    page.evaluate(_DRESS)
    headings = page.locator("h1, h2, h3, h4, h5, h6").all_inner_texts()
    printed = page.pdf(tagged=True, outline=True, print_background=True, prefer_css_page_size=True)
    return printed, headings


def _wait_until_drawn(page: Page) -> None:
    from playwright.sync_api import TimeoutError as NotInTime

    try:
        page.wait_for_function(f"() => Object.values(({_UNDRAWN})()).every((count) => !count)")
    except NotInTime:
        missing = ", ".join(f"{count} {kind}" for kind, count in page.evaluate(_UNDRAWN).items() if count)
        raise MMReproError(f"The book was not printed: undrawn are {missing}.") from None


def _finish(printed: bytes, headings: Sequence[str]) -> bytes:
    """Mend the outline's titles: Chromium loses a space at each line break, and writes some twice."""
    from pypdf import PdfWriter
    from pypdf.generic import NameObject, TextStringObject

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of how Chromium counts its objects
    squeezed = {"".join(text.split()): " ".join(text.split()) for text in headings}
    spelled = squeezed | {2 * key: text for key, text in squeezed.items()}
    writer = PdfWriter(clone_from=io.BytesIO(printed))
    for entry in _entries(writer.get_outline_root()):
        told = "".join(str(entry["/Title"]).split())
        entry[NameObject("/Title")] = TextStringObject(spelled.get(told, entry["/Title"]))
    book = metadata("mmrepro")
    writer.add_metadata({"/Author": book["Author"], "/Creator": f"{book['Name']} {book['Version']}"})
    finished = io.BytesIO()
    writer.write(finished)
    return finished.getvalue()


def _entries(parent: Any) -> Iterator[Any]:
    """Walk an outline, from the top down."""
    following = parent.get("/First")
    while following is not None:
        entry = following.get_object()
        yield entry
        yield from _entries(entry)
        following = entry.get("/Next")
