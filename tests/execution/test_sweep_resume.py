"""Sweeps of real runs, in processes of their own: one that is stopped goes on to the same table."""

import os
import re
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from tests.conftest import SLUG, Checkout
from tests.execution.sweep_runs import BROKEN_LR

SLOW = (
    "import time\ntime.sleep(1)\n"
    'chapter.measure("accuracy", {"early": 70 + 1000 * chapter.settings.lr + chapter.settings.seeds[0]},'
    " dataset=None, seed=chapter.settings.seeds[0])\n"
    f"assert chapter.settings.lr != {BROKEN_LR}"
)


def start(folder, grid="lr=0.001,1e-2"):
    """Start a sweep of one seed in the checkout `folder`, a terminal's own group of processes."""
    environment = {**os.environ, "MMREPRO_ROOT": str(folder), "PYTHONUNBUFFERED": "1"}
    arguments = [
        "sweep",
        SLUG,
        "--grid",
        grid,
        "--seeds",
        "3",
        "--jobs",
        "1",
        "--output",
        str(folder / "out"),
    ]
    # Where these tests are a shell's background job, SIGINT is ignored, and children would inherit that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "mmrepro.cli", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def records(folder):
    """When the record of each run was written."""
    runs = folder / "_build" / "sweeps" / SLUG / "runs"
    return {path: path.stat().st_mtime_ns for path in runs.glob("*/smoke/*.run.json")}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """A sweep of two runs and one more that fails, without interruption."""
    folder = tmp_path_factory.mktemp("unbroken")
    Checkout(folder).write(SLOW)
    process = start(folder, f"lr=0.001,1e-2,{BROKEN_LR}")
    return folder, process.communicate(timeout=120)[0], process.returncode


@pytest.mark.notebook
def test_real_runs_fill_the_table_and_a_failed_cell_is_named(unbroken):
    folder, told, code = unbroken
    assert code == 1, told
    assert "[1/3] lr=0.001 seed=3: done in" in told
    assert re.search(rf"lr={BROKEN_LR} seed=3: {SLUG}, cell \d+ .*AssertionError", told)
    assert told.splitlines()[-1] == "mmrepro: 1 of 3 run(s) failed; the table holds the rest."
    frame = pd.read_parquet(folder / "out" / "results.parquet")
    assert frame["value"].tolist() == pytest.approx([74, 83])


@pytest.mark.fault(
    "a sweep is killed or interrupted between two runs", "the next one goes on to the same table"
)
@pytest.mark.notebook
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_was_stopped_goes_on_to_the_same_table(unbroken, tmp_path, end):
    Checkout(tmp_path).write(SLOW)
    process = start(tmp_path)
    line = next(line for line in process.stdout if line.startswith("[1/2]"))
    assert "done" in line
    time.sleep(0.5)
    if end is signal.SIGKILL:
        process.kill()
    else:
        os.killpg(process.pid, end)
    told = process.communicate(timeout=60)[0]
    assert process.returncode == (-9 if end is signal.SIGKILL else 130), told
    assert end is signal.SIGKILL or "1 of 2 run(s) are done and kept" in told
    before = records(tmp_path)
    assert len(before) == 1
    again = start(tmp_path)
    told = again.communicate(timeout=120)[0]
    assert again.returncode == 0, told
    assert "2 run(s), 1 done already" in told
    assert before.items() <= records(tmp_path).items()
    tables = [pd.read_parquet(folder / "out" / "results.parquet") for folder in (unbroken[0], tmp_path)]
    pd.testing.assert_frame_equal(*(table.drop(columns="wall_s") for table in tables))
