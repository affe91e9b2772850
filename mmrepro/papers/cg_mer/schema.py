"""The five tables of an emotion corpus, validated: columns, ranges, and references between them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pandas as pd
import pandera.pandas as pa

from mmrepro.errors import MMReproError

MODALITIES = ("voice", "face", "gesture", "audio-visual")
VIEWPOINTS = ("self", "partner", "external", "intended")
_ID = pa.Check.str_matches(r"^\S+$", error="an id has no blanks")
_SEX = pa.Check.isin(["F", "M", "unknown"])

SESSIONS = pa.DataFrameSchema(
    {
        "session": pa.Column(str, _ID, unique=True),
        "language": pa.Column(str),
        "minutes": pa.Column(float, pa.Check.gt(0), nullable=True),
    },
    strict=True,
    coerce=True,
)
PARTICIPANTS = pa.DataFrameSchema(
    {
        "participant": pa.Column(str, _ID, unique=True),
        "sex": pa.Column(str, _SEX),
        "age": pa.Column(float, pa.Check.in_range(5, 110), nullable=True),
    },
    strict=True,
    coerce=True,
)
STREAMS = pa.DataFrameSchema(
    {
        "stream": pa.Column(str, unique=True),
        "session": pa.Column(str, _ID),
        "participant": pa.Column(str, _ID),
        "modality": pa.Column(str, pa.Check.isin(MODALITIES)),
        "rate_hz": pa.Column(float, pa.Check.gt(0), nullable=True),
        "seconds": pa.Column(float, pa.Check.gt(0), nullable=True),
    },
    strict=True,
    coerce=True,
)
SEGMENTS = pa.DataFrameSchema(
    {
        "segment": pa.Column(str, unique=True),
        "stream": pa.Column(str),
        "tier": pa.Column(str),
        "start_s": pa.Column(float, pa.Check.ge(0)),
        "end_s": pa.Column(float, pa.Check.ge(0)),
        "label": pa.Column(str),
    },
    checks=pa.Check(lambda frame: frame["end_s"] > frame["start_s"], error="a segment ends after it starts"),
    strict=True,
    coerce=True,
)
ANNOTATIONS = pa.DataFrameSchema(
    {
        "stream": pa.Column(str),
        "viewpoint": pa.Column(str, pa.Check.isin(VIEWPOINTS)),
        "label": pa.Column(str),
        "votes": pa.Column(int, pa.Check.ge(1)),
    },
    strict=True,
    coerce=True,
)
SCHEMAS = {
    "sessions": SESSIONS,
    "participants": PARTICIPANTS,
    "streams": STREAMS,
    "segments": SEGMENTS,
    "annotations": ANNOTATIONS,
}
# Table, column -> the table in which that id must stand.
_REFERENCES = {
    ("streams", "session"): "sessions",
    ("streams", "participant"): "participants",
    ("segments", "stream"): "streams",
    ("annotations", "stream"): "streams",
}


@dataclass(frozen=True)
class Corpus:
    """One corpus as five tables.

    Attributes
    ----------
    sessions
        session, language, minutes.
    participants
        participant, sex, age in years (missing where not told).
    streams
        One recorded track: stream, session, participant, modality, rate_hz, seconds.
    segments
        One labelled stretch of a stream: segment, stream, tier, start_s, end_s, label.
    annotations
        Votes for a whole stream: stream, viewpoint, label, votes.
    """

    sessions: pd.DataFrame
    participants: pd.DataFrame
    streams: pd.DataFrame
    segments: pd.DataFrame
    annotations: pd.DataFrame

    def sizes(self) -> dict[str, int]:
        """Count the rows of each table."""
        return {name: len(frame) for name, frame in self.tables().items()}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return table name -> table."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def validated(tables: dict[str, pd.DataFrame], source: str) -> Corpus:
    """Check tables against their schemas and each other, and return them as a corpus.

    A table that is left out is taken as empty.

    Parameters
    ----------
    source
        What the tables were read from, to be named in an error.

    Raises
    ------
    MMReproError
        Naming the table, the column, the first wrong value and how many there are.
    """
    empty = {name: pd.DataFrame(columns=list(schema.columns)) for name, schema in SCHEMAS.items()}
    checked = {name: _checked(name, {**empty, **tables}[name], source) for name in SCHEMAS}
    for (table, column), target in _REFERENCES.items():
        key = target.removesuffix("s")
        unknown = checked[table][~checked[table][column].isin(checked[target][key])]
        if len(unknown):
            raise MMReproError(
                f"{source}: {table}.{column} names {unknown[column].iloc[0]!r}, which {target} does not have "
                f"({len(unknown)} row(s))."
            )
    return Corpus(**checked)


def _checked(name: str, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    try:
        checked: pd.DataFrame = SCHEMAS[name].validate(frame.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as error:
        raise MMReproError(f"{source}: {_first_problem(name, error.failure_cases)}") from None
    return checked


def _first_problem(name: str, cases: pd.DataFrame) -> str:
    """Tell the first failure of a table in a sentence."""
    first = cases.iloc[0]
    if first["check"] == "column_in_dataframe":
        return f"{name} lacks the column {first['failure_case']!r}."
    if first["check"] == "column_in_schema":
        return f"{name} has the unknown column {first['failure_case']!r}."
    column = f"{name}.{first['column']}" if first["schema_context"] == "Column" else name
    row = "" if pd.isna(first["index"]) else f" in row {int(first['index'])}"
    return f"{column} breaks the rule {first['check']!r}{row} (it is {first['failure_case']!r})."
