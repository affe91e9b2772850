"""Pickles and arrays that were spoilt, or written to run code, to read beyond memory or to fill it."""

import codecs
import io
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from mmrepro.data.readers import read_npz, read_pickle
from mmrepro.errors import MMReproError

SPOILT = 150
CONTENT = {
    "numbers": np.arange(6.0).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "big": np.arange(3, dtype=">f4"),
    "objects": np.array([{1}, None, "x"], dtype=object),
    "words": np.array(["a", "bc"]),
    "bytes": np.array([b"a", b"bc"]),
    "days": np.array(["2025-01-31"], dtype="M8[D]"),
    "times": np.array([5], dtype="m8[ns]"),
    "empty": np.empty((0, 3), "f4"),
    "one": np.float32(0.5),
    "word": np.str_("é"),
    "plain": ["a", b"b", b"", bytearray(b"c"), bytearray(), 1.0, 10**30, {4}, frozenset({5}), 1j, None, True],
}


@pytest.mark.parametrize("protocol", range(6))
def test_what_numpy_pickles_comes_back(tmp_path, protocol):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(CONTENT, protocol))
    back, trusted = read_pickle(path), pickle.loads(path.read_bytes())
    assert back["plain"] == CONTENT["plain"]
    for name, value in CONTENT.items():
        assert type(back[name]) is type(value)
        if name != "plain":
            np.testing.assert_array_equal(back[name], value)
            assert back[name].dtype == trusted[name].dtype
    assert back["columns"].flags.f_contiguous
    assert back["numbers"].flags.writeable


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


def array_with(shape, kind, content):
    """The pickle of an array whose state says something else than what is there."""
    state = (1, shape, np.dtype(kind), False, content)

    class Lying:
        def __reduce__(self):
            return np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), state

    return Lying()


class TypeWith:
    """The pickle of a numpy type with a state of somebody's choice."""

    def __init__(self, code, state):
        self.code, self.state = code, state

    def __reduce__(self):
        return np.dtype, (self.code, False, False), self.state


