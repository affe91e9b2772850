import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from mmrepro.data.readers import read_csv, read_npz, read_pickle
from mmrepro.errors import MMReproError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"


class Payload:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_containers_come_back(tmp_path, protocol):
    content = {
        "x": np.arange(6, dtype="float32").reshape(2, 3),
        "scalar": np.float64(0.5),
        "strings": np.array(["a", "bc"]),
        "objects": np.array([{1}, None], dtype=object),
        "plain": [1, "two", (3.0, None, True), b"raw", {4}, frozenset({5}), 1j],
    }
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    back = read_pickle(path)
    np.testing.assert_array_equal(back["x"], content["x"])
    assert back["plain"] == content["plain"]
    assert back["strings"].tolist() == ["a", "bc"]
    assert back["objects"].tolist() == [{1}, None]


def test_names_from_before_numpy_2_are_understood(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(np.arange(3), protocol=2).replace(b"numpy._core", b"numpy.core"))
    assert read_pickle(path).tolist() == [0, 1, 2]


@pytest.mark.hostile("a pickle that asks for a function of the system", "named and refused; no code runs")
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_foreign_global_is_named_and_not_run(tmp_path, protocol):
    trace = tmp_path / "executed"
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"x": [Payload(trace)]}, protocol=protocol))
    with pytest.raises(MMReproError, match=r"a\.pkl is refused: it asks for posix\.system"):
        read_pickle(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "body",
    [b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x8c\x06system\x93.", b"cbuiltins\neval\n."],
)
def test_hand_made_pickles_are_refused(tmp_path, body):
    path = tmp_path / "a.pkl"
    path.write_bytes(body)
    with pytest.raises(MMReproError):
        read_pickle(path)


def test_more_may_be_allowed_by_name(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(Path("x")))
    with pytest.raises(MMReproError, match="PosixPath"):
        read_pickle(path)
    module = type(Path("x")).__module__
    assert read_pickle(path, {(module, "PosixPath")}) == Path("x")


@pytest.mark.parametrize("body", [b"plain text", b"\x80\x04\x95", b"]q\x00(K\x01"])
def test_a_broken_pickle_is_one_sentence(tmp_path, body):
    path = tmp_path / "a.pkl"
    path.write_bytes(body)
    with pytest.raises(MMReproError, match="is not a readable pickle"):
        read_pickle(path)


def test_npz(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=np.eye(2))
    np.testing.assert_array_equal(read_npz(path)["x"], np.eye(2))
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(MMReproError, match=r"not a readable \.npz"):
        read_npz(path)
    path.write_bytes(b"something else")
    with pytest.raises(MMReproError, match="no zip archive"):
        read_npz(path)


def test_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1;2\n")
    assert read_csv(path, sep=";")["b"].tolist() == [2]
    path.write_text('a,b\n1,"2\n')
    with pytest.raises(MMReproError, match="not a readable table"):
        read_csv(path)
    path.write_bytes(b"a\n\xff\xfe\n")
    with pytest.raises(MMReproError, match="not a readable table"):
        read_csv(path)


@pytest.mark.parametrize("reader", [read_pickle, read_npz, read_csv])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (POINTER, "is a Git LFS pointer, not the data"),
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"\n<!DOCTYPE HTML><html>", "is a web page, not data"),
    ],
)
def test_what_is_often_found_in_place_of_data(tmp_path, reader, body, expected):
    path = tmp_path / "a.bin"
    path.write_bytes(body)
    with pytest.raises(MMReproError, match=expected):
        reader(path)
    with pytest.raises(MMReproError, match="There is no file"):
        reader(tmp_path / "none")
