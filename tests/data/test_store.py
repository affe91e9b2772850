import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmrepro.data import store
from mmrepro.data.readers import read_csv, read_pickle
from mmrepro.data.store import DataUnavailableError, declared_hashes, fetch, fetch_many, locate
from mmrepro.errors import MMReproError

from .conftest import put

A, B = b"a,b\n1,2\n", bytes(range(256)) * 400


def nothing_but(folder, *paths):
    """Say whether the visible files below `folder` are `paths`."""
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {str(path) for path in found if not str(path).startswith(".")} == set(paths)


# -- a mirror folder ---------------------------------------------------------------------------------------


def test_a_mirror_folder_is_used_in_place(project, mirror):
    project.write(x={"files": [project.file("x/a", A), project.file("x/b", B)]})
    put(mirror / "demo", x__a=A, x__b=B)
    assert locate("demo", "x") is None  # not verified yet, and looking is cheap
    data = fetch("demo", "x")
    assert (data.source, data.folder, data.tier) == ("mirror", mirror / "demo", "stand-in")
    assert data.path("x/a").read_bytes() == A
    assert data.sha256 == declared_hashes("demo")["x"]
    assert nothing_but(project.cache)
    assert locate("demo", "x") == data


def test_an_unknown_file_gets_the_nearest_names(project, mirror):
    project.write(x={"files": [project.file("x/a", A)]})
    put(mirror / "demo", x__a=A)
    with pytest.raises(MMReproError, match="demo/x has no file 'x/A'; did you mean 'x/a'"):
        fetch("demo", "x").path("x/A")


def test_a_changed_file_is_noticed(project, mirror):
    project.write(x={"files": [project.file("a", A)]})
    put(mirror / "demo", a=A)
    fetch("demo", "x")
    put(mirror / "demo", a=A[::-1])
    os.utime(mirror / "demo" / "a", ns=(1, 1))
    assert locate("demo", "x") is None
    with pytest.raises(DataUnavailableError, match=r"the mirror: SHA-256 \w+… instead of"):
        fetch("demo", "x")


@pytest.mark.fault("a mirror with a changed or cut file", "refused, and the next source tried")
@pytest.mark.loopback
@pytest.mark.parametrize("bad", [b"x" * len(B), b"short", None])
def test_a_corrupted_mirror_file_is_refused_and_the_next_source_tried(project, mirror, server, caplog, bad):
    server.content["/b"] = B
    project.write(x={"files": [project.file("a", A), project.file("b", B, {"url": f"{server.url}/b"})]})
    put(mirror / "demo", a=A)
    if bad:
        put(mirror / "demo", b=bad)
    data = fetch("demo", "x")
    assert data.source == "mirror+url"
    assert data.folder == project.cache / "demo"
    assert [data.path(name).read_bytes() for name in data.files] == [A, B]
    assert ("refused what the mirror delivers" in caplog.text) == bool(bad)


def test_a_mirror_that_is_not_there_is_told(project, monkeypatch):
    project.write(x={"files": [project.file("a", A)]})
    monkeypatch.setenv("MMREPRO_MIRROR", "/no/such/folder")
    with pytest.raises(MMReproError, match="MMREPRO_MIRROR names /no/such/folder, which is not a folder"):
        fetch("demo", "x")


# -- the network -------------------------------------------------------------------------------------------


@pytest.mark.loopback
def test_a_mirror_url_is_tried_first(project, server, monkeypatch):
    server.content["/mirror/demo/x/a%20b"] = A
    project.write(x={"files": [project.file("x/a b", A, {"url": f"{server.url}/upstream"})]})
    monkeypatch.setenv("MMREPRO_MIRROR", f"{server.url}/mirror/")
    assert fetch("demo", "x").source == "mirror"
    assert server.paths() == ["/mirror/demo/x/a%20b"]
    assert fetch("demo", "x").source == "cache"
    assert len(server.log) == 1


@pytest.mark.loopback
def test_only_what_is_missing_is_fetched(project, server):
    server.content.update({"/a": A, "/b": B})
    files = [project.file(name, body, {"url": f"{server.url}/{name}"}) for name, body in (("a", A), ("b", B))]
    project.write(x={"files": files})
    fetch("demo", "x")
    (project.cache / "demo" / "b").unlink()
    assert locate("demo", "x") is None
    assert fetch("demo", "x").source == "url"
    assert server.paths() == ["/a", "/b", "/b"]
    assert nothing_but(project.cache, "demo/a", "demo/b")


@pytest.mark.fault("a server with other content", "refused; nothing is put in place")
@pytest.mark.loopback
def test_wrong_content_is_never_put_in_place(project, server):
    server.content["/a"] = A[::-1]
    project.write(x={"files": [project.file("a", A, {"url": f"{server.url}/a"})]})
    expected = r"^demo/x: no source delivers 'a' \(127\.0\.0\.1:\d+: SHA-256 \w{12}… instead of \w{12}…\); "
    with pytest.raises(
        DataUnavailableError, match=expected + "connect to the network, or set MMREPRO_MIRROR"
    ):
        fetch("demo", "x")
    assert nothing_but(project.cache)


@pytest.mark.fault("hosts that nobody finds", "the next source within seconds")
@pytest.mark.loopback  # asks for names that nobody has
def test_an_unreachable_host_falls_through_quickly(project):
    urls = [{"url": f"http://host{number}.invalid/a"} for number in range(3)]
    project.write(x={"files": [project.file("a", A, *urls)]})
    began = time.monotonic()
    with pytest.raises(DataUnavailableError, match=r"host0\.invalid: cannot be reached; host1\.invalid: "):
        fetch("demo", "x")
    assert time.monotonic() - began < 5


