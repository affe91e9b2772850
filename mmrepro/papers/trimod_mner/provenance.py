"""Where the released code comes from, by git's own arithmetic: equal blob hashes mean equal bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from mmrepro.errors import MMReproError


def git_blob(content: bytes) -> str:
    """Return the name that git gives to a file with this content (40 hexadecimal digits)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def blob_table(paths: Mapping[str, Path]) -> pd.DataFrame:
    """Tabulate file, bytes and git blob hash of files on this machine."""
    contents = {name: path.read_bytes() for name, path in paths.items()}
    rows = [
        {"file": name, "bytes": len(content), "git blob": git_blob(content)}
        for name, content in contents.items()
    ]
    return pd.DataFrame(rows)


def read_listing(lines: Iterable[str]) -> dict[str, str]:
    """Read the output of ``git ls-tree -r <commit>`` as path -> blob hash.

    Raises
    ------
    MMReproError
        When a line is none of that command's.
    """
    found = {}
    for line in lines:
        facts, _, path = line.rstrip("\n").partition("\t")
        parts = facts.split()
        if len(parts) != 3 or not path:
            raise MMReproError(f"{line.strip()!r} is no line of `git ls-tree -r`.")
        if parts[1] == "blob":
            found[path] = parts[2]
    return found


def compare_listings(released: Mapping[str, str], origin: Mapping[str, str]) -> pd.DataFrame:
    """Tell for each released file which file of `origin` has the same bytes.

    Returns
    -------
    DataFrame
        released, blob, origin: the path of the equal file, or an empty text.
    """
    by_blob = {blob: path for path, blob in origin.items()}
    rows = [
        {"released": path, "blob": blob, "origin": by_blob.get(blob, "")}
        for path, blob in sorted(released.items())
    ]
    return pd.DataFrame(rows, columns=["released", "blob", "origin"])
