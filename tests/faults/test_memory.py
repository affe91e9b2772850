"""A kernel that takes more memory than there is: killed by Linux, within a small group of processes."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from mmrepro.errors import MMReproError
from mmrepro.execution.run import RunFiles
from tests.conftest import SLUG, Checkout

CONTROL_GROUPS = Path("/sys/fs/cgroup")
LIMIT = 1500 << 20  # bytes: room for the command and an empty kernel
# Takes half a gigabyte at a time, eight of them; the next run finds that there is enough.
HUNGRY = (
    "import numpy as np\nfrom mmrepro.project import root\n"
    "if not (root() / 'enough').exists():\n"
    "    (root() / 'enough').touch()\n"
    "    held = [np.ones(2**26) for _ in range(8)]"
)


@pytest.fixture
def memory_group():
    """A control group, of either version, whose processes may fill `LIMIT` bytes together."""
    is_old = (CONTROL_GROUPS / "memory").is_dir()
    names = ("limit_in_bytes", "memsw.limit_in_bytes") if is_old else ("max", "swap.max")
    group = (CONTROL_GROUPS / "memory" if is_old else CONTROL_GROUPS) / f"mmrepro-{uuid.uuid4().hex}"
    limit, swap = (group / f"memory.{name}" for name in names)
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here ({error.strerror})")
    try:
        if not limit.is_file():
            pytest.skip("control groups hold no memory here")
        limit.write_text(str(LIMIT))
        if swap.is_file():
            swap.write_text(str(LIMIT if is_old else 0))
        yield group
    finally:
        group.rmdir()  # fails where a process of the test is left


def ran(folder, group):
    return subprocess.run(
        [sys.executable, "-m", "mmrepro.cli", "run", SLUG],
        env={**os.environ, "MMREPRO_ROOT": str(folder), "MMREPRO_RUNS": str(folder / "runs")},
        preexec_fn=lambda: (group / "cgroup.procs").write_text(str(os.getpid())),
        capture_output=True,
        text=True,
    )


@pytest.mark.notebook
@pytest.mark.fault(
    "a kernel that takes more memory than there is, killed by Linux",
    "told in a sentence that names the cell, exit code 1, nothing half; the next run repairs it",
)
def test_a_kernel_out_of_memory_is_told_and_made_good(memory_group, tmp_path):
    Checkout(tmp_path).write(HUNGRY, 'chapter.measure("number", {"ours": 1.0}, dataset=None)')
    first = ran(tmp_path, memory_group)
    files = RunFiles.of(SLUG, "smoke", tmp_path / "runs")
    assert first.returncode == 1
    assert "cell 4 ('import numpy as np'): the kernel died, perhaps for want of memory" in first.stderr
    assert "Traceback" not in first.stderr
    with pytest.raises(MMReproError, match="No complete run"):
        files.read()
    second = ran(tmp_path, memory_group)
    assert (second.returncode, second.stderr) == (0, "")
    assert [metric.value for metric in files.read()[1].metrics] == [1.0]
