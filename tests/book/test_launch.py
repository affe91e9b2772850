import subprocess

import nbformat
import pytest
import yaml

from mmrepro.book import build
from mmrepro.book.build import _offer_launchable
from mmrepro.book.launch import launchable, set_up_code
from mmrepro.book.repository import Repository
from mmrepro.errors import MMReproError

from .specimen import PAPER, PROJECT, handmade

HERE = Repository("https://github.com/some-one/book", "main")


@pytest.fixture
def addressed(house):
    """The specimen, with an address and its notebook's source, and a book that was just rendered."""
    config = yaml.safe_load((house.root / "_config.yml").read_text())
    config["repository"]["url"] = HERE.url
    (house.root / "_config.yml").write_text(yaml.safe_dump(config))
    (house.root / "notebooks").mkdir()
    nbformat.write(handmade(), house.root / "notebooks" / PAPER.notebook_name)
    sources = house.root / "_build" / "book" / "_build" / "html" / "_sources"
    sources.mkdir(parents=True)
    for name in (PAPER.notebook_name, "index.md"):
        (sources / name).write_text("as rendered")
    return house


def offer(house):
    _offer_launchable([PAPER], house.root, house.root / "_build" / "book")


def test_a_launchable_copy_has_one_cell_more_and_no_outputs():
    source = handmade()
    copied = launchable(source, HERE)
    nbformat.validate(copied)
    assert copied.cells[0].source == set_up_code(HERE)
    assert copied.cells[0].source.endswith("set_up('https://github.com/some-one/book', 'main')")
    assert [cell.source for cell in copied.cells[1:]] == [cell.source for cell in source.cells]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in copied.cells)
    assert source.cells[1].outputs


def test_copies_are_left_for_the_branch_and_for_download(addressed):
    offer(addressed)
    built = addressed.root / "_build"
    assert [path.name for path in (built / "launch").iterdir()] == [PAPER.notebook_name]
    launched = (built / "launch" / PAPER.notebook_name).read_text()
    sources = built / "book" / "_build" / "html" / "_sources"
    assert (sources / PAPER.notebook_name).read_text() == launched
    assert (sources / "index.md").read_text() == "as rendered"


def test_copies_go_with_the_address(addressed):
    offer(addressed)
    (addressed.root / "_config.yml").write_text((PROJECT / "_config.yml").read_text())
    offer(addressed)
    assert not (addressed.root / "_build" / "launch").exists()


def test_a_chapter_without_a_notebook_is_told(addressed):
    (addressed.root / "notebooks" / PAPER.notebook_name).unlink()
    with pytest.raises(MMReproError, match="Chapter toy-fusion has no notebook"):
        offer(addressed)


def test_downloads_are_as_never_run(tmp_path):
    source = handmade()
    source.metadata["widgets"] = {"state": {}}
    nbformat.write(source, tmp_path / "a.ipynb")
    build._lighten_downloads(tmp_path)
    offered = nbformat.read(tmp_path / "a.ipynb", as_version=4)
    assert "widgets" not in offered.metadata
    assert not any(cell.get("outputs") for cell in offered.cells)


def test_the_workflow_pushes_the_copies_alone_to_their_branch(tmp_path):
    """Run the publishing job's own lines, against a bare repository."""
    jobs = yaml.safe_load((PROJECT / ".github" / "workflows" / "publish.yml").read_text())["jobs"]
    lines = next(step["run"] for step in jobs["launch"]["steps"] if "run" in step)
    origin, work = tmp_path / "origin.git", tmp_path / "work"
    author = {"user.name": "A", "user.email": "a@example.org"}
    settings = [word for name, value in author.items() for word in ("-c", f"{name}={value}")]
    git = ["git", *settings]
    subprocess.run([*git, "init", "--quiet", "--bare", "--initial-branch=main", origin], check=True)
    subprocess.run([*git, "clone", "--quiet", origin, work], check=True, capture_output=True)
    (work / ".gitignore").write_text("_build/\n")
    for words in (["add", "."], ["commit", "--quiet", "-m", "Start"], ["push", "--quiet", "origin", "main"]):
        subprocess.run([*git, *words], cwd=work, check=True, capture_output=True)
    (work / "_build" / "launch").mkdir(parents=True)
    for content in ("first", "second"):
        (work / "_build" / "launch" / "01_a.ipynb").write_text(content)
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GITHUB_SHA": "a" * 40}
        subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=work, env=environment, check=True)
    seen = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "launch"], cwd=origin, capture_output=True, text=True
    )
    assert seen.stdout.split() == ["01_a.ipynb"]
    told = subprocess.run(["git", "log", "--format=%s", "launch"], cwd=origin, capture_output=True, text=True)
    assert told.stdout.splitlines() == [f"Launchable notebooks of {'a' * 40}"]
    shown = subprocess.run(["git", "show", "launch:01_a.ipynb"], cwd=origin, capture_output=True, text=True)
    assert shown.stdout == "second"
