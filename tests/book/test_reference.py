from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel, Field
from sphinx.ext.napoleon import Config, NumpyDocstring

import mmrepro
from mmrepro.book.reference import leave_out_signature, list_attributes, setup

from .specimen import PROJECT

PAGE = (PROJECT / "book" / "reference.md").read_text()
NAMES = re.findall(r"^\.\. auto\w+:: ([\w.]+)", PAGE, re.MULTILINE)


def piece(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_exists_is_public_and_is_told(name):
    assert not any(part.startswith("_") for part in name.split("."))
    assert piece(name).__doc__


def test_no_name_stands_twice():
    assert sorted(NAMES) == sorted(set(NAMES))


def test_all_that_the_package_exports_is_there():
    assert {f"mmrepro.{name}" for name in mmrepro.__all__} <= set(NAMES)


class Model(BaseModel):
    """A model.

    Attributes
    ----------
    lr, decay
        Of the
        optimiser.
    """

    model_config = {"frozen": True}

    lr: float = Field(0.1, gt=0)
    decay: float
    note: str | None = Field(None, description="What to remember")
    names: list[str] = Field(default_factory=list)


@dataclass
class Data:
    """A dataclass.

    Attributes
    ----------
    size
        In bytes.
    extra
        No field.
    """

    size: int
    parts: list[NotImported] = field(default_factory=list)  # noqa: F821
    name: str = "x"
    _kept: int = 0  # nobody else's, so not listed


class Plain:
    """A class.

    Attributes
    ----------
    size
        In bytes.
    """


def listed(cls, what="class"):
    """Give the lines that Sphinx is handed, after napoleon."""
    lines = NumpyDocstring(inspect.getdoc(cls), Config(napoleon_use_ivar=True), what="class").lines()
    list_attributes(None, what, cls.__name__, cls, None, lines)
    return [line.strip() for line in lines if line.strip()]


def test_every_field_of_a_model_is_listed_with_type_default_and_words():
    text, head, lr, decay, note, names = listed(Model)
    assert (text, head) == ("A model.", ":Attributes:")
    assert lr == "* **lr** (:py:class:`float`) – Of the optimiser. Default: ``0.1``."
    assert decay == "* **decay** (:py:class:`float`) – Of the optimiser."
    assert note.endswith("– What to remember. Default: ``None``.")
    assert re.fullmatch(r"\* \*\*names\*\* \(.*list.*str.*\)", names)


def test_a_dataclass_keeps_types_as_written_where_they_are_not_imported():
    assert listed(Data) == [
        "A dataclass.",
        ":Attributes:",
        "* **size** (``int``) – In bytes.",
        "* **parts** (``list[NotImported]``)",
        "* **name** (``str``) – Default: ``'x'``.",
        "* **extra** – No field.",
    ]


def test_attributes_of_other_classes_are_listed_alike():
    assert listed(Plain) == ["A class.", ":Attributes:", "* **size** – In bytes."]


def test_what_is_no_class_is_left_alone():
    assert listed(Plain, what="function") == ["A class.", ":ivar size: In bytes."]


@pytest.mark.parametrize(
    ("what", "cls", "left_out"),
    [
        ("class", Model, True),
        ("class", Data, True),
        ("exception", ValueError, True),
        ("class", Plain, False),
        ("function", listed, False),
    ],
)
def test_signatures_that_would_repeat_the_fields_are_left_out(what, cls, left_out):
    told = leave_out_signature(None, what, "name", cls, None, "(a, b)", None)
    assert told == ((None, None) if left_out else None)


def test_it_registers_after_napoleon():
    connected = {}

    class App:
        def connect(self, event, callback, priority=500):
            connected[event] = priority

    setup(App())
    assert connected["autodoc-process-docstring"] > 500
    assert "autodoc-process-signature" in connected
