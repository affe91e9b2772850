import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from mmrepro.book import assets
from mmrepro.book.assets import PACKAGES, NodePackage, fetch_assets
from mmrepro.errors import MMReproError
from mmrepro.files import sha256_bytes

CONTENT = b"console.log('a');\n"
PACKAGE = NodePackage("@scope/script", "1.2.3", {"dist/script.js": sha256_bytes(CONTENT)})


def archive(path: Path, content: bytes = CONTENT, name: str = "package/dist/script.js") -> Path:
    with tarfile.open(path, "w:gz") as packed:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Stand in for npm, beside a stand-in for Python; returns a function that sets its answer."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    calls = tmp_path / "calls"

    def answer(*lines: str) -> Path:
        script = folder / "npm"
        script.write_text("\n".join(["#!/bin/sh", f'echo "$@" >> {calls}', *lines]) + "\n")
        script.chmod(0o755)
        return calls

    return answer


def delivers(path: Path) -> str:
    return f'while [ "$1" != --pack-destination ]; do shift; done; cp {path} "$2/it.tgz"'


def test_assets_come_through_npm_once(npm, tmp_path):
    calls = npm(delivers(archive(tmp_path / "a.tgz")))
    cache = tmp_path / "cache"
    script, plotly = fetch_assets(cache, (PACKAGE,))
    assert script.read_bytes() == CONTENT
    assert plotly.name == "plotly.min.js"
    assert plotly.stat().st_size > 1_000_000
    assert calls.read_text().startswith("pack @scope/script@1.2.3 --silent --pack-destination ")
    fetch_assets(cache, (PACKAGE,))
    assert len(calls.read_text().splitlines()) == 1
    assert {path.name for path in cache.iterdir()} == {"script.js", "plotly.min.js"}


@pytest.mark.fault("a script of the book is damaged", "it is fetched again")
def test_a_damaged_file_is_fetched_again(npm, tmp_path):
    npm(delivers(archive(tmp_path / "a.tgz")))
    cache = tmp_path / "cache"
    (script, _) = fetch_assets(cache, (PACKAGE,))
    script.write_text("damaged")
    fetch_assets(cache, (PACKAGE,))
    assert script.read_bytes() == CONTENT


@pytest.mark.hostile("another script than the declared one from the registry", "refused")
def test_another_content_is_refused(npm, tmp_path):
    npm(delivers(archive(tmp_path / "a.tgz", b"alert(1)")))
    with pytest.raises(MMReproError, match="is not the file that the book was made for"):
        fetch_assets(tmp_path / "cache", (PACKAGE,))
    assert not (tmp_path / "cache" / "script.js").exists()


def test_a_package_without_the_file_is_refused(npm, tmp_path):
    npm(delivers(archive(tmp_path / "a.tgz", name="package/other.js")))
    with pytest.raises(MMReproError, match=r"archive of @scope/script@1.2.3 has no file dist/script.js"):
        fetch_assets(tmp_path / "cache", (PACKAGE,))


def test_a_broken_archive_is_refused(npm, tmp_path):
    (tmp_path / "a.tgz").write_text("no archive")
    npm(delivers(tmp_path / "a.tgz"))
    with pytest.raises(MMReproError, match="has no file"):
        fetch_assets(tmp_path / "cache", (PACKAGE,))


def test_a_failing_npm_is_told_in_a_sentence(npm, tmp_path):
    npm("echo 'npm error network unreachable' >&2", "exit 1")
    with pytest.raises(
        MMReproError, match=r"npm could not fetch .* \(npm error network unreachable\); without"
    ):
        fetch_assets(tmp_path / "cache", (PACKAGE,))


def test_an_npm_that_hangs_is_told_in_a_sentence(npm, tmp_path, monkeypatch):
    npm()

    def hang(*arguments, **options):
        raise subprocess.TimeoutExpired("npm", 1)

    monkeypatch.setattr(assets.subprocess, "run", hang)
    with pytest.raises(MMReproError, match=r"npm did not deliver @scope/script@1.2.3 within"):
        fetch_assets(tmp_path / "cache", (PACKAGE,))


def test_a_missing_npm_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    with pytest.raises(MMReproError, match=r"which is missing; `pip install -e '\.\[book\]'` brings it"):
        fetch_assets(tmp_path / "cache", (PACKAGE,))


def test_a_missing_plotly_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(assets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MMReproError, match="needs plotly"):
        fetch_assets(tmp_path / "cache", ())


def test_every_asset_has_a_name_of_its_own_and_an_exact_version():
    names = [Path(member).name for package in PACKAGES for member in package.files]
    assert len(set(names)) == len(names)
    assert all(package.version.count(".") == 2 for package in PACKAGES)
