import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mmrepro.book.build import build_book

from ..book.specimen import CELLS, PAPER, PROJECT, checkout, executed
from .probe import PageReport, find_browser, open_browser, probe


def need(condition: object, reason: str) -> None:
    """Skip with the true reason, except on the continuous-integration machine, where that is a failure."""
    if not condition:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a small book with a formula, stills, plots, a widget and a table."""
    need((PROJECT / "_build" / "assets").is_dir(), "the book's scripts are not fetched; run `mmrepro build`")
    house = checkout(tmp_path_factory.mktemp("specimen"))
    house.keep_run(executed(CELLS))
    house.commit_record()
    index = build_book("cpu", root=house.root, runs=house.runs, papers=[PAPER], is_stale=lambda made: False)
    return index.parent


# A module at a time: an open Playwright leaves an event loop running, which later tests must not meet.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    need(find_browser(), "Chromium is not installed")
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def reports(chromium: Browser) -> dict[Path, PageReport]:
    """Keep one report a page: every check reads the same visit."""
    return {}


@pytest.fixture
def report(page: Path, chromium: Browser, reports: dict[Path, PageReport]) -> PageReport:
    if page not in reports:
        reports[page] = probe(chromium, page)
    return reports[page]