CODE = {
    "a shell command": lambda trace: Calls(os.system, f"touch {trace}"),
    "an evaluated string": lambda trace: Calls(eval, f"open({str(trace)!r}, 'w')"),
    "a command within an array of objects": lambda trace: np.array(
        [Calls(os.system, f"touch {trace}")], dtype=object
    ),
    "a file that is opened": lambda trace: Calls(open, str(trace), "w"),
    "a module that is loaded": lambda trace: Calls(__import__, "antigravity"),
}
# What numpy's own pickles call.
BUFFER = np._core.numeric._frombuffer
SCALAR = np._core.multiarray.scalar
EMPTY = np._core.multiarray._reconstruct
# What is said of several lies.
FEW = "not the elements of its shape"
NO_TYPE = "a numpy type is no plain one"
NO_STATE = "a state is set where none is"
NO_TEXT = "holds what is no letter"
# A pickle, and what is said of it.
LIES = {
    "objects of which most are not there": (array_with((1000,), object, [1]), FEW),
    "numbers of which most are not there": (array_with((1000,), "f8", b"12345678"), FEW),
    "a shape whose size overflows": (array_with((2**40, 2**40), "f8", b""), FEW),
    "a negative shape": (array_with((-1,), "f8", b"12345678"), "an array has no shape"),
    "pointers in place of numbers": (array_with((1,), object, b"12345678"), FEW),
    "pointers in a buffer": (
        Calls(BUFFER, b"12345678", np.dtype("O"), (1,), "C"),
        "an array has no plain type",
    ),
    "a buffer without a type": (Calls(BUFFER, b"12345678", None, (1,), "C"), "an array has no plain type"),
    "texts of what is no letter": (array_with((1,), "<U1", b"\xff\xff\x7f\x00"), NO_TEXT),
    "a buffer of what is no letter": (
        Calls(BUFFER, b"\xff\xff\x7f\x00", np.dtype("<U1"), (1,), "C"),
        NO_TEXT,
    ),
    "a text of what is no letter": (Calls(SCALAR, np.dtype("<U1"), b"\xff\xff\x7f\x00"), NO_TEXT),
    "a pointer as a number": (Calls(SCALAR, np.dtype("O"), b"12345678"), "a numpy number has no plain type"),
    "a number cut short": (Calls(SCALAR, np.dtype("f8"), b"1234567"), "not the bytes of its type"),
    "an array that is begun with a size": (Calls(EMPTY, np.ndarray, (5,), b"b"), "made in an unusual way"),
    "an array that is begun with pointers": (Calls(EMPTY, np.ndarray, (0,), b"O"), "made in an unusual way"),
    "a type of several": (Calls(np.dtype, "f8,O"), NO_TYPE),
    "a type that changes numpy's own": (TypeWith("f8", (3, ">", None, None, None, 1, 1, 0)), NO_TYPE),
    "a type of another size": (TypeWith("f8", (3, "<", None, None, None, 10**6, 1, 0)), NO_TYPE),
    "a type with a layout": (
        TypeWith("V8", (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 63)),
        NO_TYPE,
    ),
    "an array of any size": (Calls(np.ndarray, (10**6,), "O"), "takes no arguments"),
    "a bytearray of any size": (Calls(bytearray, 10**12), "a bytes-like object is required"),
    "bytes of any size": (Calls(bytes, 10**12), "bytes are made in an unusual way"),
    "bytes by another codec": (Calls(codecs.encode, "a", "rot13"), "text is encoded in an unusual way"),
}
BYTES = {
    "a buffer that fills memory": (b"\x80\x05\x96" + (10**12).to_bytes(8, "little") + b".", ""),
    "a string that fills memory": (b"\x80\x04\x8d" + (10**12).to_bytes(8, "little") + b".", ""),
    "a state for a function": (b"c_codecs\nencode\n}U\x0c__defaults__)sb.", NO_STATE),
    "a state for a dictionary": (b"}}b.", NO_STATE),
    "a state for a class": (b"ccollections\nOrderedDict\n(N}U\x01xI1\nstb.", NO_STATE),
    "an extension": (b"\x80\x02\x82\x01.", "unregistered extension code"),
    "an object of elsewhere": (b"Pelsewhere\n.", "persistent id"),
}


def refused(read, path, because=""):
    with pytest.raises(MMReproError) as told:
        read(path)
    assert because in str(told.value)
    assert "\n" not in str(told.value)
    assert path.name in str(told.value)
    assert len(str(told.value)) < 400


@pytest.mark.hostile("pickles that call a command, open a file or load a module", "refused; no code runs")
@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("make", CODE.values(), ids=CODE)
def test_code_in_a_pickle_does_not_run(tmp_path, make, protocol):
    path, trace = tmp_path / "a.pkl", tmp_path / "trace"
    path.write_bytes(pickle.dumps(make(trace), protocol))
    refused(read_pickle, path)
    assert not trace.exists()
    assert "antigravity" not in sys.modules


@pytest.mark.hostile(
    "pickled arrays whose shape, type or bytes are a lie, and objects of any size",
    "refused in a sentence; numpy's own types stay as they are, no memory is read or filled",
)
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(("lie", "because"), LIES.values(), ids=LIES)
def test_a_lie_about_an_array_is_refused(tmp_path, lie, because, protocol):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(lie, protocol))
    refused(read_pickle, path, because)
    assert (np.dtype("f8").byteorder, np.dtype("f8").itemsize) == ("=", 8)


@pytest.mark.hostile("pickles made by hand, opcode by opcode", "refused in a sentence")
@pytest.mark.parametrize(("body", "because"), BYTES.values(), ids=BYTES)
def test_a_pickle_made_by_hand_is_refused(tmp_path, body, because):
    path = tmp_path / "a.pkl"
    path.write_bytes(body)
    refused(read_pickle, path, because)


