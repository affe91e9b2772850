"""The entities of an RO-Crate, added one by one; only what is known is said of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mmrepro.data.licence import licence_url
from mmrepro.files import sha256_file


class Graph:
    """What describes a folder, written into it as ``ro-crate-metadata.json``.

    Attributes
    ----------
    root
        The entity of the folder itself, a mapping whose values may be other entities.
    """

    def __init__(self, folder: Path, version: str) -> None:
        from rocrate.rocrate import ROCrate

        self._folder = folder
        self._crate = ROCrate(version=version)
        self.root: Any = self._crate.root_dataset

    def entity(self, identifier: str, kind: str | list[str], /, **properties: Any) -> Any:
        """Add an entity; properties that are None are left out."""
        from rocrate.model import ContextEntity

        known = {key: value for key, value in properties.items() if value is not None}
        return self._crate.add(ContextEntity(self._crate, identifier, properties={"@type": kind, **known}))

    def file(self, path: str, media_type: str, /, *kinds: str, **properties: Any) -> Any:
        """Add the file at `path` in the folder with its size and hash; `kinds` it is beside a file."""
        place = self._folder / path
        facts = {
            "@type": ["File", *kinds] if kinds else "File",
            "encodingFormat": media_type,
            "contentSize": str(place.stat().st_size),
            "sha256": sha256_file(place),
        }
        known = {key: value for key, value in properties.items() if value is not None}
        return self._crate.add_file(place, path, properties={**facts, **known})

    def licence(self, name: str) -> Any:
        """Add a licence of the SPDX list; other words stay words."""
        url = licence_url(name)
        told = f"{name}, as the SPDX licence list has it"
        return self.entity(url, "CreativeWork", name=name, description=told) if url else name

    def values(self, kind: str, facts: Mapping[str, Any]) -> list[Any]:
        """Add facts by name; what is neither text nor a number is written as JSON."""
        plain = {
            name: value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
            for name, value in facts.items()
        }
        return [
            self.entity(f"#{kind}/{quote(name)}", "PropertyValue", name=name, value=value)
            for name, value in plain.items()
        ]

    def write(self) -> None:
        """Write the metadata; the files are there already."""
        self._crate.write(self._folder)
