"""Packages come through the registries' own clients, here from a folder and a server on this machine."""

import base64
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from mmrepro.data import package
from mmrepro.data.store import DataUnavailableError, fetch
from mmrepro.files import sha256_bytes

BODY = b"label\n1\n0\n"
PYPROJECT = b'[build-system]\nrequires = []\nbuild-backend = "back"\nbackend-path = ["."]\n'
METADATA = "Metadata-Version: 2.1\nName: numbers\nVersion: 1.0\n"
BACKEND = f"""
import pathlib
def prepare_metadata_for_build_wheel(folder, config=None):
    info = pathlib.Path(folder, "numbers-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text({METADATA!r})
    (info / "WHEEL").write_text("Wheel-Version: 1.0")
    return info.name
""".encode()


def tar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tape:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tape.addfile(info, io.BytesIO(body))
    return out.getvalue()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes for the only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def declare(project, body, members, registry="pypi"):
    source = {"package": "numbers", "registry": registry, "version": "1.0", "sha256": sha256_bytes(body)}
    project.write(x={"files": [project.file("n/labels.csv", BODY, {**source, "members": [members]})]})


def wheel():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        bundle.writestr("numbers/labels.csv", BODY)
        bundle.writestr("numbers-1.0.dist-info/METADATA", METADATA)
        bundle.writestr("numbers-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        bundle.writestr("numbers-1.0.dist-info/RECORD", "")
    return out.getvalue()


def test_a_file_from_a_source_archive(project, index):
    members = {
        "PKG-INFO": METADATA.encode(),
        "pyproject.toml": PYPROJECT,
        "back.py": BACKEND,
        "d/labels.csv": BODY,
    }
    body = tar({f"numbers-1.0/{name}": content for name, content in members.items()})
    (index / "numbers-1.0.tar.gz").write_bytes(body)
    declare(project, body, "numbers-1.0/d/labels.csv")
    data = fetch("demo", "x")
    assert (data.source, data.path("n/labels.csv").read_bytes()) == ("package", BODY)


def test_a_file_from_a_wheel(project, index):
    (index / "numbers-1.0-py3-none-any.whl").write_bytes(wheel())
    declare(project, wheel(), "numbers/labels.csv")
    assert fetch("demo", "x").path("n/labels.csv").read_bytes() == BODY


@pytest.mark.hostile(
    "a package other than the declared one, whose build runs code", "refused before it is built"
)
def test_another_package_file_than_declared_is_refused_before_it_is_built(project, index, tmp_path):
    trace = tmp_path / "built"
    hostile = f"import pathlib\npathlib.Path({str(trace)!r}).touch()\n".encode()
    members = {"PKG-INFO": METADATA.encode(), "pyproject.toml": PYPROJECT, "back.py": hostile}
    body = tar({f"numbers-1.0/{name}": content for name, content in members.items()})
    (index / "numbers-1.0.tar.gz").write_bytes(body)
    declare(project, b"something else", "*")
    with pytest.raises(DataUnavailableError, match=r"pypi package numbers 1\.0: the package client failed"):
        fetch("demo", "x")
    assert not trace.exists()


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
@pytest.mark.loopback
def test_a_file_from_npm(project, server, monkeypatch, tmp_path):
    body = tar({"package/package.json": b'{"name":"numbers","version":"1.0.0"}', "package/l.csv": BODY})
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()
    dist = {"tarball": f"{server.url}/numbers/-/numbers-1.0.0.tgz", "integrity": integrity}
    version = {"name": "numbers", "version": "1.0.0", "dist": dist}
    about = {"name": "numbers", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    server.content["/numbers"] = json.dumps(about).encode()
    server.content["/numbers/-/numbers-1.0.0.tgz"] = body
    monkeypatch.setenv("npm_config_registry", server.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    source = {"package": "numbers", "registry": "npm", "version": "1.0.0", "sha256": sha256_bytes(body)}
    file = project.file("l.csv", BODY, {**source, "members": ["package/l.csv"]})
    project.write(x={"files": [file]})
    assert fetch("demo", "x").path("l.csv").read_bytes() == BODY


def test_a_client_that_is_not_there_or_hangs(project, monkeypatch):
    declare(project, b"", "*", registry="npm")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DataUnavailableError, match="the program npm is not installed"):
        fetch("demo", "x")

    def hang(*_, timeout, **__):
        raise subprocess.TimeoutExpired("npm", timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(DataUnavailableError, match="npm took more than 900 s"):
        fetch("demo", "x")
    monkeypatch.setattr(package, "_run", lambda *_: None)
    with pytest.raises(DataUnavailableError, match="npm left 0 package files"):
        fetch("demo", "x")

    monkeypatch.setattr(package, "_run", lambda _, folder: (folder / "numbers-1.0.tgz").write_bytes(BODY))
    with pytest.raises(
        DataUnavailableError, match=r"numbers-1\.0\.tgz is not the file that the manifest decl"
    ):
        fetch("demo", "x")
