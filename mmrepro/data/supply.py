"""Supply: gets one file or tree from the first of its sources that delivers what is declared."""

from __future__ import annotations

import importlib
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from mmrepro.data.archive import extract
from mmrepro.data.environment import mirror_folder, mirror_url
from mmrepro.data.errors import DataUnavailableError, SourceError, WrongContentError
from mmrepro.data.manifest import FileEntry, Gate, TreeEntry, Unit
from mmrepro.data.package import download_package
from mmrepro.data.source import ArchiveSource, PackageSource, RecipeSource, Source, UrlSource
from mmrepro.data.transfer import download
from mmrepro.data.tree import hash_folder, tree_sha256
from mmrepro.files import sha256_bytes, sha256_file

log = logging.getLogger("mmrepro.data")


@dataclass
class Desk:
    """What getting one data set needs: a folder to work in, the gate's token and the recipes' inputs.

    Interrupted transfers below ``folder/partial`` outlive the process; `made` remembers the archives,
    packages and recipe outputs of this run, which several files may come from.
    """

    slug: str
    folder: Path
    gate: Gate | None
    token: str | None
    fetch_input: Callable[[str], Path]
    made: dict[Source, Path] = field(default_factory=dict)

    def fresh(self, name: str) -> Path:
        """Return an empty folder."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def download(self, url: str, limit: int, sha256: str | None, *, trusted: bool = True) -> Path:
        """Download `url` to a file of its own; the token goes to the gate's server and to no other."""
        target = self.folder / "partial" / sha256_bytes(url.encode())[:16]
        behind_gate = self.gate and trusted and _server(url) == _server(self.gate.where)
        if behind_gate and self.gate and not self.token:
            raise SourceError(f"gated, and {self.gate.variable} is not set")
        download(url, target, limit, sha256, self.token if behind_gate else None)
        return target


def obtain(unit: Unit, desk: Desk) -> tuple[Path, str]:
    """Get a file or tree, verified.

    Returns
    -------
    tuple of Path and str
        Where it lies inside the desk's folder, to be moved from there, and the kind of source it came from.

    Raises
    ------
    SourceError
        When no source delivers; the message lists each with its reason.
    """
    tried = []
    for kind, label, fill in _candidates(unit, desk):
        staging = desk.fresh("staging")
        try:
            fill(staging / unit.path)
            check(unit, staging / unit.path)
            return staging / unit.path, kind
        except WrongContentError as error:
            log.warning("%s: refused what %s delivers: %s", unit.path, label, error)
            tried.append(f"{label}: {error}")
        except SourceError as error:
            tried.append(f"{label}: {error}")
    raise SourceError("; ".join(tried) or "the manifest names no source")


def check(unit: Unit, path: Path) -> None:
    """Raise WrongContentError unless the file or folder at `path` is what the manifest declares."""
    if isinstance(unit, FileEntry):
        found = sha256_file(path) if path.is_file() else None
    else:
        found = tree_sha256(hash_folder(path)) if path.is_dir() else None
    if found is None:
        raise WrongContentError(f"it has no {unit.path!r}")
    if found != unit.sha256:
        raise WrongContentError(f"SHA-256 {found[:12]}… instead of {unit.sha256[:12]}…")


_Fill = Callable[[Path], None]


def _candidates(unit: Unit, desk: Desk) -> Iterator[tuple[str, str, _Fill]]:
    """Yield (kind, label, function that fills a path) for the mirror and then each declared source."""
    folder, url = mirror_folder(), mirror_url()
    if folder:
        yield "mirror", "the mirror", partial(_from_folder, folder / desk.slug, unit)
    if url:
        yield (
            "mirror",
            "the mirror",
            partial(_from_mirror_url, f"{url}/{desk.slug}", unit, desk),
        )
    for source in unit.sources:
        yield source.kind, _label(source), partial(_from, source, unit, desk)


