"""Keys of runs that are known already: while no source was touched, a key is looked up and not computed.

To compute a key is to parse the package. As git's index does, this keeps what was found together with the
stamps of all files that it could have come from.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mmrepro.execution.key import SOURCES, chapter_key
from mmrepro.files import sha256_bytes, write_atomic
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import ChapterSettings, resolve_settings
from mmrepro.project import root

if TYPE_CHECKING:
    from mmrepro.evidence.record import RunRecord

# A file written this recently could be written again with the same time, where clocks of files are coarse.
_SETTLED_S = 2.0
_Stamp = tuple[str, int, int, int, int]


def known_key(slug: str, settings: ChapterSettings) -> str:
    """Return `mmrepro.execution.key.chapter_key`, from the index where no source was touched since.

    The time of a file's last change of any kind counts, which no program can set.
    """
    stamps = sorted(_stamps())
    path = _folder(stamps) / sha256_bytes(f"{slug} {settings.model_dump_json()}".encode())
    with contextlib.suppress(OSError):
        if re.fullmatch("[0-9a-f]{64}", kept := path.read_text(errors="replace")):
            return kept
    key = chapter_key(slug, settings)
    if all(time.time_ns() - stamp[-1] > _SETTLED_S * 1e9 for stamp in stamps):
        with contextlib.suppress(OSError):  # it is computed again
            _keep(path, key)
    return key


def is_stale(record: RunRecord) -> bool:
    """Tell whether the sources have changed since `record` was made."""
    paper = load_paper(record.slug)
    settings = resolve_settings(paper, record.profile)
    recorded = {key: value for key, value in record.settings.items() if key in type(settings).model_fields}
    try:
        settings = type(settings).model_validate(recorded)
    except ValueError:
        return True  # the settings themselves have changed their form
    return known_key(record.slug, settings) != record.code.key


def _stamps() -> Iterator[_Stamp]:
    """Yield path, inode, size and times of whatever a key can be computed from."""
    for folder in (SOURCES, root() / "notebooks", root() / "data_manifests"):
        for path in folder.rglob("*.*"):
            if path.suffix in {".py", ".yml", ".ipynb"}:
                yield _stamp(path)
    yield _stamp(root() / "requirements.lock")


def _stamp(path: Path) -> _Stamp:
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        return str(path), found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return str(path), 0, 0, 0, 0


def _folder(stamps: list[_Stamp]) -> Path:
    return _index() / sha256_bytes(json.dumps(stamps).encode())


def _index() -> Path:
    return root() / "_build" / "keys"


def _keep(path: Path, key: str) -> None:
    """Keep a key, and drop those of sources that are no more."""
    for other in _index().glob("*"):
        if other != path.parent:
            shutil.rmtree(other, ignore_errors=True)
    write_atomic(path, key)
