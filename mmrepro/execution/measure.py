"""What a process and its children used: CPU seconds and peak memory."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import psutil


def cpu_seconds(process: psutil.Process) -> float:
    """Return user and system seconds of `process` and its children; 0 once it has ended."""
    total, family = 0.0, [process]
    with contextlib.suppress(psutil.Error):
        family += process.children(recursive=True)
    for each in family:
        with contextlib.suppress(psutil.Error):  # a child may end between listing and asking
            times = each.cpu_times()
            # Children that have ended count too: a pool of workers is gone when its stage is.
            total += times.user + times.system + times.children_user + times.children_system
    return total


def reset_peak_memory(process: psutil.Process) -> None:
    """Start measuring the peak anew, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def peak_memory_mb(process: psutil.Process) -> float:
    """Return the peak resident memory since the last reset, in MB; off Linux, the present one."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        status = ""
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    if found:
        return int(found.group(1)) / 1024
    with contextlib.suppress(psutil.Error):
        return float(process.memory_info().rss) / 2**20
    return 0.0
