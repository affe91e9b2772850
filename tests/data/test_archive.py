import io
import stat
import tarfile
import zipfile

import pytest

from mmrepro.data.archive import extract, pack
from mmrepro.data.errors import SourceError


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return path


def taped(path, *infos):
    with tarfile.open(path, "w:gz") as tape:
        for info, content in infos:
            info.size = len(content)
            tape.addfile(info, io.BytesIO(content))
    return path


def info(name, kind=tarfile.REGTYPE, link=""):
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def test_zip_and_tar_give_the_same_tree(tmp_path):
    archives = [
        zipped(tmp_path / "a.zip", **{"top/": "", "top/a.txt": "A", "top/b/c.txt": "C", "top/no.bin": "N"}),
        taped(
            tmp_path / "a.tar.gz",
            (info("top", tarfile.DIRTYPE), b""),
            (info("top/a.txt"), b"A"),
            (info("top/b/c.txt"), b"C"),
            (info("top/no.bin"), b"N"),
        ),
    ]
    for number, archive in enumerate(archives):
        folder = tmp_path / str(number)
        written = extract(archive, ["*.txt"], 1, folder, 2)
        assert sorted(path.relative_to(folder).as_posix() for path in written) == ["a.txt", "b/c.txt"]
        assert (folder / "b" / "c.txt").read_text() == "C"
        assert not (folder / "no.bin").exists()


@pytest.mark.hostile(
    "archive members that step up, are absolute or use backslashes",
    "refused; nothing is written outside the folder",
)
@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x", "a\\..\\x"])
def test_members_outside_their_folder_are_refused(tmp_path, name):
    for archive in (
        zipped(tmp_path / "a.zip", **{name: "X"}),
        taped(tmp_path / "a.tgz", (info(name), b"X")),
    ):
        with pytest.raises(SourceError, match="lies outside its folder"):
            extract(archive, ["*"], 0, tmp_path / "in" / "out", 10)
    assert not (tmp_path / "x").exists()


@pytest.mark.hostile("tar members that are links, devices or pipes", "refused")
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    archive = taped(tmp_path / "a.tgz", (info("x", kind, "/etc/passwd"), b""))
    with pytest.raises(SourceError, match="'x' is a link or device"):
        extract(archive, ["*"], 0, tmp_path / "out", 10)


@pytest.mark.hostile("zip members that are symbolic links", "refused")
def test_zip_symlinks_are_refused(tmp_path):
    link = zipfile.ZipInfo("x")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as bundle:
        bundle.writestr(link, "/etc/passwd")
    with pytest.raises(SourceError, match="'x' is a link or device"):
        extract(tmp_path / "a.zip", ["*"], 0, tmp_path / "out", 100)


@pytest.mark.hostile("a zip that grows beyond its declared bytes", "stopped at the declared bytes")
def test_a_zip_bomb_stops_at_the_declared_bytes(tmp_path):
    archive = zipped(tmp_path / "a.zip", big=b"\0" * 20_000_000)
    assert archive.stat().st_size < 50_000
    with pytest.raises(SourceError, match="more than the declared 3,000,000 bytes"):
        extract(archive, ["*"], 0, tmp_path / "out", 3_000_000)
    assert (tmp_path / "out" / "big").stat().st_size <= 3_000_000


@pytest.mark.hostile("many small members that grow together", "counted together and stopped")
def test_many_small_members_count_together(tmp_path):
    archive = taped(tmp_path / "a.tgz", *((info(str(number)), b"12345") for number in range(3)))
    with pytest.raises(SourceError, match="more than the declared 14 bytes"):
        extract(archive, ["*"], 0, tmp_path / "out", 14)


@pytest.mark.hostile("two archive members of one name", "refused")
def test_two_members_of_one_name_are_refused(tmp_path):
    archive = taped(tmp_path / "a.tgz", (info("a/x"), b"1"), (info("b/x"), b"2"))
    with pytest.raises(SourceError, match="two members of one name"):
        extract(archive, ["*"], 1, tmp_path / "out", 10)


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_broken_archives_are_told(tmp_path, cut):
    for archive in (
        zipped(tmp_path / "a.zip", x="X" * 1000),
        taped(tmp_path / "a.tgz", (info("x"), b"X" * 1000)),
    ):
        archive.write_bytes(archive.read_bytes()[:cut])
        with pytest.raises(
            SourceError, match=rf"^{archive.name} is not a readable archive \(.+[^:]\)$"
        ) as told:
            extract(archive, ["*"], 0, tmp_path / "out", 10_000)
        assert "\n" not in str(told.value)


def test_nothing_wanted_or_nothing_left(tmp_path):
    archive = zipped(tmp_path / "a.zip", x="X")
    with pytest.raises(SourceError, match=r"no member like \*\.csv or y$"):
        extract(archive, ["*.csv", "y"], 0, tmp_path / "out", 10)
    with pytest.raises(SourceError, match="no more than 1 folders to strip"):
        extract(archive, ["*"], 1, tmp_path / "out", 10)


def test_packing_depends_on_names_and_bytes_only(tmp_path):
    (tmp_path / "x").write_text("X")
    (tmp_path / "y").write_text("Y")
    pack({"x": tmp_path / "x", "d/y": tmp_path / "y"}, tmp_path / "1.zip")
    (tmp_path / "x").touch()
    pack({"d/y": tmp_path / "y", "x": tmp_path / "x"}, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    assert len(extract(tmp_path / "1.zip", ["*"], 0, tmp_path / "out", 2)) == 2


def test_a_packed_file_may_be_read_by_all_and_run_by_none(tmp_path):
    (tmp_path / "x").write_text("X")
    (tmp_path / "x").chmod(0o700)
    pack({"x": tmp_path / "x"}, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as bundle:
        assert stat.filemode(bundle.getinfo("x").external_attr >> 16) == "-rw-r--r--"
