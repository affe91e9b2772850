import re

import nbformat
import pytest

from mmrepro.book import build
from mmrepro.book.build import build_book
from mmrepro.errors import MMReproError

from .specimen import CELLS, PAPER, executed, handmade

STUBS = ("plotly.min.js", "require.js", "embed-amd.js", "tex-svg-full.js")


@pytest.fixture
def stub_assets(monkeypatch):
    """Stand in for the fetched scripts: what a page loads is seen here, what they do in the browser tests."""

    def fetch(cache):
        cache.mkdir(parents=True, exist_ok=True)
        for name in STUBS:
            (cache / name).write_text(f"// {name}\n")
        return [cache / name for name in STUBS]

    monkeypatch.setattr(build, "fetch_assets", fetch)


def built(house, profile="cpu"):
    return build_book(profile, root=house.root, runs=house.runs, papers=[PAPER], is_stale=lambda made: False)


@pytest.mark.notebook
def test_a_book_is_built(house, stub_assets):
    house.keep_run(executed(CELLS))
    house.commit_record()
    index = built(house)
    assert index == house.root / "_build" / "html" / "index.html"
    page = (index.parent / "01_toy_fusion.html").read_text()
    assert re.search(r"<h1>.*\[Re\] Toy Fusion", page)
    assert 'alt="Line: accuracy rises over three epochs."' in page
    assert page.count('class="plotly-graph-div"') == 2
    scripts = re.findall(r'<script[^>]*src="_static/(?:vendor/)?([\w.-]+?\.js)', page)
    assert scripts.index("plotly.min.js") < scripts.index("figures.js") < scripts.index("require.js")
    assert scripts.index("require.js") < scripts.index("embed-amd.js")
    assert "application/vnd.jupyter.widget-view+json" in page
    assert "Where these numbers come from" in page
    assert "/somewhere/on/a/machine" not in page
    offered = nbformat.read(index.parent / "_sources" / PAPER.notebook_name, as_version=4)
    code = [cell for cell in offered.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code] == [
        cell.source for cell in executed(CELLS).cells if cell.cell_type == "code"
    ]
    assert not any(cell.outputs for cell in code)
    assert "widgets" not in offered.metadata
    others = [path.read_text() for path in index.parent.glob("*.html") if path.name != "01_toy_fusion.html"]
    assert not any("plotly.min.js" in text or "require.js" in text for text in others)
    addresses = re.findall(
        r'(?:<script|<link|<img)[^>]+(?:src|href)="(?:https?:)?//[^"]+', " ".join([page, *others])
    )
    assert addresses == []
    # Without an address of the repository no button leads to one.
    assert not re.findall("mybinder|colab|fa-github", " ".join([page, *others]))


@pytest.mark.fault("a chapter that may not be published", "the old book stays")
def test_a_refused_chapter_leaves_the_old_book(house, stub_assets):
    old = house.root / "_build" / "html"
    old.mkdir(parents=True)
    (old / "index.html").write_text("old")
    broken = handmade()
    broken.cells[2].outputs[0].metadata = {}
    house.keep_run(broken)
    with pytest.raises(MMReproError, match=r"cell 3 shows application/vnd\.plotly"):
        built(house)
    assert (old / "index.html").read_text() == "old"


@pytest.mark.notebook
def test_a_warning_fails_the_build_and_leaves_the_old_book(house, stub_assets):
    old = house.root / "_build" / "html"
    old.mkdir(parents=True)
    (old / "index.html").write_text("old")
    house.keep_run(handmade())
    glossary = house.root / "book" / "glossary.md"
    glossary.write_text(glossary.read_text() + "\n[nowhere](nowhere.md)\n")
    with pytest.raises(MMReproError, match=r"The book was not built: glossary.md:\d+: WARNING: .*nowhere"):
        built(house)
    assert (old / "index.html").read_text() == "old"


def test_the_first_warnings_are_told(tmp_path):
    log = "\n".join(f"\x1b[91m{tmp_path}/a.md:{line}: WARNING: bad\x1b[39;49;00m" for line in range(7))
    told = build._first_problems(f"reading\n{log}\n", tmp_path)
    assert told.startswith("a.md:0: WARNING: bad; a.md:1: WARNING: bad;")
    assert told.endswith("and 2 more.")


@pytest.mark.parametrize(("log", "told"), [("first\nlast\n", "last."), ("", "Jupyter Book gave no reason.")])
def test_a_failure_without_a_warning_is_told_too(log, told, tmp_path):
    assert build._first_problems(log, tmp_path) == told


def test_the_finished_book_takes_the_place_of_the_old_one(tmp_path):
    new, old = tmp_path / "work", tmp_path / "html"
    for folder in (new, old):
        folder.mkdir()
        (folder / f"{folder.name}.txt").touch()
    build._put_in_place(new, old)
    assert [path.name for path in old.iterdir()] == ["work.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["html"]


def test_staleness_comes_from_the_key_by_default(monkeypatch):
    monkeypatch.setattr("mmrepro.execution.key_index.is_stale", lambda made: made == "old")
    assert build._key_changed("old")
    assert not build._key_changed("new")
