"""Data cards: the manifest as a Croissant file that machines read, and as a table for people."""

from __future__ import annotations

import json
import mimetypes
import re
from pathlib import Path
from typing import Any

import pandas as pd

from mmrepro.data.manifest import DatasetEntry, FileEntry, Manifest
from mmrepro.data.source import ArchiveSource, PackageSource, Source, UrlSource
from mmrepro.errors import MMReproError

_CONFORMS = "http://mlcommons.org/croissant/1.0"
_TERMS = (
    "citeAs column conformsTo data dataType equivalentProperty extract field fileProperty fileObject fileSet "
    "format includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated "
    "replace samplingRate separator source subField transform"
)
_LICENCES = "https://spdx.org/licenses/{}.html"
_YEAR = re.compile(r"\b(19|20)\d\d\b")


def croissant(manifest: Manifest, name: str) -> dict[str, Any]:
    """Describe one data set of a manifest in Croissant 1.0 (JSON-LD).

    Parameters
    ----------
    name
        Of the data set in the manifest.
    """
    entry = manifest.datasets[name]
    card: dict[str, Any] = {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS,
        "name": f"{manifest.slug}-{name}",
        "description": entry.description,
        "citeAs": entry.citation,
        "creator": {"@type": "Organization", "name": entry.citation.split(".")[0]},
        "license": entry.licence
        if entry.licence.startswith("LicenseRef")
        else _LICENCES.format(entry.licence),
        "url": _page(entry),
        "distribution": [_file(unit) for unit in entry.files] or _tree(entry),
    }
    year = _YEAR.search(entry.citation)
    if year:
        card["datePublished"] = year[0]
    if entry.tree:
        # The archive is packed when it is asked for, so it has no fixed hash.
        card["isLiveDataset"] = True
    return card


def _context() -> dict[str, Any]:
    context: dict[str, Any] = {"@language": "en", "@vocab": "https://schema.org/"}
    context |= {"sc": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"}
    context |= {"rai": "http://mlcommons.org/croissant/RAI/", "dct": "http://purl.org/dc/terms/"}
    context |= {term: f"cr:{term}" for term in _TERMS.split()}
    context["conformsTo"] = "dct:conformsTo"
    context["data"] = {"@id": "cr:data", "@type": "@json"}
    context["examples"] = {"@id": "cr:examples", "@type": "@json"}
    context["dataType"] = {"@id": "cr:dataType", "@type": "@vocab"}
    return context


def _page(entry: DatasetEntry) -> str:
    """Return an address for the data set: DOI or preprint of its citation, else its first source."""
    _, found, rest = entry.citation.partition("doi:")
    if found:
        return f"https://doi.org/{rest.split()[0].rstrip('.')}"
    _, found, rest = entry.citation.partition("arXiv:")
    if found:
        return f"https://arxiv.org/abs/{rest.split()[0].rstrip('.')}"
    sources = [source for unit in entry.units for source in unit.sources]
    return next((_address(source) for source in sources if _address(source)), entry.title)


def _address(source: Source) -> str:
    """Return where a file is had: its URL, or the standard name of the package that carries it."""
    if isinstance(source, UrlSource):
        return source.url
    if isinstance(source, PackageSource):
        return f"pkg:{source.registry}/{source.package}@{source.version}"
    return ""


def _file(unit: FileEntry) -> dict[str, Any]:
    kind = mimetypes.guess_type(unit.path)[0] or "application/octet-stream"
    address = next((_address(source) for source in unit.sources if _address(source)), unit.path)
    return {
        "@type": "cr:FileObject",
        "@id": unit.path,
        "name": unit.path,
        "contentSize": f"{unit.bytes} B",
        "contentUrl": address,
        "encodingFormat": kind,
        "sha256": unit.sha256,
    }


def _tree(entry: DatasetEntry) -> list[dict[str, Any]]:
    """Describe a folder of files as the archive that it comes in and the members that are wanted."""
    if entry.tree is None:
        return []
    archives = [source for source in entry.tree.sources if isinstance(source, ArchiveSource)]
    if not archives:
        return []
    source, path = archives[0], entry.tree.path
    archive = {
        "@type": "cr:FileObject",
        "@id": f"{path}-archive",
        "name": f"{path}-archive",
        "contentUrl": source.archive,
        "encodingFormat": "application/zip",
    }
    members = {
        "@type": "cr:FileSet",
        "@id": path,
        "name": path,
        "containedIn": {"@id": f"{path}-archive"},
        "encodingFormat": "application/octet-stream",
        "includes": source.members[0] if len(source.members) == 1 else list(source.members),
    }
    return [archive, members]


def validate(card: dict[str, Any]) -> list[str]:
    """Check a card with the reference implementation of Croissant.

    Returns
    -------
    list of str
        What it warns about.

    Raises
    ------
    MMReproError
        When it is not valid.
    """
    import logging

    import mlcroissant

    # The warnings are returned; the library would print each as well.
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        found = mlcroissant.Dataset(jsonld=card)
    except mlcroissant.ValidationError as error:
        first = " ".join(str(error).split())
        raise MMReproError(f"The card of {card.get('name')} is no valid Croissant file: {first}") from None
    return sorted(str(warning) for warning in found.metadata.issues.warnings)


def write_card(card: dict[str, Any], path: Path) -> None:
    """Write a card as JSON."""
    from mmrepro.files import write_atomic

    write_atomic(path, json.dumps(card, indent=2, ensure_ascii=False) + "\n")


def card_table(manifest: Manifest) -> pd.DataFrame:
    """Return the manifest for people: data set, licence, access, files, megabytes, reservations."""
    rows = [
        {
            "data set": entry.title,
            "licence": entry.licence,
            "access": entry.access,
            "MB": entry.bytes / 1e6 if entry.units else float("nan"),
            "note": entry.licence_note or "",
        }
        for entry in manifest.datasets.values()
    ]
    table = pd.DataFrame(rows)
    again = (table["note"] == table["note"].shift()) & (table["note"] != "")
    return table.assign(note=table["note"].mask(again, "as above"))
