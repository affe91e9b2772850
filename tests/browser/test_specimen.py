"""A small book with a formula, stills, plots, a widget and a table, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mmrepro.book.build import build_book

from ..book.specimen import CELLS, PAPER, PROJECT, checkout, executed
from .checks import PageChecks
from .conftest import need
from .probe import PageReport, pages_of

pytestmark = [pytest.mark.browser, pytest.mark.notebook]
PAGES = ("01_toy_fusion", "index", "scoreboard", "verdicts")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need((PROJECT / "_build" / "assets").is_dir(), "the book's scripts are not fetched; run `mmrepro build`")
    house = checkout(tmp_path_factory.mktemp("specimen"))
    house.keep_run(executed(CELLS))
    house.commit_record()
    index = build_book("cpu", root=house.root, runs=house.runs, papers=[PAPER], is_stale=lambda made: False)
    return index.parent


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, html: Path) -> Path:
    return html / f"{request.param}.html"


class TestSpecimen(PageChecks):
    pass


@pytest.mark.parametrize("page", ["01_toy_fusion"], indirect=True)
def test_every_kind_of_output_is_there(report: PageReport):
    assert report.counts == {"formulas": 5, "plots": 2, "widgets": 1, "pictures": 1}


def test_a_plot_follows_the_theme(html: Path, chromium: Browser):
    page = chromium.new_page(color_scheme="light")
    page.goto((html / "01_toy_fusion.html").as_uri())
    page.wait_for_selector(".plotly-graph-div .main-svg")
    paper = "() => document.querySelector('.plotly-graph-div')._fullLayout.paper_bgcolor"
    page.wait_for_function(f"({paper})() === '#fff' || ({paper})() === '#ffffff'")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"({paper})() !== '#fff' && ({paper})() !== '#ffffff'")
    page.close()


def test_a_plot_can_be_turned_over_again(html: Path, chromium: Browser):
    page = chromium.new_page()
    page.goto((html / "01_toy_fusion.html").as_uri())
    page.wait_for_selector(".plotly-graph-div .main-svg")
    shown = page.evaluate(
        """async () => {
          const plot = document.querySelector(".plotly-graph-div");
          await Plotly.relayout(plot, {"xaxis.range": [0, 10]});
          return plot._fullLayout.xaxis.range;
        }"""
    )
    page.close()
    assert shown == [0, 10]


def test_the_book_has_all_its_pages(html: Path):
    names = {path.stem for path in pages_of(html)}
    assert names >= {*PAGES, "running", "glossary", "bibliography", "changelog", "search"}
