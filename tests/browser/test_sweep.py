"""The figure of a sweep in headless Chromium: drawn without a request, its menu at work."""

import pandas as pd
import pytest

from mmrepro.display.sweep import sweep_page
from tests.display.sweep_summary import summary

pytestmark = pytest.mark.browser

ROWS = [
    (metric, dataset, system, lr, size, mean + size / 10 + 100 * lr, 2.0)
    for metric, dataset, mean in (("accuracy", "mosi", 70.0), ("MAE", pd.NA, 5.0))
    for system in ("early", "late")
    for lr in (0.001, 0.01)
    for size in (8, 16)
]


def test_the_figure_is_drawn_offline_and_its_menu_changes_the_metric(chromium, tmp_path):
    path = tmp_path / "figure.html"
    path.write_text(sweep_page(summary(["lr", "size"], ROWS), ["lr", "size"], "A sweep"))
    page = chromium.new_page()
    requests, problems = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text))
    page.goto(path.as_uri())
    page.locator("#sweep .errorbar").first.wait_for(state="attached")
    assert page.locator("#sweep .errorbar").count() == 8
    assert page.locator("#sweep .ytitle").text_content() == "accuracy on mosi"
    page.locator("#sweep .updatemenu-header").click()
    page.locator("#sweep .updatemenu-dropdown-button", has_text="MAE").click()
    page.wait_for_function("document.querySelector('#sweep .ytitle').textContent === 'MAE'")
    assert page.locator("#sweep .errorbar").count() == 8
    assert requests == [path.as_uri()]
    assert problems == []
    page.close()