SPOIL = """
import sys
from pathlib import Path
from mmrepro.data.readers import read_npz, read_pickle
from mmrepro.errors import MMReproError
whole, read = [path.read_bytes() for path in map(Path, sys.argv[2:])], globals()[sys.argv[1]]
from tests.hostile.mutate import spoilt
path, refused = Path(sys.argv[2] + ".spoilt"), 0
for content in whole:
    for seed in range(COUNT):
        path.write_bytes(spoilt(content, seed))
        try:
            read(path)
        except MMReproError as error:
            assert "\\n" not in str(error), error
            refused += 1
print(refused)
"""


def refused_of_many(reader, paths, count):
    """Read `count` spoilt copies of each file, in a process that may not take all memory or die unseen."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))"
    code = limit + SPOIL.replace("COUNT", str(count))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, reader, *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout)


@pytest.mark.hostile("pickles of arrays with bytes changed at random", "read or refused; never a crash")
def test_spoilt_pickles_are_read_or_refused(tmp_path, pytestconfig):
    paths = [tmp_path / f"{protocol}.pkl" for protocol in (0, 2, 5)]
    for protocol, path in zip((0, 2, 5), paths, strict=True):
        path.write_bytes(pickle.dumps(CONTENT, protocol))
    count = SPOILT * pytestconfig.getoption("--times")
    assert refused_of_many("read_pickle", paths, count) > count


@pytest.mark.hostile("archives of arrays with bytes changed at random", "read or refused; never a crash")
def test_spoilt_arrays_are_read_or_refused(tmp_path, pytestconfig):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.arange(20), y=np.eye(3))
    count = 2 * SPOILT * pytestconfig.getoption("--times")
    assert refused_of_many("read_npz", [path], count) > count / 2


def stored(path, name, body):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr(name, body)
    return path


def header(shape, kind="<f8"):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": kind, "fortran_order": False, "shape": shape})
    return head.getvalue()


@pytest.mark.hostile("an .npz with pickled objects that call a command", "refused; no code runs")
def test_objects_in_an_archive_of_arrays_do_not_run(tmp_path):
    trace = tmp_path / "trace"
    np.savez(tmp_path / "a.npz", x=np.array([Calls(os.system, f"touch {trace}")], dtype=object))
    refused(read_npz, tmp_path / "a.npz")
    assert not trace.exists()


@pytest.mark.hostile("an .npz of texts with numbers that are no letters", "refused; Python stops at them")
@pytest.mark.parametrize("order", ["<", ">"])
def test_texts_of_what_is_no_letter_are_refused(tmp_path, order):
    codes = np.array([0x41, 0x110000], dtype=f"{order}u4")
    np.savez(tmp_path / "a.npz", x=codes.view(f"{order}U1"))
    refused(read_npz, tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x=(codes - 1).astype(codes.dtype).view(f"{order}U1"))
    assert read_npz(tmp_path / "b.npz")["x"].tolist() == ["@", chr(0x10FFFF)]


@pytest.mark.hostile(
    "an .npz that claims arrays of terabytes, or holds zeros that fill memory",
    "refused before memory is filled",
)
@pytest.mark.parametrize("shape", [(2**50,), (2**40, 2**40), (10**11,)])
def test_an_array_of_any_size_is_refused(tmp_path, shape):
    refused(read_npz, stored(tmp_path / "a.npz", "x.npy", header(shape)))


@pytest.mark.hostile("an .npz whose members are said to fill more memory than there is", "refused unread")
def test_a_bomb_of_zeros_is_refused_unread(tmp_path, monkeypatch):
    import psutil

    free = psutil.virtual_memory()._replace(available=1000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros(10_000))
    with pytest.raises(MMReproError, match=r"would fill 80,\d+ bytes of memory, and 1,000 are free here"):
        read_npz(tmp_path / "a.npz")
