"""A small book with a formula, stills, plots, a widget and a table, in a browser."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from mmrepro.display.style import INK

from .checks import PageChecks
from .probe import JPEG_PIXELS, READY, PageReport, keep_picture, pages_of

pytestmark = [pytest.mark.browser, pytest.mark.notebook]
PAGES = ("01_toy_fusion", "index", "lessons", "reference", "scoreboard", "verdicts")


@pytest.fixture(scope="module")
def html(specimen: Path) -> Path:
    return specimen


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, html: Path) -> Path:
    return html / f"{request.param}.html"


class TestSpecimen(PageChecks):
    pass


@pytest.mark.parametrize("page", ["01_toy_fusion"], indirect=True)
def test_every_kind_of_output_is_there(report: PageReport):
    assert report.counts == {"formulas": 6, "plots": 2, "widgets": 1, "pictures": 1}


def test_a_plot_follows_the_theme(html: Path, chromium: Browser):
    page = chromium.new_page(color_scheme="light")
    page.goto((html / "01_toy_fusion.html").as_uri())
    page.wait_for_selector(".plotly-graph-div .main-svg")
    paper = "() => document.querySelector('.plotly-graph-div')._fullLayout.paper_bgcolor"
    page.wait_for_function(f"({paper})() === '#fff' || ({paper})() === '#ffffff'")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"({paper})() !== '#fff' && ({paper})() !== '#ffffff'")
    page.close()


def test_what_the_reader_chose_stays_when_the_theme_changes(html: Path, chromium: Browser):
    page = chromium.new_page(color_scheme="light")
    page.goto((html / "01_toy_fusion.html").as_uri())
    page.wait_for_selector(".plotly-graph-div .main-svg")
    plot = "document.querySelector('.plotly-graph-div')"
    page.evaluate(f"Plotly.update({plot}, {{visible: false}}, {{'xaxis.range': [0, 9]}}, [0])")
    for theme, ink in (("dark", "#d5dae0"), ("light", INK)):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        page.wait_for_function(f"{plot}._fullData[1].line.color === '{ink}'")
        kept = page.evaluate(
            f"[{plot}._fullData.map((each) => each.visible), {plot}._fullLayout.xaxis.range]"
        )
        assert kept == [[False, True], [0, 9]]
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


@pytest.fixture
def scoreboard(html: Path, chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.goto((html / "scoreboard.html").as_uri())
    yield page
    page.close()


def shown(page: Page) -> list[str]:
    """The claims that a reader sees, by id."""
    return page.evaluate(
        "() => [...document.querySelectorAll('.mm-claims tbody tr')]"
        ".filter((row) => row.checkVisibility()).map((row) => row.querySelector('strong').textContent)"
    )


def test_the_scoreboard_shows_only_what_is_chosen(scoreboard: Page):
    everything = shown(scoreboard)
    assert len(everything) > 2
    verdicts = scoreboard.locator("select[name=verdict]")
    for verdict in verdicts.locator("option").all_inner_texts()[1:]:
        verdicts.select_option(verdict)
        some = shown(scoreboard)
        assert 0 < len(some) < len(everything)
        told = scoreboard.locator(".mm-claims tbody tr:visible .mm-verdict").all_inner_texts()
        assert all(text.startswith(verdict) for text in told)
        assert (
            scoreboard.locator(".mm-filter output").inner_text() == f"{len(some)} of {len(everything)} claims"
        )
    verdicts.select_option("all")
    assert shown(scoreboard) == everything


def test_a_header_of_the_scoreboard_sorts_up_and_down(scoreboard: Page):
    button = scoreboard.locator(".mm-claims th button", has_text="Claim").first
    button.click()
    up = shown(scoreboard)
    assert up == sorted(up)
    assert scoreboard.locator(".mm-claims th[aria-sort=ascending]").count() == 1
    button.click()
    assert shown(scoreboard) == up[::-1]


def test_on_a_phone_every_verdict_is_in_view_with_the_name_of_its_column(html: Path, chromium: Browser):
    page = chromium.new_page(viewport={"width": 360, "height": 800})
    page.goto((html / "scoreboard.html").as_uri())
    verdicts = page.locator(".mm-claims td .mm-verdict")
    assert verdicts.count() > 2
    for place in range(verdicts.count()):
        box = verdicts.nth(place).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
    cell = page.locator(".mm-claims tbody td").nth(1)
    assert cell.get_attribute("data-column") == "Paper"
    assert cell.evaluate("each => getComputedStyle(each, '::before').content") == '"Paper: "'
    chosen = page.locator("select[name=verdict] option").all_inner_texts()[1]
    page.locator("select[name=verdict]").select_option(chosen)
    assert len(shown(page)) < verdicts.count()  # rows that are filtered out stay hidden
    page.close()


# What has the focus: its place on the page, and whether it, or the card that it is, shows that it has it.
FOCUSED = """() => {
  const each = document.activeElement;
  if (!each || each === document.body) return null;
  const shows = (one) => {
    const style = getComputedStyle(one);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return outlined || style.boxShadow !== "none";
  };
  const card = each.closest(".sd-card");
  return {
    what: each.outerHTML.slice(0, 90),
    top: each.getBoundingClientRect().top + scrollY,
    shown: shows(each) || (card !== null && shows(card)),
    inArticle: each.closest(".bd-article") !== null,
  };
}"""
LINE = 60  # pixels: what stands side by side need not be at one height


@pytest.mark.parametrize("name", ["01_toy_fusion", "index", "scoreboard", "search"])
def test_a_keyboard_goes_down_the_page_and_shows_where_it_is(html: Path, chromium: Browser, name: str):
    page = chromium.new_page(viewport={"width": 640, "height": 450})  # a desk's page at 200 %
    page.goto((html / f"{name}.html").as_uri())
    page.wait_for_function(READY)
    stops = []
    page.keyboard.press("Tab")
    while (stop := page.evaluate(FOCUSED)) is not None and len(stops) < 500:
        stops.append(stop)
        page.keyboard.press("Tab")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
    assert 5 < len(stops) < 500
    assert [stop["what"] for stop in stops if not stop["shown"]] == []
    tops = [stop["top"] for stop in stops if stop["inArticle"]]
    assert all(below > above - LINE for above, below in itertools.pairwise(tops))


def test_without_scripts_the_scoreboard_is_a_plain_table(html: Path, chromium: Browser):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((html / "scoreboard.html").as_uri())
    assert page.locator(".mm-claims tbody tr:visible").count() > 2
    assert page.locator(".mm-filter").count() == 0
    context.close()


def test_the_scoreboard_can_be_had_for_programs(html: Path, scoreboard: Page):
    links = [link.get_attribute("href") for link in scoreboard.locator("a.download").all()]
    assert {Path(link).suffix for link in links} == {".csv", ".json"}
    assert all((html / link).is_file() for link in links)


def test_the_book_has_all_its_pages(html: Path):
    names = {path.stem for path in pages_of(html)}
    assert names >= {*PAGES, "running", "glossary", "bibliography", "changelog", "search"}


@pytest.mark.parametrize(("height", "kind"), [(JPEG_PIXELS - 5000, "jpg"), (JPEG_PIXELS + 5000, "png")])
def test_the_picture_of_a_tall_page_is_not_empty(chromium: Browser, tmp_path: Path, height: int, kind: str):
    page = chromium.new_page(viewport={"width": 100, "height": 100})
    page.set_content(f"<div style='height: {height}px'></div>")
    keep_picture(page, tmp_path / "tall")
    page.close()
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_size] == [f"tall.{kind}"]
