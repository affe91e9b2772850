"""Manifests, mirrors and servers that would lead to other files, other programs or other machines."""

import os
import subprocess
import sys

import pytest

from mmrepro.data.errors import DataUnavailableError
from mmrepro.data.manifest import load_manifest
from mmrepro.data.store import fetch
from mmrepro.data.transfer import download
from mmrepro.errors import MMReproError
from tests.data.conftest import mirror, project, server  # noqa: F401

HELLO = b"hello"
PATHS = {
    "the root": "/etc/passwd",
    "a step up": "../x",
    "a step up inside": "a/../../x",
    "a step that stays": "a/../b",
    "this folder": "./a",
    "a hidden folder": ".locks/a",
    "a backslash": "a\\..\\b",
    "two spellings": "a//b",
    "a folder": "a/",
    "nothing": "",
    "a NUL": "a\0b",
    "a line break": "a\nb",
    "an endless name": "x" * 300,
    "a number": 7,
    "a list": ["a"],
}
ENTRIES = {
    "a size below nothing": {"bytes": -1},
    "a size that is no number": {"bytes": float("nan")},
    "a size without end": {"bytes": float("inf")},
    "a size in words": {"bytes": "many"},
    "a hash of another kind": {"sha256": "0" * 40},
    "a hash with a path": {"sha256": "../" * 20 + "x" * 4},
    "a key that nobody knows": {"run": "touch x"},
    "a file of this machine": {"sources": [{"url": "file:///etc/passwd"}]},
    "a scheme in capitals": {"sources": [{"url": "FILE:///etc/passwd"}]},
    "a script as an address": {"sources": [{"url": "javascript:alert(1)"}]},
    "no address at all": {"sources": [{"url": "https"}]},
    "another module's function": {"sources": [{"recipe": "os:system"}]},
    "a recipe outside the package": {"sources": [{"recipe": "mmreproduce.x:build"}]},
    "an option as a package": {
        "sources": [{"package": "--index-url=x", "registry": "pypi", "version": "1", "sha256": "0" * 64}]
    },
    "a line break in a version": {
        "sources": [{"package": "p", "registry": "pypi", "version": "1\n--pre", "sha256": "0" * 64}]
    },
    "another registry": {
        "sources": [{"package": "p", "registry": "evil", "version": "1", "sha256": "0" * 64}]
    },
}


def sentence(error):
    said = str(error.value)
    assert "\n" not in said
    assert len(said) < 600
    assert error.value.exit_code == 2
    return said


def everything_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.hostile(
    "manifest paths that are absolute, step up, hide, or hold control characters", "refused in a sentence"
)
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_path_out_of_the_folder_is_refused(project, path):  # noqa: F811
    entry = project.file("a", HELLO) | {"path": path}
    project.write(x={"files": [entry]})
    with pytest.raises(MMReproError) as told:
        load_manifest("demo")
    assert "datasets.x.files.0.path" in sentence(told)


