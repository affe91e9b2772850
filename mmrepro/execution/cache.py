"""The cache of runs: a chapter whose run is known, and whose causes are the same, is not run again."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from mmrepro.data.store import DataUnavailableError, declared_hashes, fetch
from mmrepro.errors import MMReproError
from mmrepro.execution.device import device_class
from mmrepro.execution.key_index import known_key
from mmrepro.execution.parameter import settings_from
from mmrepro.execution.run import Marker, RunFiles
from mmrepro.files import sha256_bytes, sha256_file, write_atomic
from mmrepro.project import ROOT_VARIABLE, results_dir, root
from mmrepro.rank import world_size
from mmrepro.resume import FOLDER_VARIABLE

if TYPE_CHECKING:
    from mmrepro.execution.job import Job

# Chapters read some of these (a mirror, an endpoint that judges); these alone change no result.
_IDLE_VARIABLES = {ROOT_VARIABLE, "MMREPRO_RUNS", "MMREPRO_WARM_SOCKET", FOLDER_VARIABLE}
_DRAFT = ".draft-"
_DRAFT_KEPT_S = 3600  # longer than any copy takes: whoever made it was killed


class DamagedEntryError(MMReproError):
    """An entry that is not what was stored; it has been dropped."""


@dataclass(frozen=True)
class Entry:
    """A place in the cache for one run: what would cause it, and where it is kept.

    Attributes
    ----------
    name
        Of the folder: the run key, the device class, and a hash over what else the pages show.
    key
        The run key, `mmrepro.execution.key.chapter_key`.
    """

    name: str
    key: str
    slug: str
    profile: str

    @classmethod
    def of(cls, job: Job) -> Entry:
        """Name the entry that a run of `job` would have now.

        Raises
        ------
        SettingsError
            When the job's parameters are refused.
        MMReproError
            When the chapter has no notebook.
        """
        profile, settings = settings_from(job.slug, job.parameters)
        key = known_key(job.slug, settings)
        around = hashlib.sha256(json.dumps(_surroundings(job.slug)).encode()).hexdigest()[:12]
        return cls(f"{key}-{device_class(settings.device)}-{profile}-{around}", key, job.slug, profile)

    @property
    def folder(self) -> Path:
        """Where the entry is kept."""
        return cache_dir() / self.name

    def take(self, target: RunFiles) -> bool:
        """Put the kept run into `target`; False where none is kept, or its data are not today's.

        Raises
        ------
        DamagedEntryError
            When a kept file was changed. The entry is dropped.
        """
        with _lock():
            found = self._read()
        # Outside the lock, for it may download what was not there before.
        if found is None or not all(_is_still_used(self.slug, use) for use in found.uses):
            return False
        target.clear()
        for path, content in zip(_files(target), found.contents, strict=True):
            write_atomic(path, content)
        return True

    def caused(self, run: RunFiles) -> bool:
        """Say whether `run` is whole and what these causes and today's data would give again."""
        try:
            found = _Contents.read(run)
        except (OSError, ValueError):
            return False
        return found.key == self.key and all(_is_still_used(self.slug, use) for use in found.uses)

    def keep(self, source: RunFiles) -> None:
        """Keep a run that came to its end, unless its code was not that of a commit.

        One that several processes trained together is not kept: what a model drops at random depends on
        how many there are.
        """
        if world_size() > 1:
            return
        try:
            found = _Contents.read(source)
        except (OSError, ValueError):
            return
        if found.dirty or found.key != self.key:  # sources were edited while it started
            return
        with _lock():
            _sweep()
            draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=cache_dir()))
            kept = _files(RunFiles.of(self.slug, self.profile, draft))
            for path, content in zip(kept, found.contents, strict=True):
                write_atomic(path, content)
            shutil.rmtree(self.folder, ignore_errors=True)
            draft.rename(self.folder)

    def _read(self) -> _Contents | None:
        """Return the kept run, verified, and note that it was asked for."""
        if not self.folder.is_dir():
            return None
        try:
            found = _Contents.read(RunFiles.of(self.slug, self.profile, self.folder))
            if found.key != self.key:
                raise ValueError("it is that of another key")
        except (OSError, ValueError) as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise DamagedEntryError(
                f"{self.slug}: the run in the cache was damaged ({str(error).splitlines()[0]}); "
                "it is dropped, and the chapter runs again."
            ) from None
        os.utime(self.folder)
        return found