@pytest.mark.loopback
def test_offline_means_cache_and_mirror_folder_only(project, server, monkeypatch):
    server.content["/a"] = A
    monkeypatch.setenv("MMREPRO_OFFLINE", "1")
    package = {"package": "p", "registry": "pypi", "version": "1", "sha256": "0" * 64}
    project.write(x={"files": [project.file("a", A, {"url": f"{server.url}/a"}, package)]})
    expected = "MMREPRO_OFFLINE is set; pypi package p 1: MMREPRO_OFFLINE is set.; unset MMREPRO_OFFLINE"
    with pytest.raises(DataUnavailableError, match=expected):
        fetch("demo", "x")
    monkeypatch.setenv("MMREPRO_MIRROR", server.url)
    with pytest.raises(DataUnavailableError):
        fetch("demo", "x")
    assert server.log == []


FETCH = "import sys; from mmrepro.data.store import fetch; print(fetch(*sys.argv[1:]).source)"


def start_fetch(*arguments):
    return subprocess.Popen([sys.executable, "-c", FETCH, *arguments], stdout=subprocess.PIPE, text=True)


@pytest.mark.fault("two processes fetch one data set at once", "it is asked for once, both have it")
@pytest.mark.loopback
def test_two_processes_at_once_fetch_once(project, server):
    def slowly(handler):
        time.sleep(0.3)
        handler.deliver(B)

    server.behave["/b"] = slowly
    project.write(x={"files": [project.file("b", B, {"url": f"{server.url}/b"})]})
    both = [start_fetch("demo", "x") for _ in range(2)]
    assert sorted(process.communicate(timeout=30)[0].strip() for process in both) == ["cache", "url"]
    assert server.paths() == ["/b"]


@pytest.mark.fault("a download is killed", "nothing is in place; the next one continues it")
@pytest.mark.loopback
def test_a_killed_fetch_leaves_nothing_in_place_and_is_continued(project, server):
    body = B * 20

    def stall(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:1_000_000])
        handler.wfile.flush()
        time.sleep(3)

    server.behave["/b"] = stall
    project.write(x={"files": [project.file("b", body, {"url": f"{server.url}/b"})]})
    process = start_fetch("demo", "x")
    partial = project.cache / ".work" / "demo--x" / "partial"
    deadline = time.monotonic() + 20
    while not any(path.stat().st_size for path in partial.glob("*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert nothing_but(project.cache)
    server.behave.clear()
    server.content["/b"] = body
    assert fetch("demo", "x").path("b").read_bytes() == body
    assert int(server.log[-1][1].removeprefix("bytes=").rstrip("-")) > 0
    assert not partial.exists()


# -- many at once, mirrors, imports --------------------------------------------------------------------------


def test_many_at_once_report_each(project, mirror):
    here, gone = project.file("a", A), project.file("b", B)
    project.write(
        x={"files": [here]}, y={"files": [gone]}, own={"access": "user", "variable": "NO_SUCH_FILE"}
    )
    put(mirror / "demo", a=A)
    outcome = fetch_many(["demo"], jobs=2)
    assert list(outcome) == ["demo/x", "demo/y"]
    assert outcome["demo/x"].source == "mirror"
    assert isinstance(outcome["demo/y"], DataUnavailableError)
    assert isinstance(fetch_many(["demo/own"])["demo/own"], DataUnavailableError)


def test_a_made_mirror_serves_another_machine(project, mirror, monkeypatch):
    project.write(x={"files": [project.file("x/a", A)]}, y={"files": [project.file("b", B)]})
    put(mirror / "demo", x__a=A)
    made = store.make_mirror(project.root / "made", ["demo"])
    assert made["demo/x"] == project.root / "made" / "demo"
    assert isinstance(made["demo/y"], DataUnavailableError)
    assert nothing_but(project.root / "made", "demo/x/a")
    monkeypatch.setenv("MMREPRO_MIRROR", str(project.root / "made"))
    monkeypatch.setenv("MMREPRO_DATA", str(project.root / "elsewhere"))
    assert fetch("demo", "x").folder == project.root / "made" / "demo"


def test_the_cache_has_a_place_of_its_own(monkeypatch):
    monkeypatch.delenv("MMREPRO_DATA", raising=False)
    from mmrepro.data.environment import cache_folder

    assert cache_folder().name == "mmrepro"


def test_importing_the_store_is_cheap():
    heavy = "{'torch', 'pandas', 'numpy', 'requests', 'pooch', 'rich', 'tqdm'}"
    code = f"import sys, mmrepro.data.store; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.skipif(not os.environ.get("MMREPRO_MIRROR"), reason="MMREPRO_MIRROR does not name a mirror")
def test_the_real_data_of_mosei_fusion(tmp_path, monkeypatch):
    monkeypatch.delenv("MMREPRO_ROOT", raising=False)
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path))
    declared = declared_hashes("mosei-fusion")
    assert sorted(declared) == ["mosei_audit", "mosei_labels", "mosi"]
    found = {name: fetch("mosei-fusion", name) for name in declared}
    assert {name: data.sha256 for name, data in found.items()} == declared
    labels = read_csv(found["mosei_labels"].path("mosei_labels/CMU_MOSEI_Labels.csv"))
    assert len(labels) == 23_259
    for part in ("val", "test"):
        assert read_pickle(found["mosei_audit"].path(f"mosei_audit/{part}_data.pkl"))
    assert isinstance(found["mosi"].folder, Path)
