"""A data set for programs: what its manifest says, as Croissant (JSON-LD)."""

from __future__ import annotations

import re
from mimetypes import MimeTypes
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from mmrepro.data.licence import licence_url
from mmrepro.data.manifest import DatasetEntry, FileEntry, TreeEntry, Unit
from mmrepro.data.source import ArchiveSource, PackageSource, RecipeSource, Source, UrlSource
from mmrepro.errors import MMReproError

TREE_HASH = "SHA-256 over the lines 'path, NUL, SHA-256 of the file', sorted by path"
# A repository that carries files, from the address of one of them or of all as an archive.
_CARRIER = re.compile(
    r"https://(?:raw\.githubusercontent|codeload\.github|github)\.com/([^/]+)/([^/]+)/(?:\S*/)?([0-9a-f]{40})\b"
)


def croissant(slug: str, name: str, entry: DatasetEntry) -> dict[str, Any]:
    """Describe one data set of a chapter.

    Only what the manifest says: it has no dates and no makers apart from the citation, and nothing here
    knows what the records in a file are.

    Parameters
    ----------
    name
        Of the data set in the manifest of `slug`.

    Raises
    ------
    MMReproError
        When the library of the Croissant format refuses the description.
    """
    import mlcroissant as mlc

    note = f" Licence: {entry.licence_note}" if entry.licence_note else ""
    context, kinds = mlc.Context(), {True: mlc.FileSet, False: mlc.FileObject}
    # Two files may come out of one package, which is listed once.
    nodes = {node["id"]: node for unit in entry.units for node in _nodes(unit)}
    try:
        made = mlc.Metadata(
            ctx=context,
            name=entry.title,
            description=_line(entry.description + note),
            cite_as=_line(entry.citation),
            license=[licence_url(entry.licence) or entry.licence],
            url=_page(entry),
            distribution=[kinds["includes" in node](ctx=context, **node) for node in nodes.values()],
            extra_properties={"alternateName": f"{slug}/{name}", **_access(entry)},
        )
        card: dict[str, Any] = made.to_json()
        mlc.Metadata.from_json(mlc.Context(), card)  # identifiers are checked only when read
    except mlc.ValidationError as error:
        raise MMReproError(f"{slug}/{name} is no Croissant data set: {_line(str(error))}") from None
    return card


def _line(text: str) -> str:
    return " ".join(text.split())


def _access(entry: DatasetEntry) -> dict[str, str]:
    """Say what stands between a reader and the files; nothing where they are open."""
    if entry.gate is not None:
        return {"conditionsOfAccess": f"Accept {entry.gate.accept} at {entry.gate.where}."}
    if entry.variable is not None:
        return {"conditionsOfAccess": f"A copy of your own, which {entry.variable} names."}
    return {"conditionsOfAccess": "Private."} if entry.access == "private" else {}


def _page(entry: DatasetEntry) -> str | None:
    """Return where one reads about the files: their gate, or the commit of a repository that carries them."""
    if entry.gate is not None:
        return entry.gate.where
    sources = [source for unit in entry.units for source in unit.sources]
    addresses = [getattr(source, "url", "") + getattr(source, "archive", "") for source in sources]
    found = _CARRIER.search(" ".join(addresses))
    return "https://github.com/{}/{}/tree/{}".format(*found.groups()) if found else None


def _nodes(unit: Unit) -> list[dict[str, Any]]:
    """Describe a file or a tree, after the package or the archive that it comes out of."""
    source = next((each for each in unit.sources if not isinstance(each, RecipeSource)), None)
    container = _container(source)
    inside = container is not None
    node = _file(unit, source, inside) if isinstance(unit, FileEntry) else _tree(unit, source, inside)
    node["description"] = _origin(unit, source)
    return [container, {**node, "contained_in": [container["id"]]}] if container else [node]


def _container(source: Source | None) -> dict[str, Any] | None:
    """Describe what is downloaded and opened; None without a hash, which a FileObject must have."""
    if isinstance(source, PackageSource):
        # The name that every registry's packages have in common: a package URL.
        address = f"pkg:{source.registry}/{quote(source.package, safe='/')}@{source.version}"
    elif isinstance(source, ArchiveSource) and source.sha256:
        address = source.archive
    else:
        return None
    return {"id": address, **_object(address, address, source.sha256)}


def _object(path: str, address: str, sha256: str | None) -> dict[str, Any]:
    name = PurePosixPath(path).name
    return {"name": name, "content_url": address, "sha256": sha256, "encoding_formats": [_format(name)]}


def _file(unit: FileEntry, source: Source | None, inside: bool) -> dict[str, Any]:
    place = source.url if isinstance(source, UrlSource) else unit.path
    if inside and isinstance(source, PackageSource | ArchiveSource):
        own = PurePosixPath(unit.path).name
        place = next((each for each in source.members if PurePosixPath(each).name == own), unit.path)
    size = f"{unit.bytes} B"
    return {"id": unit.path, "content_size": size, **_object(unit.path, place, unit.sha256)}


def _tree(unit: TreeEntry, source: Source | None, inside: bool) -> dict[str, Any]:
    members = source.members if isinstance(source, PackageSource | ArchiveSource) else unit.members
    identifier = {"@type": "PropertyValue", "propertyID": TREE_HASH, "value": unit.sha256}
    return {
        "id": unit.path,
        "name": PurePosixPath(unit.path).name,
        "includes": list(members) if inside else [f"{unit.path}/{each}" for each in unit.members],
        "encoding_formats": sorted({_format(each) for each in members}),
        "extra_properties": {"contentSize": f"{unit.bytes} B", "identifier": identifier},
    }


def _origin(unit: Unit, source: Source | None) -> str | None:
    """Tell in words where a file is from, where no address of it can be given."""
    if isinstance(source, ArchiveSource) and not source.sha256:
        return f"From {source.archive}, which is packed when it is asked for and has no fixed hash."
    if source is not None:
        return None
    recipe = next((each for each in unit.sources if isinstance(each, RecipeSource)), None)
    if recipe is not None:
        return f"Made from {', '.join(recipe.inputs) or 'nothing else'} by {recipe.recipe}."
    return "The manifest names no address for it; a mirror holds it under this path."


def _format(path: str) -> str:
    """Return the media type that a name's suffix stands for, the same on every machine."""
    kind, packed = MimeTypes().guess_type(PurePosixPath(path).name, strict=True)
    return f"application/{packed}" if packed else kind or "application/octet-stream"
