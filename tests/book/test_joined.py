import pytest
from bs4 import BeautifulSoup

from mmrepro.book.joined import joined_page

HEAD = '<link rel="stylesheet" href="_static/a.css"/>'
STATE = "application/vnd.jupyter.widget-state+json"


def page(folder, stem, body, head=""):
    path = folder / f"{stem}.html"
    path.write_text(
        f'<html data-theme="dark"><head>{HEAD}{head}</head><body><nav id="bar">Menu</nav>'
        f'<main><article class="bd-article">{body}</article></main><footer>Foot</footer></body></html>'
    )
    return path


@pytest.fixture
def joined(tmp_path):
    """Join two pages that use the same ids and different scripts."""
    one = page(
        tmp_path,
        "one",
        '<h1 id="rule">One<a class="headerlink" href="#rule">#</a></h1><a href="#rule">here</a>'
        '<a href="two.html">two</a><a href="two.html#rule">rule</a><a href="genindex.html">index</a>'
        '<a href="_downloads/x.csv">x</a><a href="https://example.org/a#b">out</a>'
        '<label for="box">Box</label><img src="_images/a.svg" alt="A"/>',
        '<script src="_static/vendor/require.js"></script><script src="_static/search.js"></script>',
    )
    two = page(
        tmp_path,
        "two",
        '<h1 id="rule">Two</h1><details class="hide"><summary>Show</summary>code</details>'
        '<details class="dropdown"><summary>Solution</summary>42</details>'
        '<div id="plot"></div><script data-figure="plot" type="json">{"a": "<b>"}</script>'
        "<button>Go</button>",
        '<script src="_static/vendor/plotly.min.js"></script><script src="_static/figures.js"></script>'
        f'<script type="{STATE}">{{"state": {{}}}}</script>',
    )
    return BeautifulSoup(joined_page([one, two], "A <book>"), "html.parser")


def test_articles_stand_in_order_without_what_surrounds_them(joined):
    assert [heading.text for heading in joined.select("h1")] == ["One", "Two"]
    assert joined.title.string == "A <book>"
    assert not joined.select("nav, footer, button, a.headerlink")
    assert joined.html["data-theme"] == "light"


def test_ids_are_unique_and_names_follow_them(joined):
    ids = [each["id"] for each in joined.select("[id]")]
    assert ids == ["one--", "one--rule", "two--", "two--rule", "two--plot"]
    assert joined.select_one("script[data-figure]")["data-figure"] == "two--plot"
    assert joined.label["for"] == "one--box"


def test_links_between_pages_lead_inside_and_others_nowhere_else(joined):
    targets = {link.text: link.get("href") for link in joined.select("a")}
    assert targets == {
        "here": "#one--rule",
        "two": "#two--",
        "rule": "#two--rule",
        "index": None,
        "x": None,
        "out": "https://example.org/a#b",
    }
    assert joined.img["src"] == "_images/a.svg"


def test_what_is_closed_lies_open(joined):
    assert [closed["class"] for closed in joined.select("details")] == [["dropdown"]]
    assert joined.details.has_attr("open")
    assert joined.select_one("div.hide").text == "code"


def test_scripts_that_draw_come_once_and_in_the_order_they_need(joined):
    scripts = [script["src"] for script in joined.select("head script[src]")]
    assert scripts == ["_static/vendor/plotly.min.js", "_static/figures.js", "_static/vendor/require.js"]
    assert len(joined.select(f'head script[type="{STATE}"]')) == 1
    assert len(joined.select("link")) == 1
