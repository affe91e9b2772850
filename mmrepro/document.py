"""YAML files as plain data: what is written to mislead a reader or to exhaust it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mmrepro.errors import MMReproError

_MOST_BYTES = 4_000_000
_MOST_PARTS = 200_000
_MOST_DEEP = 40  # the parser itself ends the process at some ten thousand


class _Loader(yaml.CSafeLoader):
    """YAML in which a key that stands twice is a mistake, not a silent choice of the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"{key.value!r} stands there twice", problem_mark=key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, name: str | None = None) -> Any:
    """Read one YAML document.

    Parameters
    ----------
    name
        What a sentence calls the file; by default its path.

    Raises
    ------
    MMReproError
        When there is no such file, or it is no YAML of plain data; the sentence names file and line.
    """
    name = name or str(path)
    try:
        with path.open("rb") as stream:
            text = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise MMReproError(f"{name} cannot be read ({error.strerror}); put the file there.") from None
    if len(text) > _MOST_BYTES:
        raise MMReproError(f"{name} has more than {_MOST_BYTES:,} bytes; no file of this kind is that long.")
    try:
        _refuse_traps(text.decode())
        return yaml.load(text.decode(), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise MMReproError(f"{name} is not text in UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise MMReproError(f"{name}, line {line}: not valid YAML: {error.problem}.") from None
    except (yaml.YAMLError, ValueError) as error:  # control characters; dates and numbers that are none
        raise MMReproError(f"{name}: not valid YAML: {' '.join(str(error).split())}.") from None


def _refuse_traps(text: str) -> None:
    """Measure the file piece by piece, with what its aliases stand for, before anything is built of it."""
    size, sizes = 0, {}
    within: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            within.append((event.anchor, size))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = within.pop()
            sizes[anchor] = size - before
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in [anchor for anchor, _ in within]:
                _refuse(event, f"the alias {event.anchor!r} stands within what it stands for")
            size += sizes.get(event.anchor, 0)
        size += 1
        if len(within) > _MOST_DEEP:
            _refuse(event, f"more than {_MOST_DEEP} levels of lists in lists")
        if size > _MOST_PARTS:
            _refuse(event, f"more than {_MOST_PARTS:,} parts, counted with what aliases stand for")


def _refuse(event: Any, problem: str) -> None:
    raise yaml.constructor.ConstructorError(problem=problem, problem_mark=event.start_mark)
