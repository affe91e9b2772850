"""Sphinx extension: how autodoc shows classes, whose attributes are what a reader looks for."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# As napoleon spells the section "Attributes": one or several names, and what is said of them.
_ATTRIBUTES = re.compile(r":ivar (?P<names>[^:]+): ?(?P<text>.*)")


def leave_out_signature(
    app: Sphinx, what: str, name: str, piece: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[None, None] | None:
    """Show no signature of what has its fields listed, nor of errors, which readers catch and never make."""
    return (None, None) if what == "exception" or _has_fields(piece) else None


def list_attributes(app: Sphinx, what: str, name: str, piece: Any, options: Any, lines: list[str]) -> None:
    """List attributes; of a model or dataclass every field, with type, default and what the docstring says.

    Connected after napoleon.
    """
    if what != "class":
        return
    told = _take_attributes(lines)
    entries = []
    for field, default, description in _fields(piece):
        if field.startswith("_"):
            continue
        words = [told.pop(field, description), f"Default: ``{default}``." if default else ""]
        entries.append((f"**{field}** ({_type_of(piece, field)})", " ".join(filter(None, words))))
    entries += [(f"**{attribute}**", words) for attribute, words in told.items()]
    if entries:
        listed = [f"   * {name} – {words}" if words else f"   * {name}" for name, words in entries]
        lines += ["", ":Attributes:", *listed, ""]


def _has_fields(piece: Any) -> bool:
    return isinstance(piece, type) and (issubclass(piece, BaseModel) or dataclasses.is_dataclass(piece))


def _take_attributes(lines: list[str]) -> dict[str, str]:
    """Take what is said of attributes out of a docstring: name -> words."""
    told: dict[str, str] = {}
    kept: list[str] = []
    names: list[str] = []
    for line in lines:
        start = _ATTRIBUTES.match(line)
        if start:
            names = start["names"].split(", ")
            told |= dict.fromkeys(names, start["text"].strip())
        elif names and line.startswith(" "):
            told |= {name: f"{told[name]} {line.strip()}".strip() for name in names}
        else:
            names = []
            kept.append(line)
    lines[:] = kept
    return told


def _fields(piece: Any) -> Iterator[tuple[str, str, str]]:
    """Yield each field: name, its default as code (empty where there is none), and its description."""
    if not _has_fields(piece):
        return
    if issubclass(piece, BaseModel):
        for name, field in piece.model_fields.items():
            default = "" if field.default is PydanticUndefined else repr(field.default)
            yield name, default, f"{field.description}." if field.description else ""
        return
    for field in dataclasses.fields(piece):
        yield field.name, "" if field.default is dataclasses.MISSING else repr(field.default), ""


def _type_of(piece: type, field: str) -> str:
    """Spell the type of a field, without its checks; as it is written where it is not imported."""
    from sphinx.util.typing import restify

    try:
        spelled = restify(typing.get_type_hints(piece)[field], "smart")
    except NameError:
        return f"``{piece.__annotations__[field]}``"
    return spelled.replace(":py:obj:", ":py:class:")  # None and Literal look like the types around them


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("autodoc-process-signature", leave_out_signature)
    app.connect("autodoc-process-docstring", list_attributes, priority=600)  # napoleon has 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
