"""Finished parts of a run that was killed: they lie on disk, and the next run takes them from there.

The runner names a folder for each run; where none is named, as in a notebook that a person works with,
nothing is kept and nothing is taken. A part is told by its function and by how often that was called
before: a run is deterministic and its key names the folder, so the n-th call is the same call.
"""

from __future__ import annotations

import functools
import os
import pickle
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from mmrepro.files import sha256_bytes, write_atomic

FOLDER_VARIABLE = "MMREPRO_UNFINISHED"
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# The part that is being worked at; parts and checkpoints within it lie in its folder.
_within: ContextVar[Path | None] = ContextVar("within", default=None)
_calls: Counter[Path] = Counter()


def start(key: str) -> bool:
    """Count calls anew, for a run of `key`, and tell whether a run before it left something unfinished.

    A folder that was named for another key is let go: sources changed after the runner named it.
    """
    _calls.clear()
    folder = Path(os.environ.get(FOLDER_VARIABLE, ""))
    if not folder.name.startswith(key):
        os.environ.pop(FOLDER_VARIABLE, None)
        return False
    return any(folder.rglob("*"))


def next_place(name: str) -> Path | None:
    """Return where the next part or checkpoint called `name` is kept; None where nothing is."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        return None
    base = (_within.get() or Path(folder)) / name
    _calls[base] += 1
    return base.with_name(f"{name}-{_calls[base]}")


def resumable(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Keep what `function` returns until the run is complete, and do not call it again when it was killed.

    The arguments must be unchanged by the call, and calls must come in the same order in every run: for
    calls side by side use `mmrepro.training.parallel.workers`. A result that cannot be pickled, such as a
    model of transformers with its hooks, is not kept; the training's checkpoint within it is.
    """

    @functools.wraps(function)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        return part(next_place(name_of(function)), functools.partial(function, *args, **kwargs))

    return call


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function that a partial one may wrap, with its module."""
    while isinstance(function, functools.partial):
        function = function.func
    return f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"


def part(place: Path | None, work: Callable[[], Result]) -> Result:
    """Return what `work` gives; where it lies at `place`, take it and the random states that it left."""
    found = stored(place)
    if found is not None:
        _set_random_states(found.random_states)
        return found.result  # type: ignore[no-any-return]
    if place is None:
        return work()
    outer = _within.set(place)
    try:
        result = work()
    finally:
        _within.reset(outer)
    try:
        content = pickle.dumps(Stored(result, _random_states()), protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return result  # checkpoints and parts within it stay
    write_atomic(_file(place), sha256_bytes(content).encode() + content)
    shutil.rmtree(place, ignore_errors=True)
    return result


@dataclass(frozen=True)
class Stored:
    """A finished part: what its work gave, and the random states after it."""

    result: Any
    random_states: dict[str, Any]


def stored(place: Path | None) -> Stored | None:
    """Read the part at `place`; None when there is none, or its file was damaged."""
    if place is None or not _file(place).is_file():
        return None
    content = _file(place).read_bytes()
    if sha256_bytes(content[64:]).encode() != content[:64]:
        return None
    found: Stored = pickle.loads(content[64:])  # written by `part`, below the project's own folder
    return found


def _file(place: Path) -> Path:
    return place.with_name(f"{place.name}.part")


def _random_states() -> dict[str, Any]:
    """Return the states that work may have moved; what comes after it must not see a difference."""
    states: dict[str, Any] = {"random": random.getstate()}
    if "numpy" in sys.modules:
        states["numpy"] = sys.modules["numpy"].random.get_state()
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        states["torch"] = torch.get_rng_state()
        states["cuda"] = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return states


def _set_random_states(states: dict[str, Any]) -> None:
    random.setstate(states["random"])
    if "numpy" in states:
        import numpy as np

        np.random.set_state(states["numpy"])
    if "torch" in states:
        import torch

        torch.set_rng_state(states["torch"])
        if states["cuda"]:
            torch.cuda.set_rng_state_all(states["cuda"])
