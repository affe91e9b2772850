"""Defects: what is wrong in a file from outside, and what was done about it, as data and not as a comment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong with one file.

    Attributes
    ----------
    file
        Where it is.
    problem, handling
        What is wrong, and what was done about it.
    count
        How many rows, frames or files it concerns.
    """

    file: str
    problem: str
    count: int
    handling: str


def defect_table(defects: Iterable[Defect]) -> pd.DataFrame:
    """Tabulate defects, the same one of several files in one row: problem, files, count, handling."""
    frame = pd.DataFrame([asdict(each) for each in defects], columns=list(Defect.__dataclass_fields__))
    joined = frame.groupby(["problem", "handling"], sort=False, as_index=False).agg(
        files=("file", _few), count=("count", "sum")
    )
    return joined[["problem", "files", "count", "handling"]]


def _few(names: pd.Series[str]) -> str:
    shown = list(dict.fromkeys(names))
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
