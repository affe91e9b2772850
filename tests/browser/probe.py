"""What a reader's browser makes of a page, opened from the file system."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
]
LOCAL = ("file:", "data:", "blob:", "about:")
DRAWN_MS = 30_000
SCREENSHOTS = "MMREPRO_SCREENSHOTS"  # names a folder for a picture of every page as it was visited
JPEG_PIXELS = 65_535
BARRIERS = ("serious", "critical")  # findings of axe-core that keep a reader out
# What a page promises, and how much of it is there.
COUNTS = """() => {
  const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0.05);
  const ratio = (one, other) => Math.max(light(one) / light(other), light(other) / light(one));
  const contrast = (colour) => ratio(colour, getComputedStyle(document.body).backgroundColor);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const view = 'script[type="application/vnd.jupyter.widget-view+json"]';
  return {
    formulas: all(".math").length,
    undrawn_formulas: all(".math").filter((each) => !each.querySelector("mjx-container svg"))
      .map((each) => each.textContent),
    wrong_formulas: all("[data-mjx-error]").map((each) => each.getAttribute("data-mjx-error")),
    unread_formulas: all(".bd-article :is(p, li, td, dd, figcaption)")
      .flatMap((each) => [...each.childNodes])
      .filter((each) => each.nodeType === Node.TEXT_NODE && /\\$\\$|\\\\[a-z]+[{ ]/.test(each.data))
      .map((each) => each.data),
    plots: all(".plotly-graph-div").length,
    undrawn_plots: all(".plotly-graph-div").filter((each) => !each.querySelector(".main-svg"))
      .map((each) => each.id),
    widgets: all(view).length,
    undrawn_widgets: all(view).filter((each) => !each.parentElement.querySelector(".jupyter-widgets"))
      .map((each) => each.textContent),
    swallowed_lines: all(".plotly-graph-div .js-line")
      .map((each) => getComputedStyle(each).stroke)
      .filter((colour) => colour.startsWith("rgb") && contrast(colour) < 1.5),
    swallowed_arrows: all(".plotly-graph-div .updatemenu-header-arrow")
      .map((each) => [getComputedStyle(each).fill, each.parentElement.querySelector("rect")])
      .filter(([arrow, box]) => box && ratio(arrow, getComputedStyle(box).fill) < 3).map(([arrow]) => arrow),
    pictures: document.images.length,
    broken_pictures: [...document.images].filter((each) => !each.naturalWidth).map((each) => each.src),
    nameless_pictures: [...document.images].filter((each) => !each.alt).map((each) => each.src),
    twice_used_ids: all("[id]").map((each) => each.id).filter((id, at, ids) => ids.indexOf(id) !== at),
    verdicts_out_of_view: all("td .mm-verdict").map((each) => [each.getBoundingClientRect().right, each])
      .filter(([right]) => right > innerWidth).map(([, each]) => each.textContent),
    cut_code: innerWidth < 1280 ? [] : all(".cell_input pre")
      .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}"""
READY = f"""() => {{
  const found = ({COUNTS})();
  return !["formulas", "plots", "widgets"].some((kind) => found[`undrawn_${{kind}}`].length)
    && !found.broken_pictures.length;
}}"""


@dataclass
class PageReport:
    """What one page did; the lists are empty on a good one."""

    name: str
    size: int
    outside: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    overflow: int = 0
    barriers: list[str] = field(default_factory=list)


def find_browser() -> str | None:
    """Return the path of Chromium, if it is installed."""
    return next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium, silent on the network by itself."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def pages_of(html: Path) -> list[Path]:
    """List every page of the book in `html`; what lies deeper are templates of the theme."""
    return sorted(html.glob("*.html"))


def probe(browser: Browser, path: Path, *, width: int = 1280, theme: str = "light") -> PageReport:
    """Open the page at `path` as a reader would and report what happened."""
    report = PageReport(path.name, path.stat().st_size)
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    try:
        _listen(page, report)
        page.goto(path.resolve().as_uri(), wait_until="load")
        with suppress(NotInTime):  # what is not drawn by then is told below
            page.wait_for_function(READY, timeout=DRAWN_MS)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        found = page.evaluate(COUNTS)
        report.barriers = _barriers(page)
        if SCREENSHOTS in os.environ:
            keep_picture(page, Path(os.environ[SCREENSHOTS]) / f"{report.name}-{width}-{theme}")
    finally:
        page.close()
    report.overflow = found.pop("overflow")
    report.counts = {name: value for name, value in found.items() if isinstance(value, int)}
    report.faults = {name: value for name, value in found.items() if isinstance(value, list) and value}
    return report


def _listen(page: Page, report: PageReport) -> None:
    page.on("request", lambda sent: None if sent.url.startswith(LOCAL) else report.outside.append(sent.url))
    page.on("requestfailed", lambda sent: report.missing.append(sent.url))
    page.on("pageerror", lambda error: report.errors.append(str(error)))
    page.on("console", lambda said: report.errors.append(said.text) if said.type == "error" else None)


def keep_picture(page: Page, path: Path) -> None:
    """Keep a picture of the whole page; one that is too tall for a JPEG would be an empty file."""
    if page.evaluate("document.documentElement.scrollHeight") > JPEG_PIXELS:
        page.screenshot(path=f"{path}.png", full_page=True)
    else:
        page.screenshot(path=f"{path}.jpg", full_page=True, type="jpeg", quality=60)


def _barriers(page: Page) -> list[str]:
    """Name what axe-core finds serious or critical: the rule and the first element of each."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
    return [
        f"{each['id']}: {len(each['nodes'])} x {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in BARRIERS
    ]
