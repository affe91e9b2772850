"""Manifests: which files a chapter's data sets consist of, and where each may be had."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, ValidationError, field_validator, model_validator

from mmrepro import project
from mmrepro.data.source import (
    SOURCE_KINDS,
    RecipeSource,
    RelativePath,
    Sha256,
    Source,
    Strict,
    Text,
    UrlSource,
    Variable,
)
from mmrepro.data.tree import tree_sha256
from mmrepro.document import read_yaml
from mmrepro.errors import MMReproError, nearest, shortened

Access = Literal["open", "gated", "private", "user"]
Tier = Literal["paper", "closed-form", "stand-in", "synthetic"]


class FileEntry(Strict):
    """One file: its path below the manifest's folder (the same in cache and mirror), hash and bytes."""

    path: RelativePath
    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]
    sources: tuple[Source, ...] = ()


class TreeEntry(Strict):
    """A folder of files with one hash; the mirror holds it as ``<path>.zip`` or as the folder ``<path>``.

    `sha256` is that of `mmrepro.data.tree.tree_sha256`; `bytes` is the sum over the extracted files.
    `members` are the patterns of its files: a mirror may hold others beside them, such as checksums.
    """

    path: RelativePath
    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]
    members: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    sources: tuple[Source, ...] = ()

    @field_validator("sources")
    @classmethod
    def _no_single_file(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        if any(isinstance(source, UrlSource) for source in sources):
            raise ValueError("a tree cannot come from 'url', which is one file; use 'archive'")
        return sources


Unit = FileEntry | TreeEntry


class Gate(Strict):
    """What must be accepted, where, and the environment variable that carries the token."""

    accept: Text
    where: Annotated[str, StringConstraints(pattern=r"^https?://")]
    variable: Variable


class DatasetEntry(Strict):
    """One data set: who made it, what may be done with it, and its files or its tree."""

    title: Text
    citation: Text
    licence: Text
    licence_note: Text | None = None
    access: Access
    tier: Tier
    description: Text
    gate: Gate | None = None
    variable: Variable | None = None
    files: tuple[FileEntry, ...] = ()
    tree: TreeEntry | None = None

    @property
    def units(self) -> list[Unit]:
        """The pieces that are obtained and verified one by one."""
        return [self.tree] if self.tree else [*self.files]

    @property
    def sha256(self) -> str | None:
        """The tree hash that the manifest declares; None where no files are declared."""
        if self.tree:
            return self.tree.sha256
        return tree_sha256({file.path: file.sha256 for file in self.files}) if self.files else None

    @property
    def bytes(self) -> int:
        """The sum of the declared sizes."""
        return sum(unit.bytes for unit in self.units)

    @model_validator(mode="after")
    def _consistent(self) -> DatasetEntry:
        obtainable = self.access in {"open", "gated"}
        if obtainable and bool(self.files) == bool(self.tree):
            raise ValueError(f"access {self.access!r} needs either 'files' or 'tree'")
        if not obtainable and self.units:
            raise ValueError(f"access {self.access!r} has neither 'files' nor 'tree'")
        if (self.access == "gated") != (self.gate is not None):
            raise ValueError("'gate' goes with access 'gated', and only with it")
        if (self.access == "user") != (self.variable is not None):
            raise ValueError("'variable' goes with access 'user', and only with it")
        return self


class Manifest(Strict):
    """All data sets of one chapter."""

    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    datasets: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")], DatasetEntry],
        Field(min_length=1),
    ]

    @model_validator(mode="after")
    def _consistent(self) -> Manifest:
        taken: list[str] = []
        above: set[str] = set()
        for name, entry in self.datasets.items():
            for unit in entry.units:
                clash = next((path for path in taken if _overlap(path, unit.path)), None)
                if clash:
                    raise ValueError(f"datasets.{name}: the path {unit.path!r} overlaps {clash!r}")
                if not above.issuperset(_inputs(unit)):
                    raise ValueError(f"datasets.{name}: the inputs of a recipe must be declared above it")
                taken.append(unit.path)
            above.add(name)
        return self


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _inputs(unit: Unit) -> set[str]:
    recipes = [source for source in unit.sources if isinstance(source, RecipeSource)]
    return {name for recipe in recipes for name in recipe.inputs}


def list_manifests() -> list[str]:
    """Return the slugs that have a manifest, sorted."""
    return sorted(path.stem for path in (project.root() / "data_manifests").glob("*.yml"))


def load_manifest(slug: str) -> Manifest:
    """Read and check ``data_manifests/<slug>.yml``.

    Raises
    ------
    MMReproError
        When there is no such manifest (the sentence has the nearest names), or when it is not valid (the
        sentence has the file, the key and what would be right).
    """
    known = list_manifests()
    if slug not in known:
        raise MMReproError(f"There is no data manifest {slug!r}; {nearest(slug, known)}")
    path = project.root() / "data_manifests" / f"{slug}.yml"
    manifest = _parse(path)
    if manifest.slug != slug:
        raise MMReproError(f"{_short(path)}: slug: must be {slug!r}, as the file is named.")
    return manifest


def dataset(slug: str, name: str) -> DatasetEntry:
    """Return what the manifest says about a data set; MMReproError where it is unknown."""
    entries = load_manifest(slug).datasets
    if name not in entries:
        raise MMReproError(f"The manifest {slug!r} has no data set {name!r}; {nearest(name, entries)}")
    return entries[name]


def select(targets: Iterable[str]) -> list[tuple[str, str]]:
    """Turn ``slug`` and ``slug/name`` into (slug, name) pairs; nothing named means everything."""
    chosen = []
    for target in list(targets) or list_manifests():
        slug, _, name = target.partition("/")
        if name:
            dataset(slug, name)
        chosen += [(slug, each) for each in ([name] if name else load_manifest(slug).datasets)]
    return list(dict.fromkeys(chosen))


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _parse(path: Path) -> Manifest:
    content = read_yaml(path, _short(path))
    if not isinstance(content, dict):
        raise MMReproError(f"{_short(path)}: must hold the keys {', '.join(Manifest.model_fields)}.")
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        problems = error.errors()
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise MMReproError(f"{_short(path)}: {_sentence(problems[0])}{more}") from None


def _sentence(problem: Any) -> str:
    """Tell one pydantic error as ``key: what would be right``."""
    where: tuple[str | int, ...] = problem["loc"]
    # After sources.0 pydantic names the kind of the source, which is not a key of the file.
    keys = [str(part) for at, part in enumerate(where) if at < 2 or where[at - 2] != "sources"]
    key = ".".join(keys)
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key; {nearest(str(where[-1]), _model_at(where).model_fields)}"
    right = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    got = problem["input"]
    shown = f" (it is {shortened(got)})" if isinstance(got, str | int | float) else ""
    return f"{key}: {right}{shown}." if key else f"{right}."


def _model_at(where: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the model whose key `where` ends in, by the name of what holds it."""
    if len(where) == 1:
        return Manifest
    holder = where[-2] if isinstance(where[-2], str) else where[-3]
    models: dict[str, type[BaseModel]] = {**SOURCE_KINDS, "gate": Gate, "tree": TreeEntry, "files": FileEntry}
    return models.get(str(holder), DatasetEntry) if len(where) > 3 else DatasetEntry
