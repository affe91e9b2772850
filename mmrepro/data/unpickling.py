"""Unpickling without trust: no code of the pickle's author runs, and numpy gets no state that could harm it.

numpy believes what a pickle says: an object array shorter than its shape is read beyond its end, and the
state of a shared type can be replaced for the whole process. So each name that numpy's pickles ask for is
answered by a function of ours that checks what it is given, and states are checked before numpy sees them.
The unpickler is the one written in Python, whose steps can be replaced.
"""

from __future__ import annotations

import math
import pickle
import re
import struct
import sys
from collections.abc import Callable, Collection
from typing import Any, BinaryIO, ClassVar

import numpy as np

from mmrepro.errors import MMReproError

_Name = tuple[str, str]
_TYPE = re.compile(r"[<>|=]?[?bBhHiIlLqQefdgFDGSUVOMmuc]\d{0,9}")


class _Array:
    """Stands for `numpy.ndarray` where a pickle names it; it makes nothing."""


def _reconstruct(kind: Any, shape: Any, code: Any) -> np.ndarray:
    _demand(kind is _Array and shape == (0,) and code in (b"b", "b"), "an array is made in an unusual way")
    return np.empty(0, "b")


def _dtype(code: Any, align: Any = False, copy: Any = True) -> np.dtype[Any]:
    _demand(isinstance(code, str) and _TYPE.fullmatch(code), "a numpy type is no plain one")
    made: np.dtype[Any] = np.dtype(code, False, True)  # a copy, for numpy's own is everybody's
    return made


def _scalar(kind: Any, raw: Any) -> Any:
    _demand(isinstance(kind, np.dtype) and not kind.hasobject, "a numpy number has no plain type")
    content = _raw(raw)
    _demand(len(content) == kind.itemsize, "a numpy number has not the bytes of its type")
    _demand(legible(content, kind), "a text holds what is no letter")
    return np.frombuffer(content, kind)[0] if content else np.zeros(1, kind)[0]


def _from_buffer(buffer: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
    _demand(isinstance(kind, np.dtype) and not kind.hasobject, "an array has no plain type")
    content = _raw(buffer)
    _demand(legible(content, kind), "an array of texts holds what is no letter")
    return np.frombuffer(content, kind).reshape(shape, order=order).copy(order)


def _bytes(*content: Any) -> bytes:
    _demand(content == (), "bytes are made in an unusual way")
    return b""


def _bytearray(content: Any = b"", encoding: Any = "latin-1") -> bytearray:
    return bytearray(_raw(content))


def _encode(text: Any, encoding: Any) -> bytes:
    _demand(encoding in ("latin1", "latin-1"), "text is encoded in an unusual way")
    return _raw(text)


_OURS: dict[_Name, Callable[..., Any]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _dtype,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("_codecs", "encode"): _encode,  # how old protocols carry bytes
    ("builtins", "bytearray"): _bytearray,
    ("builtins", "bytes"): _bytes,
}


_STEPS: dict[int, Callable[[Any], None]] = pickle._Unpickler.dispatch


class Unpickler(pickle._Unpickler):
    """Reads arrays, numbers and containers, and what else is `allowed` by (module, name)."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(_STEPS)
    stack: list[Any]
    read: Callable[[int], bytes]
    append: Callable[[Any], None]

    def __init__(self, stream: BinaryIO, name: str, allowed: Collection[_Name]) -> None:
        super().__init__(stream, encoding="latin1")  # as arrays pickled by Python 2 need it
        self.name = name
        self.allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        """Answer a name with our own function, or refuse it."""
        if module.startswith("numpy.core"):  # numpy 2 moved it
            module = module.replace("numpy.core", "numpy._core", 1)
        if module == "__builtin__":
            module = "builtins"
        if (module, name) not in self.allowed:
            raise MMReproError(
                f"{self.name} is refused: it asks for {module}.{name}, and a pickle from outside may "
                "hold numpy arrays and builtin containers only."
            )
        return _OURS.get((module, name)) or super().find_class(module, name)

    def load_build(self) -> None:
        """Set the state of the last object, if it is one that its kind may have."""
        made, state = self.stack[-2], self.stack[-1]
        if type(made) is np.ndarray:
            self.stack[-1] = _array_state(*state)
        elif isinstance(made, np.dtype):
            self.stack[-1] = _type_state(made, state)
        else:
            kind = type(made)
            _demand((kind.__module__, kind.__qualname__) in self.allowed, "a state is set where none is")
        _STEPS[pickle.BUILD[0]](self)

    def load_bytearray8(self) -> None:
        """Read before making room: the size that is claimed may be any."""
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(size)))

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def _array_state(version: Any, shape: Any, kind: Any, fortran: Any, content: Any) -> tuple[Any, ...]:
    _demand(
        isinstance(shape, tuple) and all(type(size) is int and size >= 0 for size in shape),
        "an array has no shape",
    )
    _demand(isinstance(kind, np.dtype), "an array has no type")
    count = math.prod(shape)
    if kind.hasobject:
        fits = kind.str == "|O" and isinstance(content, list) and len(content) == count
    else:
        content = _raw(content)
        fits = len(content) == count * kind.itemsize
    _demand(fits, "an array has not the elements of its shape")
    _demand(kind.hasobject or legible(content, kind), "an array of texts holds what is no letter")
    return 1, shape, kind, bool(fortran), content


def _type_state(made: np.dtype[Any], state: Any) -> tuple[Any, ...]:
    """Return the state that numpy itself gives to this type in this order of bytes."""
    if made.kind in "mM":
        made = np.dtype(f"{made.kind}8[{state[8][1][0].decode()}]")
    ordered = made.newbyteorder(state[1]) if state[1] in ("<", ">") else made
    _demand(ordered.__reduce__()[2] == tuple(state), "a numpy type is no plain one")
    return tuple(state)


def legible(content: bytes, kind: np.dtype[Any]) -> bool:
    """Say whether `content` of type `kind` is text: numpy takes any number for a letter, Python does not."""
    if kind.kind != "U" or not content:
        return True
    return int(np.frombuffer(content, np.dtype("u4").newbyteorder(kind.byteorder)).max()) <= sys.maxunicode


def _raw(content: Any) -> bytes:
    return content.encode("latin1") if isinstance(content, str) else memoryview(content).tobytes()


def _demand(holds: Any, otherwise: str) -> None:
    if not holds:
        raise pickle.UnpicklingError(otherwise)
