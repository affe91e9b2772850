"""Warm kernels, as jupyter_client starts and manages them: each is forked from the preloaded process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from mmrepro.execution.preloader import NoWarmKernelError, address

_START_S = 120.0
_LOOKS, _LOOK_S = 20, 0.005
_log = logging.getLogger(__name__)  # jupyter_client's own is silent outside a Jupyter application


class ForkedKernel:
    """What `LocalProvisioner` asks of the process it manages, for one that is no child of this process."""

    stdin = stdout = stderr = None

    def __init__(self, arguments: list[str], env: dict[str, str], cwd: str) -> None:
        """Have a kernel forked.

        Raises
        ------
        NoWarmKernelError, OSError
            When there is none to be had.
        """
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        self._lines = self._connection.makefile()
        try:
            self._connection.settimeout(_START_S)
            self._connection.connect(address())
            asked = {"arguments": arguments, "env": env, "cwd": cwd}
            with contextlib.suppress(BrokenPipeError):  # it refused before it read; the answer says why
                self._connection.sendall(json.dumps(asked).encode() + b"\n")
            answer = self._answer()
            if "pid" not in answer:
                raise NoWarmKernelError(answer.get("problem", "the preloaded process gave none"))
        except BaseException:
            self._close()
            raise
        self.pid: int = answer["pid"]

    def _answer(self) -> dict[str, Any]:
        line = self._lines.readline()
        return dict(json.loads(line)) if line else {}

    def _close(self) -> None:
        self._lines.close()
        self._connection.close()

    def poll(self) -> int | None:
        """Return the exit status, or None while the kernel runs."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            # Without an answer the process that watched the kernel was killed; the kernel follows it.
            self.returncode = self._answer().get("exit", -signal.SIGKILL)
            self._close()
        return self.returncode

    def wait(self) -> int:
        """Return the exit status, once there is one."""
        while (status := self.poll()) is None:
            select.select([self._connection], [], [])
        return status

    def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel, where it still runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signum)


class WarmProvisioner(LocalProvisioner):
    """Provisioner ``mmrepro-warm``: a forked kernel where that is safe, else a cold one and a line why."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel."""
        try:
            kernel = await asyncio.to_thread(_fork, cmd, kwargs)
        except (NoWarmKernelError, OSError) as problem:
            _log.warning("This kernel starts cold: %s.", problem)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = cast("subprocess.Popen[bytes]", kernel)
        self.pid = self.pgid = kernel.pid
        self.cwd = kwargs.get("cwd", Path.cwd())
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel, and give it a moment to end: jupyter_client looks but ten times a second."""
        await super().kill(restart)
        for _ in range(_LOOKS):
            if await self.poll() is not None:
                break
            await asyncio.sleep(_LOOK_S)


def _fork(cmd: list[str], kwargs: dict[str, Any]) -> ForkedKernel:
    if cmd[:3] != [sys.executable, "-m", "ipykernel_launcher"]:
        raise NoWarmKernelError("it is not the ipykernel of this interpreter")
    others = sorted(set(kwargs) - {"env", "cwd", "extra_arguments", "kernel_id"})
    if others:
        raise NoWarmKernelError(f"it was asked for with {', '.join(others)}")
    cwd = kwargs.get("cwd") or Path.cwd()
    return ForkedKernel(cmd[3:], kwargs.get("env") or dict(os.environ), str(cwd))
