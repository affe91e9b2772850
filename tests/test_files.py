import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from mmrepro.files import sha256_bytes, sha256_file, write_atomic

KNOWN = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # of b"hello"


def test_text_and_bytes_are_written_and_folders_made(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    write_atomic(path, "grüße\n")
    assert path.read_bytes() == "grüße\n".encode()
    write_atomic(path, b"\x00")
    assert path.read_bytes() == b"\x00"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_file_is_for_sharing(tmp_path):
    write_atomic(tmp_path / "x", "1")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o644


@pytest.mark.fault("writing a file fails at any step", "the old file stays, and no rest")
@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch, step, error):
    path = tmp_path / "x"
    path.write_text("old")

    def failing(*_args):
        raise error

    monkeypatch.setattr(step, failing)
    with pytest.raises(type(error)):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_text("old")
    seen = []
    replace = Path.replace

    def watched(self, target):
        seen.append((path.read_text(), self.read_text()))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    write_atomic(path, "new")
    assert seen == [("old", "new")]
    assert path.read_text() == "new"


def _write_often(path, letter, count):
    for _ in range(count):
        write_atomic(path, letter * 100_000)


@pytest.mark.fault("two processes write one file at once", "one of the two is there, whole")
def test_two_writers_never_mix(tmp_path):
    path = tmp_path / "x"
    context = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")
    write_atomic(path, "a" * 100_000)
    writers = [context.Process(target=_write_often, args=(path, letter, 25)) for letter in "ab"]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        content = path.read_text()
        assert len(content) == 100_000
        assert set(content) in ({"a"}, {"b"})
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def test_hashes_are_those_of_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"hello")
    assert sha256_bytes(b"hello") == sha256_file(tmp_path / "x") == KNOWN
