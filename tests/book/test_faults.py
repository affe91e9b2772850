import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmrepro.book.faults import fault_parts
from tests.fault_report import KINDS

HERE = Path(__file__).resolve().parents[2]


def row(test, outcome="passed", kind="fault", seconds=1.0, reason=None):
    told = {"broken": f"a | pipe in {test}", "must": "it is told"}
    return {"test": test, "kind": kind, **told, "outcome": outcome, "reason": reason, "seconds": seconds}


ROWS = [
    row("tests/a.py::test_one[x]", seconds=0.25),
    row("tests/b.py::test_bad[1]"),
    row("tests/a.py::test_one[y]", seconds=0.25),
    row("tests/b.py::test_bad[2]", "failed"),
    row("tests/c.py::test_left_out", "skipped", reason="only root can"),
    row("tests/d.py::test_hostile", kind="hostile"),
]


@pytest.fixture
def parts(tmp_path):
    path = tmp_path / "faults.json"
    report = {"made": "2025-01-31", "python": "3.11.7", "system": "Linux", "times": 7, "faults": ROWS}
    path.write_text(json.dumps(report))
    return fault_parts(path)


def test_cases_of_a_test_share_a_line(parts):
    assert parts["faults-fault"].count("\n| ") == 5  # header, rule and three tests
    assert (
        "| a \\| pipe in tests/a.py::test_one[x] | it is told | held in all 2 | 0.5 "
        "| <code>a.py</code> <code>test_<wbr>one</code> |" in (parts["faults-fault"])
    )


def test_what_failed_and_what_was_not_tried_say_so(parts):
    assert "| **failed** in 1 of 2 | 2.0 |" in parts["faults-fault"]
    assert "| not tried in 1 of 1: only root can |" in parts["faults-fault"]
    assert (
        "In 4 of them what must happen happened, in 1 it did not, and 1 were not tried."
        in (parts["faults-summary"])
    )
    assert "struck 7 times each" in parts["faults-summary"]


def test_hostile_input_has_a_table_of_its_own(parts):
    assert "test_hostile" in parts["faults-hostile"]
    assert "| held |" in parts["faults-hostile"]
    assert "test_hostile" not in parts["faults-fault"]


def test_without_a_report_every_part_says_how_to_make_one(tmp_path, parts):
    missing = fault_parts(tmp_path / "none.json")
    assert missing.keys() == parts.keys()
    assert all("--fault-report=results/faults.json" in text for text in missing.values())


def test_a_report_is_written_by_the_tests_that_are_marked(pytester_report):
    rows = {Path(each["test"].partition("::")[0]).name: each for each in pytester_report["faults"]}
    found = {each["test"].partition("::")[2]: each["outcome"] for each in pytester_report["faults"]}
    assert found == {
        "test_holds[1]": "passed",
        "test_holds[2]": "passed",
        "test_breaks": "failed",
        "test_no": "skipped",
    }
    assert {each["reason"] for each in rows.values() if each["outcome"] == "skipped"} <= {"not here"}


@pytest.fixture
def pytester_report(tmp_path):
    """Run pytest on made-up tests, in two processes, with the report asked for."""
    (tmp_path / "conftest.py").write_text(
        "from tests.fault_report import pytest_addoption, pytest_configure\n"
    )
    (tmp_path / "test_made_up.py").write_text(
        "import pytest\n"
        "@pytest.mark.fault('a', 'b')\n@pytest.mark.parametrize('x', [1, 2])\ndef test_holds(x): pass\n"
        "@pytest.mark.hostile('c', 'd')\ndef test_breaks(): assert False\n"
        "@pytest.mark.fault('e', 'f')\ndef test_no(): pytest.skip('not here')\n"
        "def test_other(): pass\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  hostile: x\n  fault: x\n  loopback: x\n")
    options = ["-q", "-p", "xdist.plugin", "-n", "2", "--fault-report", "out.json"]
    alone = {**os.environ, "PYTHONPATH": str(HERE), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", *options, "test_made_up.py"]
    subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, check=False)
    return json.loads((tmp_path / "out.json").read_text())


def marked():
    """Name every test that is marked, as its source says."""
    for path in (HERE / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(mark, ast.Call)
                and isinstance(mark.func, ast.Attribute)
                and mark.func.attr in KINDS
                for mark in node.decorator_list
            ):
                yield f"{path.relative_to(HERE).as_posix()}::{node.name}"


def test_the_committed_report_is_that_of_the_tests_there_are():
    report = json.loads((HERE / "results" / "faults.json").read_text())
    tried = {each["test"].partition("[")[0] for each in report["faults"]}
    assert tried == set(marked()), "run `make faults` and commit results/faults.json"
    assert not [each["test"] for each in report["faults"] if each["outcome"] == "failed"]
