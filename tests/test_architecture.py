"""The rules of the house that a machine can check: who imports whom, sizes, and papers that stay apart."""

import ast
import tomllib
from pathlib import Path

import pytest
import yaml

import mmrepro
from mmrepro.papers.paper import load_paper, paper_slugs

PACKAGE = Path(mmrepro.__file__).parent
PROJECT = PACKAGE.parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# Room -> rooms it must not reach. Commands belong to the command line, which stands on top.
FORBIDDEN = {
    "training": ("papers", "execution", "book", "chapter", "cli", "evidence", "display", "modeling"),
    "evidence": ("papers", "execution", "book", "chapter", "cli", "display", "data", "training", "modeling"),
    "data": ("papers", "execution", "book", "chapter", "cli", "display", "training", "evidence", "modeling"),
    "modeling": ("papers", "execution", "book", "chapter", "cli", "evidence", "display", "data"),
    "display": ("execution", "book", "chapter", "cli", "training", "modeling"),
    "execution": ("book", "chapter", "cli", "training", "modeling", "display"),
    "book": ("chapter", "cli", "training", "modeling"),
    "papers": ("execution", "book", "chapter", "cli"),
}


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """Names that a module imports from the package, at any depth of its code, but for type checking."""
    tree = ast.parse(path.read_text())
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module


def body_lines(function):
    """Count the lines of a function without its docstring."""
    words = ast.get_docstring(function, clean=False)
    return function.end_lineno - function.lineno + 1 - (len(words.splitlines()) if words else 0)


def rooms_of(path):
    return {name.split(".")[1] for name in imported(path) if name.startswith("mmrepro.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way_and_modules_stay_small(path):
    text = path.read_text()
    if path.stem.rpartition("_")[2] != "commands":
        assert not rooms_of(path) & set(FORBIDDEN.get(room(path), ()))
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert body_lines(node) <= 40, node.name


def test_a_paper_never_imports_another_paper():
    for slug in paper_slugs():
        own = load_paper(slug).module_name
        for path in (PACKAGE / "papers" / own).glob("*.py"):
            for name in imported(path):
                parts = name.split(".")
                if parts[:2] == ["mmrepro", "papers"] and len(parts) > 2:
                    assert parts[2] in (own, "paper", "settings"), f"{path} imports {name}"


def test_nothing_is_called_utils():
    assert not [path for path in MODULES if path.stem in ("utils", "util", "helpers", "misc", "common")]


def test_version_and_licence_agree_everywhere():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert project["version"] == mmrepro.__version__ == str(citation["version"])
    assert project["license"] == citation["license"]
    assert project["version"] in (PROJECT / "CHANGELOG.md").read_text()


def test_torch_and_torchvision_are_locked_to_releases_that_go_together():
    import torch
    import torchvision

    locked = dict(
        line.split(" ;")[0].split("==") for line in (PROJECT / "requirements.lock").read_text().splitlines()
    )
    assert torch.__version__.split("+")[0] == locked["torch"]
    assert torchvision.__version__.split("+")[0] == locked["torchvision"]
    torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)


def test_readme_fits_a_screen_and_shows_the_committed_verdicts():
    from mmrepro.book.scoreboard import readme_is_current

    readme = PROJECT / "README.md"
    assert len(readme.read_text().splitlines()) <= 60
    assert readme_is_current(readme), "run `make record`, which writes the scoreboard, and commit README.md"
