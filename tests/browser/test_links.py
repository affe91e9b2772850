import pytest

from .links import dead_links


@pytest.fixture
def page(tmp_path):
    (tmp_path / "other.html").write_text('<h1 id="there">x</h1>')
    (tmp_path / "a b.csv").write_text("x")
    return tmp_path / "page.html"


@pytest.mark.parametrize(
    "target",
    [
        "",
        "#",
        "#here",
        "other.html",
        "other.html#there",
        "a%20b.csv",
        "https://arxiv.org/abs/1",
        "mailto:a@b.example",
    ],
)
def test_a_link_that_leads_somewhere_is_none_of_the_dead(page, target):
    page.write_text(f'<a href="{target}">x</a><p id="here">y</p>')
    assert dead_links(page) == []


@pytest.mark.parametrize(
    "target",
    [
        "gone.html",
        "other.html#gone",
        "#gone",
        "https://",
        "https://localhost/x",
        "javascript:alert(1)",
        "other",
    ],
)
def test_a_link_that_leads_nowhere_is_told(page, target):
    page.write_text(f'<a href="{target}">x</a><a href="{target}">again</a>')
    assert dead_links(page) == [target]
