"""Archives whose names, links or sizes would lead out of their folder, and archives that were spoilt."""

import gzip
import io
import tarfile
import zipfile

import pytest

from mmrepro.data.archive import extract
from mmrepro.data.errors import SourceError

from .mutate import spoilt

SPOILT = 60
NAMES = {
    "bytes that are no UTF-8": "na\udce9ve.txt",
    "a line break": "a\nb.txt",
    "a terminal's command": "\x1b[2J.txt",
    "three hundred letters": "x" * 300,
    "a thousand folders": "x/" * 1000 + "y" * 300,
    "a backslash": "..\\x",
    "a file that is a folder": "a/b",
    "the folder itself": ".",
}


def zipped(*members):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members:
            bundle.writestr(name, content)
    return body.getvalue()


def taped(*members, form=tarfile.GNU_FORMAT, mode="w:gz"):
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode=mode, format=form) as tape:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tape.addfile(info, io.BytesIO(content))
    return body.getvalue()


def opened(tmp_path, body, limit=1000):
    """Extract `body`, and make sure that nothing lies outside the folder, whatever comes of it."""
    archive = tmp_path / "a.bin"
    archive.write_bytes(body)
    inside = tmp_path / "deep" / "inside"
    try:
        return extract(archive, ["*"], 0, inside, limit)
    finally:
        beside = [path for path in (tmp_path / "deep").rglob("*") if inside not in (path, *path.parents)]
        assert not beside
        assert {path.name for path in tmp_path.iterdir()} <= {"a.bin", "deep"}


@pytest.mark.hostile(
    "archive members named with foreign bytes, control characters, endless names or a file as a folder",
    "refused; the next source is tried, nothing lies outside the folder",
)
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(SourceError):
        opened(tmp_path, taped(("a", b"1"), (name, b"2")))
    if name.isprintable():
        with pytest.raises(SourceError):
            opened(tmp_path, zipped(("a", b"1"), (name, b"2")))


@pytest.mark.hostile("archives that name a letter twice: composed and decomposed", "both files come out")
def test_names_that_look_alike_stay_apart(tmp_path):
    names = ("na\u00efve.txt", "nai\u0308ve.txt")
    found = opened(tmp_path, taped(*((name, b"1") for name in names)))
    assert sorted(path.name for path in found) == sorted(names)


@pytest.mark.hostile(
    "zip and tar archives with bytes changed at random", "extracted or refused, nothing else"
)
@pytest.mark.parametrize("kind", ["zip", "pax", "gnu", "gz", "bz2", "xz"])
def test_a_spoilt_archive_is_extracted_or_refused(tmp_path, kind, pytestconfig):
    members = (("a.txt", b"A" * 100), ("b/" + "long" * 40 + "é.txt", b"C" * 50))
    whole = {
        "zip": lambda: zipped(*members),
        "pax": lambda: taped(*members, form=tarfile.PAX_FORMAT, mode="w"),
        "gnu": lambda: taped(*members, mode="w"),
    }.get(kind, lambda: taped(*members, mode=f"w:{kind}"))()
    refused = 0
    for seed in range(SPOILT * pytestconfig.getoption("--times")):
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            opened(folder, spoilt(whole, seed))
        except SourceError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 5


@pytest.mark.hostile(
    "a hundred megabytes of zeros behind a few bytes of tar", "stopped at the declared bytes"
)
def test_a_bomb_of_tar_stops_at_the_declared_bytes(tmp_path):
    info = tarfile.TarInfo("zeros")
    info.size = 100_000_000
    body = gzip.compress(info.tobuf() + bytes(info.size) + bytes(1024), 1)
    with pytest.raises(SourceError, match="more than the declared 1,000 bytes"):
        opened(tmp_path, body)
    assert sum(path.stat().st_size for path in (tmp_path / "deep").rglob("*") if path.is_file()) <= 1000
