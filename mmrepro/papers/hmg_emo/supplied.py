"""Tables and images that a reader has brought; of what is missing it is told how to get it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError


def read_table(folder: Path, name: str, columns: Sequence[str], how_to_get: str) -> pd.DataFrame:
    """Read a table as text, its empty cells as such.

    Raises
    ------
    MMReproError
        When the table or one of its columns is missing.
    """
    path = folder / name
    if not path.is_file():
        raise MMReproError(f"{folder} holds no {name}. {how_to_get}.")
    frame = read_csv(path, dtype=str, keep_default_na=False)
    missing = [column for column in columns if column not in frame]
    if missing:
        raise MMReproError(
            f"{path} lacks the column {missing[0]!r} (it must have {', '.join(columns)}); {how_to_get}."
        )
    return frame


def refuse_missing(paths: Sequence[Path], how_to_get: str) -> None:
    """Refuse a set of images that is not whole.

    Raises
    ------
    MMReproError
        With how many are missing, and the first of them.
    """
    lacking = [path for path in paths if not path.is_file()]
    if lacking:
        raise MMReproError(
            f"{len(lacking)} of {len(paths)} images are missing, {lacking[0]} first. {how_to_get}."
        )
