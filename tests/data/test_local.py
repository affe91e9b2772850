"""What is here: the user's own files, gates, and a cache in trouble."""

import os
import shutil

import pytest

from mmrepro.data.store import DataUnavailableError, fetch, locate, verify
from mmrepro.errors import MMReproError

from .conftest import put

A, B = b"a,b\n1,2\n", bytes(range(256)) * 400


# -- gates, private data, the user's own ---------------------------------------------------------------------


@pytest.mark.hostile(
    "another server than the gate's in a gated data set", "the token goes to the gate's server only"
)
@pytest.mark.loopback
def test_a_gate_says_what_to_accept_and_sends_the_token_to_its_server_only(project, server, monkeypatch):
    server.content["/b"] = B
    gate = {"accept": "the terms", "where": f"{server.url}/terms", "variable": "DEMO_TOKEN"}
    sources = [{"url": f"{server.url.replace('127.0.0.1', 'localhost')}/b?none"}, {"url": f"{server.url}/b"}]
    project.write(x={"access": "gated", "gate": gate, "files": [project.file("b", B, *sources)]})
    monkeypatch.delenv("DEMO_TOKEN", raising=False)
    expected = (
        f"DEMO_TOKEN is not set.; accept the terms at {server.url}/terms and put your token into DEMO_TOKEN"
    )
    with pytest.raises(DataUnavailableError, match=expected):
        fetch("demo", "x")
    monkeypatch.setenv("DEMO_TOKEN", "secret")
    fetch("demo", "x")
    assert [(path, token) for path, _, token in server.log[1:]] == [
        ("/b?none", None),
        ("/b", "Bearer secret"),
    ]


@pytest.mark.hostile(
    "a mirror on the gate's own server in a gated data set",
    "asked without the token, which nobody needs there",
)
@pytest.mark.loopback
@pytest.mark.parametrize("given", [None, "secret"])
def test_a_mirror_never_gets_the_token(project, server, monkeypatch, given):
    server.content["/mirror/demo/b"] = B
    gate = {"accept": "the terms", "where": f"{server.url}/terms", "variable": "DEMO_TOKEN"}
    files = [project.file("b", B, {"url": f"{server.url}/b"})]
    project.write(x={"access": "gated", "gate": gate, "files": files})
    monkeypatch.setenv("MMREPRO_MIRROR", f"{server.url}/mirror")
    if given:
        monkeypatch.setenv("DEMO_TOKEN", given)
    else:
        monkeypatch.delenv("DEMO_TOKEN", raising=False)
    fetch("demo", "x")
    assert server.log == [("/mirror/demo/b", None, None)]


def test_what_was_never_fetched_is_not_verified(project):
    project.write(x={"files": [project.file("b", B)]})
    assert verify("demo", "x") == ["demo/x is not here; `mmrepro data fetch demo/x` brings it."]


def test_private_data_say_so(project):
    project.write(x={"access": "private"})
    assert locate("demo", "x") is None
    assert verify("demo", "x") == ["demo/x is not here; `mmrepro data fetch demo/x` brings it."]
    with pytest.raises(DataUnavailableError, match=r"demo/x \(Numbers\) is private"):
        fetch("demo", "x")


def test_the_users_own_file(project, monkeypatch):
    project.write(x={"access": "user", "variable": "OWN_FILE", "title": "the file of numbers"})
    monkeypatch.delenv("OWN_FILE", raising=False)
    expected = "demo/x must be supplied by you: set OWN_FILE to the path of your copy of the file of numbers"
    with pytest.raises(DataUnavailableError, match=expected):
        fetch("demo", "x")
    assert locate("demo", "x") is None
    monkeypatch.setenv("OWN_FILE", str(project.root / "own.bin"))
    with pytest.raises(MMReproError, match=r"OWN_FILE names .*own\.bin, which is not a file") as caught:
        fetch("demo", "x")
    assert not isinstance(caught.value, DataUnavailableError)
    put(project.root, **{"own.bin": A})
    data = fetch("demo", "x")
    assert (data.source, data.files, data.path("own.bin").read_bytes()) == ("user", ("own.bin",), A)
    assert locate("demo", "x") == data
    assert verify("demo", "x") == []


