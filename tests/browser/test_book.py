"""The built book in a browser, page by page."""

import os
from pathlib import Path

import pytest

from .checks import BOOK_BYTES, PageChecks, weight
from .conftest import need
from .probe import pages_of

PROJECT = Path(__file__).resolve().parents[2]
HTML = Path(os.environ.get("MMREPRO_HTML", PROJECT / "_build" / "html"))

pytestmark = pytest.mark.browser


@pytest.fixture(params=pages_of(HTML) or [None], ids=lambda path: path.name if path else "no book")
def page(request: pytest.FixtureRequest) -> Path:
    need(request.param, f"no book in {HTML}; build it with `mmrepro build`")
    return request.param


class TestBook(PageChecks):
    pass


def test_the_book_is_light():
    need(HTML.is_dir(), f"no book in {HTML}; build it with `mmrepro build`")
    assert weight(HTML) <= BOOK_BYTES
