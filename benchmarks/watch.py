"""What a process and all that it starts use, looked at from outside."""

from __future__ import annotations

import contextlib
import threading
import time

import psutil

# To count shared pages takes long and holds up those who are looked at: do it for a fortieth of the time.
_MEMORY_EVERY = 40


class Watch:
    """Looks at a process and its children five times a second, at their memory less often."""

    def __init__(self, process: psutil.Process) -> None:
        self._cpu: dict[tuple[int, float], float] = {}
        self._peak, self._process = 0.0, process
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def used(self) -> dict[str, float]:
        """Return CPU seconds, of processes that lived for a fifth of a second, and peak memory in MB."""
        self._thread.join()
        return {"cpu_s": round(sum(self._cpu.values()), 1), "peak_mb": round(self._peak)}

    def _look(self) -> None:
        due = 0.0
        while self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
            family = self._family()
            if (started := time.perf_counter()) >= due:
                self._peak = max(self._peak, sum(map(_memory_mb, family)))
                due = started + _MEMORY_EVERY * (time.perf_counter() - started)
            time.sleep(0.2)

    def _family(self) -> list[psutil.Process]:
        """Return the process and its children, and note everyone's CPU seconds."""
        family = [self._process]
        with contextlib.suppress(psutil.Error):
            family += self._process.children(recursive=True)
        for each in family:
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()
                self._cpu[each.pid, each.create_time()] = times.user + times.system
        return family


def _memory_mb(process: psutil.Process) -> float:
    """Return the memory of a process, with its part of the pages that it shares."""
    with contextlib.suppress(psutil.Error, OSError):
        return float(process.memory_full_info().pss) / 2**20
    return 0.0
