"""What is wrong with a file of weights, told without reading a tensor."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from mmrepro.files import sha256_file

_KINDS = {".safetensors", ".bin", ".pt", ".pth"}
_POINTER = b"version https://git-lfs"
_PUBLISHED_HASH = re.compile(r"-([0-9a-f]{8,64})\.pth$")  # as torchvision names its files


def damage(path: Path) -> str | None:
    """Say what is wrong with the weights that a file holds or, as a ``config.json``, stands beside.

    Parameters
    ----------
    path
        What a variable names; what are no weights is taken as it is.

    Returns
    -------
    str or None
        The end of a sentence, with the name of the file; None where nothing is seen to be wrong.
    """
    if path.name != "config.json" and path.suffix not in _KINDS:
        return None
    beside = [path, *sorted(path.parent.glob("*.safetensors"))]
    if beside == [path] and path.suffix not in _KINDS and not _shards(path.parent):
        return "has no weights (*.safetensors) beside it"
    lacking = [name for name in _shards(path.parent) if not (path.parent / name).is_file()]
    if lacking:
        return f"lacks {lacking[0]}, {len(lacking)} of its {len(_shards(path.parent))} parts"
    found = ((each.name, _damage_of(each)) for each in dict.fromkeys(beside))
    return next((f"has a {name} that {problem}" for name, problem in found if problem), None)


def _shards(folder: Path) -> list[str]:
    """Return the files that the indices of weights in parts name."""
    names: set[str] = set()
    for index in folder.glob("*.safetensors.index.json"):
        try:
            names |= set(json.loads(index.read_bytes())["weight_map"].values())
        except (ValueError, LookupError, TypeError, AttributeError):
            names.add(index.name + " (readable)")
    return sorted(names)


def _damage_of(path: Path) -> str | None:
    with path.open("rb") as stream:
        start = stream.read(len(_POINTER))
    if start == _POINTER:
        return "is a pointer of Git LFS, not the file; run `git lfs pull`"
    if path.name == "config.json":
        return _damage_of_configuration(path)
    if path.suffix == ".safetensors":
        return _damage_of_safetensors(path)
    if start.startswith(b"PK") and not zipfile.is_zipfile(path):
        return "breaks off; fetch it again"
    published = _PUBLISHED_HASH.search(path.name)
    if published and not sha256_file(path).startswith(published[1]):
        return f"has not the SHA-256 {published[1]}… of its name; fetch it again"
    return None


def _damage_of_configuration(path: Path) -> str | None:
    try:
        known = isinstance(json.loads(path.read_bytes()), dict)
    except ValueError:
        known = False
    return None if known else "is no JSON object; fetch it again"


def _damage_of_safetensors(path: Path) -> str | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np"):
            return None
    except SafetensorError:
        return "breaks off or is no safetensors file; fetch it again"
