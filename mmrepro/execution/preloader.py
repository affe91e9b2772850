"""The process that warm kernels are forked from, for as long as a command or a Jupyter server needs it.

A cold kernel spends most of its first seconds on imports. Here they are paid for once a command, or once a
Jupyter server (``JUPYTER_DEFAULT_PROVISIONER_NAME=mmrepro-warm``). Linux only, and for working only:
published results come from cold kernels.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from mmrepro.execution import preload

PROVISIONER = "mmrepro-warm"
_SOCKET = "MMREPRO_WARM_SOCKET"
_starting = threading.Lock()


class NoWarmKernelError(Exception):
    """Why a kernel has to start cold."""


@contextlib.contextmanager
def warm_kernels() -> Iterator[None]:
    """Start the kernels of this process, and of those it starts, from one preloaded process."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(_variable("JUPYTER_DEFAULT_PROVISIONER_NAME", PROVISIONER))
        with contextlib.suppress(OSError, NoWarmKernelError):  # each kernel will say why it starts cold
            stack.enter_context(_preloaded_process())
        yield


@contextlib.contextmanager
def _preloaded_process() -> Iterator[None]:
    """Run the preloaded process; its socket is in a folder that only this user can enter."""
    if sys.platform != "linux":
        raise NoWarmKernelError("warm kernels need Linux")
    with tempfile.TemporaryDirectory(prefix="mmrepro-warm-") as folder:
        path = str(Path(folder) / "kernels")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()  # from here on requests wait until it has loaded
            process = subprocess.Popen(
                [sys.executable, preload.__file__, str(listener.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                # As kernels get it: readline, for one, adds to what is inherited.
                env={**preload.MEMORY_VARIABLES, **os.environ},
                pass_fds=[listener.fileno()],
                start_new_session=True,  # Ctrl-C is for the command and for the kernels it then ends
            )
        with _variable(_SOCKET, path):
            try:
                yield
            finally:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def address() -> str:
    """Return where the preloaded process listens; in a Jupyter tool, start it with the first kernel."""
    with _starting:
        if _SOCKET not in os.environ:
            stack = contextlib.ExitStack()
            stack.enter_context(_preloaded_process())
            atexit.register(stack.close)
        return os.environ[_SOCKET]
