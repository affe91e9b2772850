"""CG-MER itself, for readers who hold it: five CSV files become the same tables as the stand-ins."""

from __future__ import annotations

from mmrepro.data.local import LocalData
from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer.schema import SCHEMAS, Corpus, validated

_OPTIONAL = frozenset({"segments", "annotations"})


def load_local(source: LocalData) -> Corpus:
    """Read the corpus that `MMREPRO_CGMER` points to, and validate it.

    ``MMREPRO_CGMER`` names `sessions.csv`; `participants.csv` and `streams.csv` must lie beside it,
    `segments.csv` and `annotations.csv` may. UTF-8, commas, the columns of `SCHEMAS`.

    Raises
    ------
    MMReproError
        When a file is missing, a column or value breaks the schema, or an id is unknown.
    """
    tables = {}
    for name, schema in SCHEMAS.items():
        path = source.folder / f"{name}.csv"
        if path.is_file():
            tables[name] = read_csv(path, dtype=dict.fromkeys(_ids(list(schema.columns)), str))
        elif name not in _OPTIONAL:
            raise MMReproError(f"{source.folder} holds no {name}.csv, which a copy of CG-MER must have.")
    return validated(tables, str(source.folder))


def _ids(columns: list[str]) -> list[str]:
    """Name the columns whose leading zeros must survive reading."""
    return [name for name in columns if name in ("session", "participant", "stream", "segment", "label")]