def test_a_link_keeps_its_name(project, monkeypatch):
    """As in a hub's cache, where files lie under their hashes and links give them their names."""
    project.write(x={"access": "user", "variable": "OWN_FILE"})
    put(project.root, a1b2c3=A)
    link = project.root / "model.safetensors"
    link.symlink_to(project.root / "a1b2c3")
    monkeypatch.setenv("OWN_FILE", str(link))
    data = fetch("demo", "x")
    assert (data.files, data.path("model.safetensors").read_bytes()) == (("model.safetensors",), A)


def test_the_users_own_file_may_change(project, monkeypatch):
    project.write(x={"access": "user", "variable": "OWN_FILE"})
    own = project.root / "own.bin"
    own.write_bytes(A)
    monkeypatch.setenv("OWN_FILE", str(own))
    first = fetch("demo", "x")
    times = own.stat()
    own.write_bytes(A[::-1])
    os.utime(own, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert verify("demo", "x") == ["demo/x: own.bin: changed."]
    assert fetch("demo", "x").sha256 != first.sha256


# -- trouble with the cache ----------------------------------------------------------------------------------


@pytest.mark.fault(
    "a data file changes but for its size and time", "`data verify` finds it, the next fetch repairs it"
)
def test_verify_finds_what_size_and_time_hide_and_fetch_repairs_it(project, mirror, monkeypatch):
    project.write(x={"files": [project.file("a", A)]})
    put(project.cache / "demo", a=A)
    assert fetch("demo", "x").source == "cache"
    path = project.cache / "demo" / "a"
    times = path.stat()
    path.write_bytes(A[::-1])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert locate("demo", "x") is not None
    (problem,) = verify("demo", "x")
    assert problem.startswith("demo/x: a: SHA-256 ")
    assert locate("demo", "x") is None
    put(mirror / "demo", a=A)
    fetch("demo", "x")
    assert verify("demo", "x") == []


@pytest.mark.fault("the note of a verification is unreadable", "the data are verified again")
def test_an_unreadable_stamp_means_verify_again(project):
    project.write(x={"files": [project.file("a", A)]})
    put(project.cache / "demo", a=A)
    fetch("demo", "x")
    for stamp in (project.cache / ".verified").rglob("*.json"):
        stamp.write_text("[1")
    assert locate("demo", "x") is None
    assert fetch("demo", "x").source == "cache"


def test_a_new_hash_in_the_manifest_replaces_the_file(project, mirror):
    for body in (A, B):
        project.write(x={"files": [project.file("a", body)]})
        put(mirror / "demo", a=body)
        assert fetch("demo", "x").path("a").read_bytes() == body


@pytest.mark.fault(
    "a data folder that is full, read-only or not ours", "told in a sentence with the variable to set"
)
@pytest.mark.parametrize("number", [13, 28])
def test_a_cache_that_cannot_be_written_is_told(project, mirror, monkeypatch, number):
    project.write(x={"files": [project.file("a", A), project.file("b", B)]})
    put(mirror / "demo", a=A)

    def refuse(*_):
        raise OSError(number, os.strerror(number), "/cache/a")

    monkeypatch.setattr(shutil, "copyfile", refuse)
    expected = rf"Cannot keep demo/x \({os.strerror(number)}: /cache/a\); set MMREPRO_DATA to another folder"
    with pytest.raises(MMReproError, match=expected):
        fetch("demo", "x")


def test_other_trouble_is_not_disguised(project, mirror, monkeypatch):
    project.write(x={"files": [project.file("a", A), project.file("b", B)]})
    put(mirror / "demo", a=A)

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "copyfile", fail)
    with pytest.raises(OSError, match="Input/output error"):
        fetch("demo", "x")
