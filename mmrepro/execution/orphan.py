"""Ends the process that imports it when its parent is killed, in the midst of other imports too.

`multiprocessing`'s fork server looks whether its command lives only once it has imported what it was told to,
which takes seconds; told to import this first, it looks every second. What it forks has no such timer.
"""

from __future__ import annotations

import os
import signal

_PARENT = os.getppid()


def _end_if_orphaned(*_: object) -> None:
    if os.getppid() != _PARENT:
        os._exit(1)


signal.signal(signal.SIGALRM, _end_if_orphaned)
signal.setitimer(signal.ITIMER_REAL, 1, 1)
