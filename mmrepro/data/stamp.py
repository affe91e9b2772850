"""The stamp of a verification: hashing is done once, later looks compare size and time only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from mmrepro.data.environment import cache_folder
from mmrepro.files import sha256_bytes, write_atomic


def stamp_path(slug: str, name: str, folder: Path) -> Path:
    """Return where the stamp of data set `slug`/`name` kept in `folder` lies.

    Always in the cache, because a mirror may be read-only.
    """
    place = sha256_bytes(str(folder).encode())[:12]
    return cache_folder() / ".verified" / slug / f"{name}-{place}.json"


def write_stamp(slug: str, name: str, folder: Path, files: Mapping[str, str]) -> None:
    """Record that `files` (relative path -> SHA-256), as they now lie in `folder`, have been verified."""
    record = {}
    for path, digest in files.items():
        status = (folder / path).stat()
        record[path] = [status.st_size, status.st_mtime_ns, digest]
    write_atomic(stamp_path(slug, name, folder), json.dumps(record))


def read_stamp(slug: str, name: str, folder: Path) -> dict[str, str] | None:
    """Return relative path -> SHA-256 as verified, or None where a file is new, gone or changed since."""
    try:
        record = json.loads(stamp_path(slug, name, folder).read_bytes())
        for path, (size, mtime_ns, _) in record.items():
            status = (folder / path).stat()
            if (status.st_size, status.st_mtime_ns) != (size, mtime_ns):
                return None
        return {path: digest for path, (_, _, digest) in record.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # no stamp, or one that cannot be read
        return None
