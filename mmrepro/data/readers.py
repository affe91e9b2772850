"""Readers of files from outside: nothing in a file is executed, and what is no data is said to be none."""

from __future__ import annotations

import pickle
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NUMPY = frozenset(
    {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("_codecs", "encode"),  # how old protocols carry bytes
        ("collections", "OrderedDict"),
        ("builtins", "bytearray"),
        ("builtins", "complex"),
        ("builtins", "frozenset"),
        ("builtins", "set"),
    }
)
"""The globals, as (module, name), that a pickle of numpy arrays and builtin containers needs."""

_BROKEN_PICKLE = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


class _Unpickler(pickle.Unpickler):
    """Finds allowed globals only, so that loading a pickle cannot run its author's code."""

    def __init__(self, stream: Any, path: Path, allowed: Collection[tuple[str, str]]) -> None:
        super().__init__(stream, encoding="latin1")  # as arrays pickled by Python 2 need it
        self.path = path
        self.allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("numpy.core"):  # numpy 2 moved it
            module = module.replace("numpy.core", "numpy._core", 1)
        if module == "__builtin__":
            module = "builtins"
        if (module, name) not in self.allowed:
            raise MMReproError(
                f"{self.path.name} is refused: it asks for {module}.{name}, and a pickle from outside may "
                "hold numpy arrays and builtin containers only."
            )
        return super().find_class(module, name)


def read_pickle(path: Path, allowed: Collection[tuple[str, str]] = NUMPY) -> Any:
    """Read a pickle without trusting it.

    Parameters
    ----------
    path
        The pickle file.
    allowed
        The (module, name) pairs it may refer to; by default those of numpy arrays, numpy scalars and builtin
        containers.

    Returns
    -------
    object
        What the pickle holds.

    Raises
    ------
    MMReproError
        When it refers to anything else (which is named, and not executed), or is not a pickle.
    """
    _check_content(path)
    with path.open("rb") as stream:
        try:
            return _Unpickler(stream, path, allowed).load()
        except _BROKEN_PICKLE as error:
            raise MMReproError(f"{path} is not a readable pickle ({error}).") from None


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read every array of an ``.npz`` file, without pickled objects.

    Returns
    -------
    dict
        Name -> array, with the shapes and types as stored.

    Raises
    ------
    MMReproError
        When the file is not an ``.npz`` or holds Python objects.
    """
    import zipfile

    import numpy as np

    _check_content(path)
    if not zipfile.is_zipfile(path):
        raise MMReproError(f"{path} is not a readable .npz file (it is no zip archive).")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise MMReproError(f"{path} is not a readable .npz file ({error}).") from None


def read_csv(path: Path, **kwargs: Any) -> pd.DataFrame:
    """Read a table with `pandas.read_csv`.

    Parameters
    ----------
    path
        The text file.
    **kwargs
        Passed on to `pandas.read_csv`.

    Returns
    -------
    pandas.DataFrame
        One row a line.

    Raises
    ------
    MMReproError
        When the file is empty, a web page, or not a table.
    """
    import pandas as pd

    _check_content(path)
    try:
        frame: pd.DataFrame = pd.read_csv(path, **kwargs)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise MMReproError(f"{path} is not a readable table ({str(error).strip()}).") from None
    return frame


def _check_content(path: Path) -> None:
    """Refuse what is often found in place of data: nothing, a Git LFS pointer, a web page."""
    if not path.is_file():
        raise MMReproError(f"There is no file {path}.")
    with path.open("rb") as stream:
        start = stream.read(512).lstrip()
    if not start:
        raise MMReproError(f"{path} is empty; fetch it again.")
    if start.startswith(b"version https://git-lfs"):
        raise MMReproError(
            f"{path} is a Git LFS pointer, not the data; run `git lfs pull` where it was cloned, or fetch it."
        )
    if start.lower().startswith((b"<!doctype html", b"<html")):
        raise MMReproError(
            f"{path} is a web page, not data (an error or login page was saved); fetch it again."
        )
