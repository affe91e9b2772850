"""Data cards: the manifest's Croissant files, checked, and the manifest as a table for people."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmrepro.data.manifest import Manifest
from mmrepro.errors import MMReproError


def validate(card: dict[str, Any]) -> list[str]:
    """Check a Croissant card with the reference implementation.

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
