"""The page of benchmarks: tables from what `benchmarks/engine.py` wrote down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmrepro.book.markup import scrolling, table

OURS = "mmrepro"


def unmeasured(what: str, script: str, results: str) -> str:
    """Say which command measures what a page would show, and where the results go."""
    return f"{what} has been measured yet: `python {script}` does it and writes `{results}`."


def benchmark_parts(path: Path) -> dict[str, str]:
    """Return the generated parts of the page; without a file each says how to make one."""
    names = ("engine-machine", "engine-runners", "engine-overhead", "engine-scaling")
    if not path.is_file():
        return dict.fromkeys(
            names, unmeasured("Nothing", "benchmarks/engine.py", "results/benchmarks/engine.json")
        )
    found = json.loads(path.read_text())
    parts = (_machine(found), _runners(found), _overhead(found["overhead"]), _scaling(found["scaling"]))
    return dict(zip(names, parts, strict=True))


def _machine(found: Mapping[str, Any]) -> str:
    machine, versions = found["machine"], found["versions"]
    tools = ", ".join(f"{name} {version}" for name, version in versions.items())
    where = f"{machine['cpu']}, {found['cores']} of {machine['cores']} cores, Python {machine['python']}"
    return f"Measured on {found['made']}: {where}; {tools}; {found['notebooks']} notebooks."


def _runners(found: Mapping[str, Any]) -> str:
    """Tabulate every tool, with its time as a multiple of our cold run's and of the floor."""
    rows, floor = found["runners"], floor_seconds(found)
    ours = next(row["wall_s"] for row in rows if (row["runner"], row["case"]) == (OURS, "cold"))
    body = [
        [
            f"`{row['runner']}`",
            row["case"],
            f"{row['wall_s']:.1f}",
            f"{row['cpu_s']:.0f}",
            f"{row['peak_mb']:.0f}",
            f"{row['wall_s'] / ours:.2f}",
            f"{row['wall_s'] / floor:.2f}",
        ]
        for row in rows
    ]
    together = found["floor"]["imports_s"] + found["floor"]["together_s"]
    for name, seconds in (("floor", floor), ("floor, all cores busy", together)):
        told = f"{seconds / ours:.2f}", f"{seconds / floor:.2f}"
        body.append([f"*{name}*", "", f"{seconds:.1f}", "", "", *told])
    header = ["Runner", "Notebooks", "Wall (s)", "CPU (s)", "Peak (MB)", "× mmrepro, cold", "× floor"]
    return scrolling(table(header, body), "mm-bench")


def floor_seconds(found: Mapping[str, Any]) -> float:
    """Return the seconds that no runner can go below: one import of everything, and the cells shared out."""
    floor = found["floor"]
    return float(floor["imports_s"] + floor["compute_s"] / found["cores"])


def _overhead(rows: Sequence[Mapping[str, Any]]) -> str:
    body = [
        [
            row["scheduler"],
            str(row["jobs"]),
            f"{row['wall_s']:.2f}",
            f"{1000 * row['wall_s'] / row['jobs']:.1f}",
        ]
        for row in rows
    ]
    return table(["Scheduler", "Jobs", "Wall (s)", "A job (ms)"], body)


def _scaling(rows: Sequence[Mapping[str, Any]]) -> str:
    body = [
        [
            str(row["workers"]),
            str(row["jobs"]),
            f"{row['wall_s']:.1f}",
            f"{row['workers'] * row['ideal_s'] / row['wall_s']:.1f}",
        ]
        for row in rows
    ]
    return table(["Workers", "Jobs of one second", "Wall (s)", "Speed-up"], body)
