"""A folder of files with one hash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmrepro.files import sha256_bytes, sha256_file


def tree_sha256(files: Mapping[str, str]) -> str:
    """Return the one hash of a tree.

    Parameters
    ----------
    files
        Relative POSIX path of each file -> its SHA-256.

    Returns
    -------
    str
        SHA-256 over the lines ``path`` NUL ``file hash`` newline, sorted by path.
    """
    lines = (f"{path}\0{digest}\n" for path, digest in sorted(files.items()))
    return sha256_bytes("".join(lines).encode(errors="surrogateescape"))


def hash_folder(folder: Path) -> dict[str, str]:
    """Return relative POSIX path -> SHA-256 of every file below `folder`."""
    return {
        path.relative_to(folder).as_posix(): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