@pytest.mark.hostile(
    "manifest entries with sizes that are none, unknown keys, other schemes, or functions of other modules",
    "refused in a sentence; nothing is imported or called",
)
@pytest.mark.parametrize("change", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_that_would_do_something_else_is_refused(project, change):  # noqa: F811
    project.write(x={"files": [project.file("a", HELLO) | change]})
    with pytest.raises(MMReproError) as told:
        load_manifest("demo")
    assert "datasets.x.files.0" in sentence(told)


@pytest.mark.hostile(
    "a size of 10^30 bytes and a recipe that is not there", "no source delivers, in a sentence"
)
def test_what_no_source_can_deliver_is_told(project, mirror):  # noqa: F811
    (mirror / "demo").mkdir()
    (mirror / "demo" / "a").write_bytes(HELLO)
    recipe = {"recipe": "mmrepro.nowhere:build"}
    project.write(x={"files": [project.file("a", b"other", recipe) | {"bytes": 10**30}]})
    with pytest.raises(DataUnavailableError) as told:
        fetch("demo", "x")
    assert "there is no such function" in sentence(told)
    assert not everything_below(project.cache) - {".locks/demo--x.lock"}


def loop(folder):
    (folder / "t").mkdir()
    (folder / "t" / "again").symlink_to(".")


def pipe(folder):
    (folder / "t").mkdir()
    os.mkfifo(folder / "t" / "a")


def device(folder):
    (folder / "t").mkdir()
    (folder / "t" / "a").symlink_to("/dev/zero")


def nowhere(folder):
    (folder / "t").mkdir()
    (folder / "t" / "a").symlink_to("nowhere")


def foreign_name(folder):
    (folder / "t").mkdir()
    (folder / "t" / os.fsdecode(b"\xff\xfe")).write_bytes(HELLO)


def secret(folder):
    (folder / "t").mkdir()
    (folder / "t" / "a").symlink_to("/etc/passwd")


def folder_as_zip(folder):
    (folder / "t.zip").mkdir()


@pytest.mark.hostile(
    "mirrors with links to themselves, to nowhere, to devices and to files outside, pipes and foreign names",
    "refused without waiting; nothing of it stays in the cache",
)
@pytest.mark.parametrize("lay", [loop, pipe, device, nowhere, foreign_name, secret, folder_as_zip])
def test_a_mirror_that_leads_elsewhere_is_refused(project, mirror, lay):  # noqa: F811
    (mirror / "demo").mkdir()
    lay(mirror / "demo")
    project.write(x={"tree": {"path": "t", "sha256": "0" * 64, "bytes": 10}})
    with pytest.raises(DataUnavailableError) as told:
        fetch("demo", "x")
    assert "the mirror: " in sentence(told)
    assert not (project.cache / "demo").exists()


def leads_to(place):
    return lambda handler: (
        handler.send_response(302),
        handler.send_header("Location", place),
        handler.end_headers(),
    )


ELSEWHERE = ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://127.0.0.1/a", "data:text/plain,hello"]


@pytest.mark.loopback
@pytest.mark.hostile("a server that redirects to a file, to FTP or to data in the address", "refused")
@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_redirect_to_another_scheme_is_refused(project, server, place):  # noqa: F811
    server.behave["/a"] = leads_to(place)
    project.write(x={"files": [project.file("a", HELLO, {"url": f"{server.url}/a"})]})
    with pytest.raises(DataUnavailableError) as told:
        fetch("demo", "x")
    assert "127.0.0.1" in sentence(told)
    assert not (project.cache / "demo").exists()


PRIVATE = [
    "127.0.0.1",
    "localhost",
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "[::1]",
    "[fe80::1]",
    "0.0.0.0",
]


@pytest.mark.loopback
@pytest.mark.hostile(
    "manifest addresses in a private network, such as the one that tells a cloud machine's keys",
    "refused unless MMREPRO_PRIVATE is set or the user's mirror is there; nobody is asked",
)
@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_is_not_asked(project, monkeypatch, host):  # noqa: F811
    monkeypatch.delenv("MMREPRO_PRIVATE")
    project.write(x={"files": [project.file("a", HELLO, {"url": f"http://{host}:9/a"})]})
    with pytest.raises(DataUnavailableError) as told:
        fetch("demo", "x")
    assert "is in a private network, and MMREPRO_PRIVATE is not set" in sentence(told)


@pytest.mark.loopback
@pytest.mark.hostile(
    "a server that redirects to a private address", "refused; the private server is not asked"
)
def test_a_redirect_to_a_private_address_is_refused(project, server, monkeypatch):  # noqa: F811
    monkeypatch.delenv("MMREPRO_PRIVATE")
    monkeypatch.setenv("MMREPRO_MIRROR", server.url)  # the one server that may be asked
    server.behave["/demo/a"] = leads_to("http://[::1]:9/secret")
    project.write(x={"files": [project.file("a", HELLO)]})
    with pytest.raises(DataUnavailableError) as told:
        fetch("demo", "x")
    assert "::1 is in a private network" in sentence(told)
    assert server.paths() == ["/demo/a"]


@pytest.mark.loopback
@pytest.mark.hostile("a redirect to another host while a token is sent", "followed without the token")
def test_a_token_does_not_follow_a_redirect(project, server, tmp_path):  # noqa: F811
    server.content["/b"] = HELLO
    server.behave["/a"] = leads_to(server.url.replace("127.0.0.1", "localhost") + "/b")
    download(f"{server.url}/a", tmp_path / "a", 10, token="secret")
    assert [token for _, _, token in server.log] == ["Bearer secret", None]


@pytest.mark.hostile(
    "a manifest made to harm, given to the command line", "one sentence on the error stream and exit code 2"
)
@pytest.mark.parametrize("text", ["slug: &a [*a]", "slug: " + "[" * 100_000, "slug: !!python/name:os.system"])
def test_the_command_ends_with_one_sentence_and_exit_code_2(project, text):  # noqa: F811
    (project.root / "data_manifests" / "demo.yml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "mmrepro.cli", "data", "list", "demo"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("mmrepro: data_manifests/demo.yml")
    assert len(done.stderr.splitlines()) == 1
