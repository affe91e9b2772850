"""The store: the data sets that are on this machine, and how they come there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from filelock import FileLock

from mmrepro.data.archive import pack
from mmrepro.data.environment import MIRROR_VARIABLE, OFFLINE_VARIABLE, cache_folder, mirror_folder, offline
from mmrepro.data.errors import DataUnavailableError, SourceError, WrongContentError
from mmrepro.data.local import LocalData, base_folder, locate, own_file, places, record
from mmrepro.data.manifest import DatasetEntry, TreeEntry, Unit, dataset, load_manifest, select
from mmrepro.data.stamp import read_stamp, stamp_path
from mmrepro.data.supply import Desk, check, obtain
from mmrepro.errors import MMReproError, no_place
from mmrepro.files import sha256_file

__all__ = [
    "DataUnavailableError",
    "LocalData",
    "declared_hashes",
    "fetch",
    "fetch_many",
    "locate",
    "make_mirror",
    "verify",
]


def declared_hashes(slug: str) -> dict[str, str]:
    """Return data set name -> tree SHA-256 as declared, without looking at any file.

    Data sets without declared files (access ``user`` and ``private``) are left out.
    """
    entries = load_manifest(slug).datasets
    return {name: entry.sha256 for name, entry in entries.items() if entry.sha256}


def fetch(slug: str, name: str) -> LocalData:
    """Return the data set, obtaining it first where needed.

    A mirror folder that holds all of it is verified and used in place; otherwise each file or tree comes from
    the first source that delivers it, and is put in place only after its hash was verified. Two processes may
    fetch the same at once: one works, the other waits and finds it done. What an interrupted transfer brought
    is continued the next time.

    Raises
    ------
    DataUnavailableError
        When no source delivers; the sentence lists what was tried and what to do.
    MMReproError
        When the request itself is wrong, or the cache folder cannot be written.
    """
    entry = dataset(slug, name)
    here = locate(slug, name)
    if here:
        return here
    if not entry.units:
        return _supplied(slug, name, entry)
    lock = cache_folder() / ".locks" / f"{slug}--{name}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            return locate(slug, name) or _adopt_mirror(slug, name, entry) or _obtain(slug, name, entry)
    except OSError as error:
        reason = no_place(error)
        if reason is None:
            raise
        raise MMReproError(
            f"Cannot keep {slug}/{name} ({reason}); set MMREPRO_DATA to another folder."
        ) from None


def fetch_many(slugs: Iterable[str], jobs: int = 4) -> dict[str, LocalData | DataUnavailableError]:
    """Fetch several data sets in parallel.

    Parameters
    ----------
    slugs
        Manifests (``slug``) or single data sets (``slug/name``); none means all. Data that only the user can
        supply and private data are passed over unless they are named one by one.
    jobs
        How many at once.

    Returns
    -------
    dict
        ``slug/name`` -> the data, or the error that says why they could not be had.
    """

    def attempt(pair: tuple[str, str]) -> LocalData | DataUnavailableError:
        try:
            return fetch(*pair)
        except DataUnavailableError as error:
            return error

    named = list(slugs)
    pairs = [pair for pair in select(named) if dataset(*pair).units or "/".join(pair) in named]
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        return dict(zip(("/".join(pair) for pair in pairs), pool.map(attempt, pairs), strict=True))


def verify(slug: str, name: str) -> list[str]:
    """Hash every file of a data set that is here again and return the problems, one sentence each.

    Where there is a problem the earlier verification is forgotten, so that `fetch` repairs the data.
    """
    entry = dataset(slug, name)
    here = locate(slug, name)
    bases = [here.folder] if here else [base for base, _ in places(slug, entry) if base.is_dir()]
    if not bases or not (here or entry.units):
        return [f"{slug}/{name} is not here; `mmrepro data fetch {slug}/{name}` brings it."]
    known = read_stamp(slug, name, bases[0]) or {}
    problems = [f"{slug}/{name}: {problem}." for problem in _differences(entry, bases[0], known)]
    if problems:
        stamp_path(slug, name, bases[0]).unlink(missing_ok=True)
    return problems


def make_mirror(folder: Path, slugs: Iterable[str], jobs: int = 4) -> dict[str, Path | DataUnavailableError]:
    """Fetch data sets and lay them out in `folder` so that ``MMREPRO_MIRROR`` can name it.

    Files keep their paths below ``<slug>/``; a tree becomes ``<slug>/<path>.zip``, the same bytes every time.

    Returns
    -------
    dict
        ``slug/name`` -> its place in the mirror, or the error that says why it could not be had.
    """
    result: dict[str, Path | DataUnavailableError] = {}
    for target, data in fetch_many(slugs, jobs).items():
        if isinstance(data, LocalData):
            for unit in dataset(data.slug, data.name).units:
                _copy_to_mirror(unit, data, folder / data.slug)
            result[target] = folder / data.slug
        else:
            result[target] = data
    return result


def _copy_to_mirror(unit: Unit, data: LocalData, folder: Path) -> None:
    tree = isinstance(unit, TreeEntry)
    target = folder / (f"{unit.path}.zip" if tree else unit.path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    if tree:
        pack({path: data.path(path) for path in data.files}, part)
    else:
        shutil.copyfile(data.path(unit.path), part)
        check(unit, part)
    part.replace(target)


def _differences(entry: DatasetEntry, base: Path, known: Mapping[str, str]) -> Iterator[str]:
    for unit in entry.units:
        try:
            check(unit, base if entry.tree else base / unit.path)
        except WrongContentError as error:
            yield f"{unit.path}: {error}"
    if not entry.units:  # the user's own file, of which only the first hash is known
        yield from (f"{path}: changed" for path in known if sha256_file(base / path) != known[path])


def _supplied(slug: str, name: str, entry: DatasetEntry) -> LocalData:
    """Verify for the first time what only the user can supply."""
    if not entry.variable:
        raise DataUnavailableError(f"{slug}/{name} ({entry.title}) is private: nobody else can obtain it.")
    own = own_file(entry.variable)
    if not own:
        raise DataUnavailableError(
            f"{slug}/{name} must be supplied by you: set {entry.variable} to the path of your copy of "
            f"{entry.title}, laid out as data_manifests/{slug}.yml describes."
        )
    return record(slug, name, own.parent, "user")


def _adopt_mirror(slug: str, name: str, entry: DatasetEntry) -> LocalData | None:
    """Use a mirror folder in place, where all of the data set is there and as declared."""
    mirror = mirror_folder()
    if not mirror:
        return None
    try:
        for unit in entry.units:
            check(unit, mirror / slug / unit.path)
    except WrongContentError:
        return None
    return record(slug, name, base_folder(mirror / slug, entry), "mirror")


def _obtain(slug: str, name: str, entry: DatasetEntry) -> LocalData:
    """Bring every file or tree that is not yet in the cache there."""
    token = os.environ.get(entry.gate.variable) if entry.gate else None
    work = cache_folder() / ".work" / f"{slug}--{name}"
    desk = Desk(slug, work, entry.gate, token, lambda other: fetch(slug, other).folder)
    kinds = set()
    for unit in entry.units:
        target = cache_folder() / slug / unit.path
        try:
            check(unit, target)
        except WrongContentError:
            kinds.add(_bring(unit, target, desk, name))
    shutil.rmtree(work, ignore_errors=True)
    base = base_folder(cache_folder() / slug, entry)
    return record(slug, name, base, "+".join(sorted(kinds)) or "cache")


def _bring(unit: Unit, target: Path, desk: Desk, name: str) -> str:
    try:
        found, kind = obtain(unit, desk)
    except SourceError as error:
        raise DataUnavailableError(
            f"{desk.slug}/{name}: no source delivers {unit.path!r} ({error}); {_advice(desk)}."
        ) from None
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():  # a folder is not replaced by renaming another over it
        target.replace(desk.fresh("old") / "tree")
    found.replace(target)
    return kind


def _advice(desk: Desk) -> str:
    steps = []
    if desk.gate and not desk.token:
        gate = desk.gate
        steps.append(f"accept {gate.accept} at {gate.where} and put your token into {gate.variable}")
    steps.append(f"unset {OFFLINE_VARIABLE}" if offline() else "connect to the network")
    steps.append(f"set {MIRROR_VARIABLE} to a folder or URL that holds {desk.slug}")
    return ", or ".join(steps)
