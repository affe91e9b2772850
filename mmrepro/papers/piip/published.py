"""The published tables, row by row, beside what the architecture gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.paper import Paper, Reported
from mmrepro.papers.piip.compute import NETWORKS, Network, Plan, parameter_counts, published_cost

# The networks of Table 13, trained from scratch, are narrower than their namesakes.
_NETWORKS: Mapping[str, Network] = {
    **NETWORKS,
    "t": Network(160, 12),
    "s": Network(320, 12),
    "b": Network(640, 12),
}
_HEAD = re.compile(r"^(?P<networks>(6B|[TSBLHtsb])+) (?P<sizes>\d+(/\d+)*)$")
_MODIFIERS: Mapping[str, Callable[[int], dict[str, Any]]] = {
    r"window (\d+)": lambda number: {"window": number},
    r"(\d+) global blocks": lambda number: {"global_blocks": number},
    r"(\d+) interactions?": lambda number: {"interactions": number},
    r"regular attention": lambda _: {"attention": "regular"},
    r"no projection": lambda _: {"project": False},
    r"padded": lambda _: {"padded": True},
    r"no merging": lambda _: {"merging": "none"},
}
# A published figure agrees when it is this close, or within half a unit of its last printed digit.
TOLERANCE = 0.005


def plan_of(system: str) -> Plan:
    """Read a row's name, as in ``TSB 1120/896/448, window 14, 6 interactions``: networks, sizes, and how.

    Raises
    ------
    MMReproError
        For a name that cannot be read, more networks than sizes or the reverse, or an unknown word.
    """
    head, *words = system.split(", ")
    match = _HEAD.match(head)
    if match is None:
        raise MMReproError(f"{head!r} is no pyramid; write networks and sizes, as in 'TSB 1120/896/448'.")
    networks = re.findall("6B|[TSBLHtsb]", match["networks"])
    sizes = [int(size) for size in match["sizes"].split("/")]
    if len(networks) != len(sizes):
        raise MMReproError(
            f"{head!r} has {len(networks)} networks and {len(sizes)} sizes; give one size a network."
        )
    how: dict[str, Any] = {}
    for word in words:
        how |= _modifier(word)
    return Plan(tuple(_NETWORKS[name] for name in networks), tuple((size, size) for size in sizes), **how)


def _modifier(word: str) -> dict[str, Any]:
    for pattern, meaning in _MODIFIERS.items():
        if match := re.fullmatch(pattern, word):
            return meaning(int(match[1]) if match.groups() else 0)
    known = [re.sub(r"\(.*?\)\??", "4", pattern).rstrip("?") for pattern in _MODIFIERS]
    raise MMReproError(f"{word!r} says nothing about a pyramid: {nearest(word, known)}")


def audit(paper: Paper, metric: str = "FLOPs") -> pd.DataFrame:
    """Recompute every published figure of `metric` (``FLOPs`` in GMAC, ``parameters`` in millions).

    Returns
    -------
    DataFrame
        source, system, published, ours, error (%) and whether they agree.
    """
    rows = [_compared(row) for row in paper.reported if row.metric == metric]
    return pd.DataFrame(rows)


def _compared(row: Reported) -> dict[str, Any]:
    plan = plan_of(row.system)
    ours = published_cost(plan).total / 1e9
    if row.metric == "parameters":
        ours = sum(parameter_counts(plan).values()) / 1e6
    return {
        "source": row.source,
        "system": row.system,
        "published": row.value,
        "ours": ours,
        "error (%)": 100 * (ours / row.value - 1),
        "agrees": agrees(row.value, ours),
    }


def agrees(published: float, ours: float) -> bool:
    """Say whether a figure agrees; it is printed in whole numbers from 100 on, else with one decimal."""
    half_unit = 0.5 if published >= 100 else 0.05
    return abs(ours - published) <= max(TOLERANCE * published, half_unit)


def agreement(rows: pd.DataFrame, sources: Iterable[str] | None = None) -> dict[str, int]:
    """Count the rows that agree, by source."""
    found = rows.groupby("source", sort=False)["agrees"].sum()
    return {source: int(found[source]) for source in (sources or found.index)}


def scatter_rows(paper: Paper, sources: Sequence[str] = ("Table 1", "Table 7")) -> pd.DataFrame:
    """Pair every published box AP with the published FLOPs of the same row: source, system, AP, GMAC."""
    flops = {(row.source, row.system): row.value for row in paper.reported if row.metric == "FLOPs"}
    rows = [
        {
            "source": row.source,
            "system": row.system,
            "AP": row.value,
            "published": flops[row.source, row.system],
        }
        for row in paper.reported
        if row.metric == "box AP" and row.source in sources and (row.source, row.system) in flops
    ]
    return pd.DataFrame(rows).drop_duplicates("system")
