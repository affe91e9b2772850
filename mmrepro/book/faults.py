"""The page of faults: tables from what the tests that break things on purpose wrote down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from mmrepro.book.markup import scrolling, table

_UNTRIED = "Not tried yet: `pytest -m 'hostile or fault' --fault-report=results/faults.json` does it."


def fault_parts(path: Path) -> dict[str, str]:
    """Return the generated parts of the page; without a report each says how to make one."""
    names = ("faults-summary", "faults-hostile", "faults-fault")
    if not path.is_file():
        return dict.fromkeys(names, _UNTRIED)
    report = json.loads(path.read_text(encoding="utf-8"))
    rows = report["faults"]
    hostile, fault = ([row for row in rows if row["kind"] == kind] for kind in ("hostile", "fault"))
    parts = (
        _summary(report),
        _table("What was put in", hostile),
        _table("What was broken", fault),
    )
    return dict(zip(names, parts, strict=True))


def _summary(report: Mapping[str, Any]) -> str:
    rows = report["faults"]
    counts = {outcome: _count(rows, outcome) for outcome in ("passed", "failed", "skipped")}
    seconds = sum(row["seconds"] for row in rows)
    return (
        f"Tried on {report['made']} with Python {report['python']} on {report['system']}: "
        f"{len(rows)} cases in {seconds:.0f} s. In {counts['passed']} of them what must happen happened, "
        f"in {counts['failed']} it did not, and {counts['skipped']} were not tried. "
        f"What strikes at random moments struck {report['times']} times each."
    )


def _table(broken: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Tabulate one line a test, however many cases it tries."""
    if not rows:
        return "None was tried."
    header = [broken, "What must happen", "Outcome", "Seconds", "Test"]
    ordered = sorted(rows, key=_test)
    return scrolling(table(header, [_line(list(cases)) for _, cases in groupby(ordered, _test)]), "mm-faults")


def _line(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    first, test = cases[0], _test(cases[0])
    seconds = sum(case["seconds"] for case in cases)
    module, _, name = test.removeprefix("tests/").partition("::")
    return [
        first["broken"],
        first["must"],
        _outcome(cases),
        f"{seconds:.1f}",
        f"{_code(module)} {_code(name)}",
    ]


def _code(name: str) -> str:
    """Set a long name so that it breaks between its words."""
    return f"<code>{escape(name).replace('_', '_<wbr>').replace('/', '/<wbr>')}</code>"


def _outcome(cases: Sequence[Mapping[str, Any]]) -> str:
    total = len(cases)
    failed, skipped = _count(cases, "failed"), _count(cases, "skipped")
    if failed:
        return f"**failed** in {failed} of {total}"
    if skipped:
        reason = next(case["reason"] for case in cases if case["outcome"] == "skipped")
        return f"not tried in {skipped} of {total}: {reason}"
    return "held" if total == 1 else f"held in all {total}"


def _count(rows: Sequence[Mapping[str, Any]], outcome: str) -> int:
    return sum(row["outcome"] == outcome for row in rows)


def _test(row: Mapping[str, Any]) -> str:
    """Return the name of a test without the case that it tries."""
    return str(row["test"]).partition("[")[0]
