"""The tables of a sweep: every number in one row each, and the means over seeds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mmrepro.evidence.record import RunRecord
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import ChapterSettings, settings_class

if TYPE_CHECKING:
    import pandas as pd

# Columns beside the settings, and their types; a setting of such a name becomes ``setting.<name>``.
_BEFORE = {
    "seed": "int64",
    "dataset": "string",
    "system": "string",
    "metric": "string",
    "metric_seed": "int64",
    "value": "float64",
    "tier": "string",
    "profile": "string",
}
_AFTER = {"run_key": "string", "digest": "string", "wall_s": "float64"}
_JSON = "json"  # a column of text that holds JSON
# The JSON types that a setting can have -> the type of its column; others are kept as JSON text.
_DTYPES = {
    frozenset({"boolean"}): "boolean",
    frozenset({"integer"}): "Int64",
    frozenset({"number"}): "Float64",
    frozenset({"integer", "number"}): "Float64",
    frozenset({"string"}): "string",
}


def column_of(setting: str) -> str:
    """Name the column of a setting."""
    return f"setting.{setting}" if setting in {**_BEFORE, **_AFTER} else setting


def as_json(value: Any) -> str:
    """Spell a value as JSON, without blanks."""
    return json.dumps(value, separators=(",", ":"))


def tidy(slug: str, keys: Sequence[str], found: Iterable[tuple[dict[str, Any], RunRecord]]) -> pd.DataFrame:
    """Lay out every number of some runs of one seed each, a row each, the settings `keys` first.

    Parameters
    ----------
    found
        All settings of a run, as JSON has them, and its record.
    """
    import pandas as pd

    settings = _column_types(settings_class(load_paper(slug)))
    swept = {column_of(key): settings.pop(column_of(key)) for key in keys}
    types = {**swept, **_BEFORE, **settings, **_AFTER}
    rows = [row for asked, record in found for row in _rows(asked, record)]
    frame = pd.DataFrame(rows, columns=list(types))
    for name in (name for name, dtype in types.items() if dtype == _JSON):
        frame[name] = frame[name].map(as_json, na_action="ignore")
    return frame.astype({name: "string" if dtype == _JSON else dtype for name, dtype in types.items()})


def summarise(frame: pd.DataFrame, by: Sequence[str], metrics: Collection[str]) -> pd.DataFrame:
    """Reduce a sweep's tidy `frame` to means over seeds with their 95 % t intervals.

    Parameters
    ----------
    by
        Columns of the swept settings.
    metrics
        Which to keep.

    Returns
    -------
    DataFrame
        metric, dataset, system, the columns `by`, mean, low, high, seeds; the interval is missing where there
        is one seed only.
    """
    import pandas as pd

    from mmrepro.evidence.statistics import mean_interval

    place = ["metric", "dataset", "system", *by]
    chosen = frame[frame["metric"].isin(list(metrics))]
    per_seed = chosen.groupby([*place, "seed"], dropna=False, sort=False)["value"].mean().reset_index()
    rows = []
    for where, values in per_seed.groupby(place, dropna=False, sort=False)["value"]:
        low, high = mean_interval(values) if len(values) > 1 else (None, None)
        rows.append((*where, values.mean(), low, high, len(values)))
    found = pd.DataFrame(rows, columns=[*place, "mean", "low", "high", "seeds"])
    return found.astype({**frame.dtypes[place], "mean": float, "low": float, "high": float, "seeds": int})


def changing(summary: pd.DataFrame) -> pd.Series[bool]:
    """Say of each row of a summary whether its number differs anywhere, between points or between seeds."""
    place = [summary[name] for name in ("metric", "dataset", "system")]
    low, high = (
        summary[edge].fillna(summary["mean"]).groupby(place, dropna=False) for edge in ("low", "high")
    )
    return low.transform("min") < high.transform("max")


def _rows(settings: dict[str, Any], record: RunRecord) -> Iterator[dict[str, Any]]:
    tiers: dict[str | None, str] = {used.name: used.tier for used in record.data}
    common = {
        **{column_of(name): value for name, value in settings.items() if name != "seeds"},
        "seed": settings["seeds"][0],
        "profile": record.profile,
        "run_key": record.code.key,
        "digest": record.digest,
        "wall_s": record.wall_s,
    }
    for found in record.metrics:
        own = found.model_dump(exclude={"seed"})
        yield {**common, **own, "metric_seed": found.seed, "tier": tiers.get(found.dataset)}


def _column_types(settings: type[ChapterSettings]) -> dict[str, str]:
    """Derive column -> type from what the settings may be, so that it is the same in every sweep."""
    described = settings.model_json_schema()["properties"]
    return {column_of(name): _dtype(schema) for name, schema in described.items() if name != "seeds"}


def _dtype(schema: dict[str, Any]) -> str:
    kinds = {option.get("type") for option in schema.get("anyOf", [schema])} - {"null"}
    return _DTYPES.get(frozenset(kinds), _JSON)