def _label(source: Source) -> str:
    match source:
        case UrlSource():
            return urlsplit(source.url).netloc
        case ArchiveSource():
            return urlsplit(source.archive).netloc
        case PackageSource():
            return f"{source.registry} package {source.package} {source.version}"
        case RecipeSource():
            return f"recipe {source.recipe}"


def _from_folder(folder: Path, unit: Unit, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    there = folder / unit.path
    if isinstance(unit, FileEntry) and there.is_file():
        if there.stat().st_size != unit.bytes:
            raise WrongContentError(f"{there.stat().st_size:,} bytes instead of {unit.bytes:,}")
        shutil.copyfile(there, target)
    elif isinstance(unit, TreeEntry) and there.is_dir():
        _copy_members(there, unit, target)
    elif isinstance(unit, TreeEntry) and (bundle := folder / f"{unit.path}.zip").is_file():
        extract(bundle, unit.members, 0, target, unit.bytes)
    else:
        raise SourceError(f"it has no {unit.path!r}")


def _copy_members(folder: Path, unit: TreeEntry, target: Path) -> None:
    """Copy the tree's files: no pipes, no devices, no folder within itself, no more than declared."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    members = {path.relative_to(folder).as_posix(): path for path in files}
    wanted = {name: path for name, path in members.items() if any(fnmatchcase(name, p) for p in unit.members)}
    size = sum(path.stat().st_size for path in wanted.values())
    if size > unit.bytes:
        raise WrongContentError(f"{size:,} bytes instead of {unit.bytes:,}")
    for name, path in wanted.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)


def _from_mirror_url(base: str, unit: Unit, desk: Desk, target: Path) -> None:
    url = f"{base}/{quote(unit.path)}"
    if isinstance(unit, FileEntry):
        _move(desk.download(url, unit.bytes, unit.sha256, trusted=False), target)
    else:
        most = 2 * unit.bytes + 10_000_000  # a zip may be larger than what it holds, by its directory
        bundle = desk.download(f"{url}.zip", most, None, trusted=False)
        _unpack(bundle, unit.members, 0, unit, target)


def _from(source: Source, unit: Unit, desk: Desk, target: Path) -> None:
    match source:
        case UrlSource():
            _move(desk.download(source.url, unit.bytes, unit.sha256), target)
        case ArchiveSource() | PackageSource():
            _unpack(_bundle(source, desk), source.members, source.strip, unit, target)
        case RecipeSource():
            made = _cooked(source, desk) / unit.path
            if made.exists():
                _move(made, target)


def _bundle(source: ArchiveSource | PackageSource, desk: Desk) -> Path:
    """Return the archive or package file, downloaded once a run."""
    if source not in desk.made or not desk.made[source].exists():
        if isinstance(source, ArchiveSource):
            desk.made[source] = desk.download(source.archive, source.bytes, source.sha256)
        else:
            desk.made[source] = download_package(source, desk.fresh(f"package-{len(desk.made)}"))
    return desk.made[source]


def _unpack(bundle: Path, members: tuple[str, ...], strip: int, unit: Unit, target: Path) -> None:
    folder = target if isinstance(unit, TreeEntry) else target.parent / ".members"
    try:
        found = extract(bundle, members, strip, folder, unit.bytes)
    except WrongContentError:
        bundle.unlink()  # else the next attempt would take it for a finished transfer
        raise
    if isinstance(unit, FileEntry):
        if len(found) != 1:
            raise WrongContentError(f"{len(found)} members fit where one file is declared")
        _move(found[0], target)


def _cooked(source: RecipeSource, desk: Desk) -> Path:
    """Run the recipe, once a run, and return its output folder."""
    if source not in desk.made:
        try:
            inputs = {name: desk.fetch_input(name) for name in source.inputs}
        except DataUnavailableError as error:
            raise SourceError(f"its input is missing: {error}") from None
        module, name = source.recipe.split(":")
        try:
            cook = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise SourceError(f"there is no such function: {error}") from None
        output = desk.fresh(f"recipe-{len(desk.made)}")
        cook(inputs, output)
        desk.made[source] = output
    return desk.made[source]


def _move(found: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    found.replace(target)


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
