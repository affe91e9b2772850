import json
import subprocess
import sys

import pytest

from tests.conftest import HERE

SCRIPT = HERE / "benchmarks" / "engine.py"


def measure(*options):
    command = [sys.executable, str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.notebook
def test_our_runner_is_measured_cold_unchanged_changed_and_warm(tmp_path):
    path = tmp_path / "engine.json"
    done = measure("--notebooks", "1", "--only", "mmrepro", "--no-jobs", "--output", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(path.read_text())
    peak = {(row["runner"], row["case"]): row["peak_mb"] for row in found["runners"]}
    assert set(peak) == {
        *(("mmrepro", case) for case in ("cold", "unchanged", "one changed")),
        ("mmrepro --warm", "cold"),
    }
    # A kernel that imports torch shows in the memory; a run from the cache has none.
    assert 2 * peak["mmrepro", "unchanged"] < min(
        peak["mmrepro", "cold"], peak["mmrepro", "one changed"], peak["mmrepro --warm", "cold"]
    )
    assert min(row["cpu_s"] for row in found["runners"]) > 0
    assert set(found["floor"]) == {"imports_s", "compute_s", "together_s"}
    assert min(found["floor"].values()) > 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--no-jobs"], "a part of the measurements needs --output FILE"),
        (["--only", "mmrepro,papermil"], "--only knows no papermil; choose from mmrepro, papermill,"),
    ],
)
def test_what_would_spoil_the_page_is_refused(options, told):
    done = measure(*options)
    assert done.returncode == 2
    assert told in done.stderr
