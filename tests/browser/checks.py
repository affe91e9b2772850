"""What every page of a book must stand up to; a test module inherits this and gives the pages."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from .links import dead_links
from .probe import PageReport, probe

PAGE_BYTES = 1_500_000
BOOK_BYTES = 60_000_000
PHONE = 360


class PageChecks:
    """Checks of one page; `page` is a fixture of the inheriting module."""

    def test_asks_for_nothing_outside(self, report: PageReport):
        assert report.outside == []

    def test_finds_all_its_files(self, report: PageReport):
        assert report.missing == []

    def test_has_no_errors(self, report: PageReport):
        assert report.errors == []

    def test_draws_everything(self, report: PageReport):
        assert report.faults == {}

    def test_keeps_no_reader_out(self, report: PageReport):
        assert report.barriers == []

    def test_leads_only_to_what_is_there(self, page: Path):
        assert dead_links(page) == []

    def test_is_light(self, report: PageReport):
        assert report.size <= PAGE_BYTES

    def test_fits_a_phone_in_the_dark(self, page: Path, chromium: Browser):
        small = probe(chromium, page, width=PHONE, theme="dark")
        assert (small.overflow, small.faults, small.errors, small.barriers) == (0, {}, [], [])


def weight(html: Path) -> int:
    """Return the size of a whole book."""
    return sum(path.stat().st_size for path in html.rglob("*") if path.is_file())