class _Contents:
    """What the files of a complete run hold, their hashes verified.

    The record is read as plain JSON: judging its claims anew, as every reader of a page's numbers does,
    would load scipy and take longer than all the rest.
    """

    def __init__(self, contents: tuple[bytes, bytes, bytes]) -> None:
        notebook, record, marker = contents
        wanted = Marker.model_validate_json(marker)
        if (sha256_bytes(notebook), sha256_bytes(record)) != (wanted.notebook_sha256, wanted.record_sha256):
            raise ValueError("a file does not have its hash")
        self.contents = contents
        content = json.loads(record)
        self.key: str = content["code"]["key"]
        self.dirty: bool = content["code"]["dirty"]
        self.uses: list[dict[str, str]] = content["data"]

    @classmethod
    def read(cls, run: RunFiles) -> _Contents:
        """Read the files of `run`; OSError or ValueError when it is not whole."""
        notebook, record, marker = _files(run)
        return cls((notebook.read_bytes(), record.read_bytes(), marker.read_bytes()))


@dataclass(frozen=True)
class Kept:
    """An entry as it lies on disk; `unused_s` counts from when it was last stored or taken."""

    folder: Path
    slug: str
    profile: str
    unused_s: float
    size: int

    @property
    def key(self) -> str:
        """The first digits of the run key."""
        return self.folder.name[:12]


def cache_dir() -> Path:
    """Return the folder that runs are kept in."""
    return root() / "_build" / "cache"


def kept_runs() -> list[Kept]:
    """Return all entries, the longest unused first."""
    with _lock():
        return _oldest_first()


def prune(older_than_s: float | None = None, larger_than: int | None = None) -> list[Kept]:
    """Drop entries unused for longer than `older_than_s`, then the oldest until `larger_than` bytes hold all.

    Returns
    -------
    list
        What was dropped.
    """
    with _lock():
        _sweep()
        kept = _oldest_first()
        dropped = [each for each in kept if older_than_s is not None and each.unused_s >= older_than_s]
        kept = kept[len(dropped) :]
        while larger_than is not None and sum(each.size for each in kept) > larger_than:
            dropped.append(kept.pop(0))
        for each in dropped:
            shutil.rmtree(each.folder)
    return dropped


def _oldest_first() -> list[Kept]:
    folders = [path for path in cache_dir().glob("[!.]*") if path.is_dir()]
    return sorted(map(_kept, folders), key=lambda each: -each.unused_s)


def _kept(folder: Path) -> Kept:
    files = [path for path in folder.rglob("*") if path.is_file()]
    record = next((path for path in files if path.name.endswith(".run.json")), folder / "?" / "?")
    return Kept(
        folder=folder,
        slug=record.name.removesuffix(".run.json"),
        profile=record.parent.name,
        unused_s=time.time() - folder.stat().st_mtime,
        size=sum(path.stat().st_size for path in files),
    )


def _files(run: RunFiles) -> tuple[Path, Path, Path]:
    """Return the files of a run in the order to write them: the marker says that the others are there."""
    return run.notebook, run.record, run.marker


def _surroundings(slug: str) -> dict[str, object]:
    """Return what the run key leaves out and a page or its numbers may show all the same."""
    committed = results_dir() / "cpu" / f"{slug}.json"
    folders = {Path(folder) for folder in sys.path if folder}
    return {
        # The lock file may be younger than what is installed.
        "installed": sorted({info.name for folder in folders for info in folder.glob("*.dist-info")}),
        "python": platform.python_version(),
        "machine": [platform.system(), platform.machine()],
        "variables": sorted(
            (name, value)
            for name, value in os.environ.items()
            if name.startswith("MMREPRO_") and name not in _IDLE_VARIABLES
        ),
        # A chapter shows its numbers beside those of the committed record.
        "committed": sha256_file(committed) if committed.is_file() else None,
    }


def _is_still_used(slug: str, use: dict[str, str]) -> bool:
    """Say whether a run would use the same data today.

    Declared data count in the key. A user's own file may have changed, and data whose place a sample took
    may be there by now.
    """
    if use["sha256"] == declared_hashes(slug).get(use["name"]):
        return True
    try:
        return fetch(slug, use["name"]).sha256 == use["sha256"]
    except DataUnavailableError:
        return use["tier"] == "synthetic"
    except MMReproError:
        return False  # the run tells what is wrong


def _lock() -> FileLock:
    """Let one process at a time read, store or drop."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    return FileLock(cache_dir() / ".lock")


def _sweep() -> None:
    """Remove what a process left that was killed while it stored a run."""
    for draft in cache_dir().glob(f"{_DRAFT}*"):
        if time.time() - draft.stat().st_mtime > _DRAFT_KEPT_S:
            shutil.rmtree(draft, ignore_errors=True)
