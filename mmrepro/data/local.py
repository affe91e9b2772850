"""What is on this machine: verified data sets in the cache, in a mirror folder, or supplied by the user."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmrepro.data.environment import cache_folder, mirror_folder
from mmrepro.data.manifest import DatasetEntry, Tier, dataset
from mmrepro.data.stamp import read_stamp, write_stamp
from mmrepro.data.tree import hash_folder, tree_sha256
from mmrepro.errors import MMReproError, nearest
from mmrepro.files import sha256_file


@dataclass(frozen=True)
class LocalData:
    """A verified data set on this machine.

    `files` are relative to `folder`; `sha256` is the hash of the tree that they make; `source` says where
    they are from: ``cache``, ``mirror``, ``user``, or how they were just obtained (``url``, ``recipe``...).
    """

    slug: str
    name: str
    folder: Path
    tier: Tier
    licence: str
    title: str
    sha256: str
    source: str
    files: tuple[str, ...]

    def path(self, relative: str) -> Path:
        """Return where the file `relative` is.

        Raises
        ------
        MMReproError
            When the data set has no such file; the sentence has the nearest names.
        """
        if relative not in self.files:
            names = nearest(relative, self.files)
            raise MMReproError(f"{self.slug}/{self.name} has no file {relative!r}; {names}")
        return self.folder / relative


def locate(slug: str, name: str) -> LocalData | None:
    """Return the data set if it is here and was verified, else None; cheap, and never uses the network.

    Cheap: size and modification time are compared with those at the time of verification. The cache is looked
    at first, then a mirror folder, whose files are used in place.

    Raises
    ------
    MMReproError
        When the manifest or data set is unknown, or a variable names a file or folder that is not there.
    """
    entry = dataset(slug, name)
    for base, source in places(slug, entry):
        files = read_stamp(slug, name, base)
        if files is not None and _is_current(entry, files):
            return _local(slug, name, base, source, files)
    return None


def record(slug: str, name: str, base: Path, source: str) -> LocalData:
    """Stamp the files in `base`, which have just been verified, and return them."""
    entry = dataset(slug, name)
    if entry.variable:
        own = own_file(entry.variable)
        files = {own.name: sha256_file(own)} if own else {}
    else:
        files = hash_folder(base) if entry.tree else {file.path: file.sha256 for file in entry.files}
    write_stamp(slug, name, base, files)
    return _local(slug, name, base, source, files)


def places(slug: str, entry: DatasetEntry) -> Iterator[tuple[Path, str]]:
    """Yield each folder that the data set's files may lie in, and what to call it."""
    if entry.variable:
        own = own_file(entry.variable)
        if own:
            yield own.parent, "user"
        return
    for root, source in ((cache_folder(), "cache"), (mirror_folder(), "mirror")):
        if root:
            yield base_folder(root / slug, entry), source


def base_folder(root: Path, entry: DatasetEntry) -> Path:
    """Return the folder that the paths of a data set are relative to, where `root` is its manifest's."""
    return root / entry.tree.path if entry.tree else root


def own_file(variable: str) -> Path | None:
    """Return the file that the user supplies through `variable`; MMReproError where it is not there."""
    named = os.environ.get(variable)
    if not named:
        return None
    # Links are not followed: a hub's cache keeps files under their hashes, and links give them their names.
    path = Path(named).expanduser().absolute()
    if not path.is_file():
        raise MMReproError(f"{variable} names {path}, which is not a file; correct or unset it.")
    return path


def _is_current(entry: DatasetEntry, files: Mapping[str, str]) -> bool:
    """Say whether verified `files` are those that are asked for today."""
    if entry.variable:
        own = own_file(entry.variable)
        return own is not None and set(files) == {own.name}
    return tree_sha256(files) == entry.sha256


def _local(slug: str, name: str, base: Path, source: str, files: Mapping[str, str]) -> LocalData:
    entry = dataset(slug, name)
    return LocalData(
        slug=slug,
        name=name,
        folder=base,
        tier=entry.tier,
        licence=entry.licence,
        title=entry.title,
        sha256=tree_sha256(files),
        source=source,
        files=tuple(sorted(files)),
    )
