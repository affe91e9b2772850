import ast
import functools
import sys
import types

import pytest

from mmrepro.display import source
from mmrepro.display.source import edit_source, show_source, source_of
from mmrepro.errors import MMReproError

MODULE = """
from __future__ import annotations

import functools
import math
import os.path as path
from collections import Counter

LIMIT = 3
_hidden = 4


def helper(x):
    return x


def plain(x):
    return helper(math.sqrt(x)) + _hidden


def nested(values: Counter) -> list:
    return [math.floor(value) for value in values if value < LIMIT]


@functools.lru_cache(maxsize=LIMIT)
def decorated(x=_hidden):
    return path.join("a", str(x))


def alone(x):
    return x + 1


class Base:
    pass


class Piece(Base):
    size: int = LIMIT

    def count(self, values: Counter) -> float:
        return math.sqrt(len(values)) + Piece.size
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    path = tmp_path / "pieces_to_show.py"
    path.write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pieces_to_show", raising=False)
    import pieces_to_show

    yield pieces_to_show
    sys.modules.pop("pieces_to_show", None)


class Shell:
    """A notebook's shell, as far as edit_source needs one."""

    def set_next_input(self, text):
        self.text = text


@pytest.fixture
def shell(monkeypatch):
    made = Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: made)
    return made


def test_source_is_shown_under_its_name(module):
    shown = show_source(module.alone).data
    assert (
        shown == "<code>pieces_to_show.<wbr>alone</code>\n\n```python\ndef alone(x):\n    return x + 1\n```"
    )


def test_source_loses_the_indentation_of_its_surroundings(module):
    assert source_of(module.Piece.count).startswith("def count(self")


@pytest.mark.parametrize("piece", [len, int, functools.partial(len)])
@pytest.mark.parametrize("use", [source_of, show_source, edit_source])
def test_what_has_no_source_is_refused_in_a_sentence(shell, piece, use):
    with pytest.raises(MMReproError, match="has no Python source to show"):
        use(piece)


def test_outside_a_notebook_there_is_no_next_cell(module):
    with pytest.raises(MMReproError, match=r"edit_source works in a notebook; elsewhere use .*source_of"):
        edit_source(module.alone)


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("plain", {"_hidden", "helper", "math"}),
        ("nested", {"Counter", "LIMIT", "math"}),
        ("decorated", {"LIMIT", "_hidden", "functools", "path"}),
        ("Piece", {"Base", "Counter", "LIMIT", "math"}),
    ],
)
def test_the_next_cell_holds_the_piece_with_what_it_needs(module, shell, name, imported):
    edit_source(getattr(module, name))
    tree = ast.parse(shell.text)
    future, needed = tree.body[:2]
    assert future.module == "__future__"
    assert {alias.name for alias in needed.names} == imported
    assert source_of(getattr(module, name)) in shell.text


@pytest.mark.parametrize("name", ["plain", "nested", "decorated", "alone", "Piece"])
def test_the_next_cell_runs(module, shell, name):
    edit_source(getattr(module, name))
    space = {}
    exec(compile(shell.text, "cell", "exec", dont_inherit=True), space)
    assert space[name] is not getattr(module, name)
    if name == "nested":
        assert space[name]([1.5, 9.0]) == [1]


def test_a_piece_that_was_changed_in_the_notebook_can_be_changed_again(module, shell, monkeypatch):
    """A cell is no file: its source lives in memory."""
    import linecache

    edit_source(module.plain)
    text, name = shell.text, "/tmp/a-cell/1.py"
    monkeypatch.setitem(linecache.cache, name, (len(text), None, text.splitlines(keepends=True), name))
    notebook = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", notebook)
    exec(compile(text, name, "exec", dont_inherit=True), vars(notebook))
    edit_source(notebook.plain)
    assert shell.text == text.replace("from pieces_to_show", "from __main__")


def test_every_piece_can_be_named_from_the_package():
    import mmrepro

    assert mmrepro.show_source is source.show_source
    assert mmrepro.edit_source is source.edit_source
    with pytest.raises(AttributeError, match="no attribute 'hide_source'"):
        mmrepro.hide_source  # noqa: B018
