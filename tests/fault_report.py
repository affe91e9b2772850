"""Writes what the tests marked `hostile` and `fault` tried and what came of it, for the page of faults.

Each marker says two things: what was put in or broken, and what must happen. The page is generated from the
report, so that it names no fault that was not tried.
"""

import datetime
import json
import platform
from pathlib import Path

from mmrepro.evidence.sums import write_measured

KINDS = ("hostile", "fault")
_OUTCOME = "mmrepro-fault"


def pytest_addoption(parser):
    parser.addoption(
        "--fault-report", metavar="PATH", help="write what the tests marked hostile or fault found"
    )
    parser.addoption("--times", type=int, default=1, help="how often faults strike at random moments")


def pytest_configure(config):
    if path := config.getoption("--fault-report"):
        config.pluginmanager.register(FaultReport(path, config.getoption("--times")))


class FaultReport:
    """Collects the outcome of every marked test; with several processes, in the one that started them."""

    def __init__(self, path, times):
        self.path = Path(path)
        self.times = times
        self.rows = []

    def pytest_itemcollected(self, item):
        for kind in KINDS:
            for marker in item.iter_markers(kind):
                item.user_properties.append((_OUTCOME, [kind, *marker.args]))

    def pytest_runtest_logreport(self, report):
        told = dict(report.user_properties).get(_OUTCOME)
        # A test that passes reports thrice; what fails or is left out before it runs has no second report.
        if told is None or (report.when != "call" and report.passed):
            return
        kind, broken, must = told
        reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else None
        self.rows.append(
            {
                "test": report.nodeid,
                "kind": kind,
                "broken": broken,
                "must": must,
                "outcome": report.outcome,
                "reason": reason.removeprefix("Skipped: ") if reason else None,
                "seconds": round(report.duration, 2),
            }
        )

    def pytest_sessionfinish(self, session):
        if hasattr(session.config, "workerinput"):
            return
        content = {
            "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "python": platform.python_version(),
            "system": platform.system(),
            "times": self.times,
            "faults": sorted(self.rows, key=lambda row: row["test"]),
        }
        write_measured(self.path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
