"""What a process and all that it starts use, looked at from outside."""

from __future__ import annotations

import threading
import time

import psutil


class Watch:
    """Looks at a process and its children five times a second."""

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
        while self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
            self._peak = max(self._peak, self._sum())
            time.sleep(0.2)

    def _sum(self) -> float:
        """Note everyone's CPU seconds and return the memory of all, pages they share counted once."""
        total = 0.0
        try:
            family = [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return total
        for each in family:
            try:
                times = each.cpu_times()
                self._cpu[each.pid, each.create_time()] = times.user + times.system
                total += each.memory_full_info().pss / 2**20
            except (psutil.Error, OSError):
                continue
        return total
