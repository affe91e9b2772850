"""The buttons of a book that knows its repository, as Jupyter Book and its theme make them."""

import re

import nbformat
import pytest
import yaml

from mmrepro.book.build import build_book
from mmrepro.book.launch import set_up_code
from mmrepro.book.repository import Repository

from .specimen import PAPER, checkout, handmade

URL = "https://github.com/some-one/book"


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    house = checkout(tmp_path_factory.mktemp("addressed"))
    config = yaml.safe_load((house.root / "_config.yml").read_text())
    config["repository"]["url"] = URL
    (house.root / "_config.yml").write_text(yaml.safe_dump(config))
    notebook = handmade()
    (house.root / "notebooks").mkdir()
    nbformat.write(notebook, house.root / "notebooks" / PAPER.notebook_name)
    house.keep_run(notebook)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmrepro.book.build.fetch_assets", lambda cache: [])
        index = build_book(
            "cpu", root=house.root, runs=house.runs, papers=[PAPER], is_stale=lambda made: False
        )
    return index.parent


def links(html, name):
    return set(re.findall(r'href="(https://[^"]*)"', (html / name).read_text()))


@pytest.mark.notebook
def test_a_chapter_is_launched_in_colab_and_on_binder_and_edited_where_it_lies(html):
    assert links(html, "01_toy_fusion.html") >= {
        "https://colab.research.google.com/github/some-one/book/blob/launch/01_toy_fusion.ipynb",
        "https://mybinder.org/v2/gh/some-one/book/main?urlpath=lab/tree/notebooks/01_toy_fusion.ipynb",
        f"{URL}/edit/main/notebooks/01_toy_fusion.ipynb",
        URL,
    }


@pytest.mark.notebook
@pytest.mark.parametrize("name", ["index", "verdicts", "running"])
def test_a_plain_page_is_edited_but_not_launched(html, name):
    found = links(html, f"{name}.html")
    assert found >= {f"{URL}/edit/main/book/{name}.md", URL}
    assert not [link for link in found if "colab" in link or "mybinder" in link]


@pytest.mark.notebook
def test_the_download_of_a_chapter_sets_itself_up(html):
    for folder in (html / "_sources", html.parent / "launch"):
        offered = nbformat.read(folder / PAPER.notebook_name, as_version=4)
        assert offered.cells[0].source == set_up_code(Repository(URL, "main"))
