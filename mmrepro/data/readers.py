"""Readers of files from outside: nothing in a file is executed, and what is no data is said to be none."""

from __future__ import annotations

import pickle
import struct
import zipfile
import zlib
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
        ("builtins", "bytes"),
        ("builtins", "complex"),
        ("builtins", "frozenset"),
        ("builtins", "set"),
    }
)
"""The globals, as (module, name), that a pickle of numpy arrays and builtin containers needs."""

_LONGEST_REASON = 200
# What Python and numpy raise over a pickle that was cut, spoilt or made up.
_BROKEN_PICKLE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
# The same of an archive of arrays.
_BROKEN_NPZ = (
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,  # an unknown compression
    OSError,  # a member that is said to begin outside the file
    OverflowError,
    RuntimeError,  # an encrypted one
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


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
    from mmrepro.data.unpickling import Unpickler

    _check_content(path)
    with path.open("rb") as stream:
        try:
            return Unpickler(stream, path.name, allowed).load()
        except _BROKEN_PICKLE as error:
            raise MMReproError(f"{path} is not a readable pickle ({_reason(error)}).") from None


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
    import numpy as np

    from mmrepro.data.unpickling import legible

    _check_content(path)
    if not zipfile.is_zipfile(path):
        raise MMReproError(f"{path} is not a readable .npz file (it is no zip archive).")
    try:
        _refuse_bomb(path)
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        for name, array in found.items():
            if array.dtype.kind == "U" and not legible(array.tobytes(), array.dtype):
                raise ValueError(f"{name} holds what is no letter")
        return found
    except _BROKEN_NPZ as error:
        raise MMReproError(f"{path} is not a readable .npz file ({_reason(error)}).") from None


def _refuse_bomb(path: Path) -> None:
    import psutil

    with zipfile.ZipFile(path) as bundle:
        needed = sum(info.file_size for info in bundle.infolist())
    free = psutil.virtual_memory().available
    if needed > free:
        raise MMReproError(f"{path} would fill {needed:,} bytes of memory, and {free:,} are free here.")


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


def _reason(error: BaseException) -> str:
    said = " ".join(str(error).split())
    return said[:_LONGEST_REASON] or type(error).__name__


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
