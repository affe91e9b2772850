"""Where the released code comes from, by git's own arithmetic: equal blob hashes mean equal bytes."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmrepro.data.errors import SourceError, WrongContentError
from mmrepro.data.transfer import download
from mmrepro.errors import MMReproError

GITHUB_API = "https://api.github.com"
_LARGEST_LISTING = 10_000_000  # bytes
Listing = dict[str, str]


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub at one commit."""

    name: str
    commit: str


RELEASED = Repository(
    "mos3b-faqeeh/TriMod-Fusion-for-Multimodal-Named-Entity-Recognition-in-Social-Media",
    "5d41d6b35a28161f16d50db8371823b5fdcd9371",
)
ORIGIN = Repository("jefferyYu/UMT", "f478ee65564b5532319a6cc643203149acfc5eed")


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


def fetch_listing(repository: Repository, api: str = GITHUB_API) -> Listing:
    """Ask GitHub which files a repository has at a commit, as path -> blob hash.

    Raises
    ------
    SourceError
        When the listing cannot be had, or is not whole.
    """
    url = f"{api}/repos/{repository.name}/git/trees/{repository.commit}?recursive=1"
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "tree.json"
        download(url, answer, _LARGEST_LISTING)
        try:
            tree = json.loads(answer.read_bytes())
            found = {entry["path"]: entry["sha"] for entry in tree["tree"] if entry["type"] == "blob"}
        except (ValueError, KeyError, TypeError):
            raise WrongContentError(f"{url} did not answer with a listing of files") from None
    if tree.get("truncated"):
        raise SourceError(f"{url} answered with a part of the listing only")
    return found


def read_listing(lines: Iterable[str]) -> Listing:
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
