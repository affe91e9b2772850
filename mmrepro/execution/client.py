"""A kernel client that misses no reply."""

from __future__ import annotations

import contextlib
import math
import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from traitlets import Type

_LOOK_AGAIN_S = 1.0
_SUBSCRIBED_S = 0.05  # what a kernel says before it has heard that someone listens is lost: ask again
_DONE = {"execution_state": "idle"}


class PatientChannel(AsyncZMQSocketChannel):
    """A channel that looks again every second.

    While it waits, nbclient may send on the same socket, in place of a widget's front end. ZeroMQ tells of a
    new message once, and the sending may be what is told: the cell would then wait for its reply for ever
    (jupyter/nbclient issue 312).
    """

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override]
        """Return the next message, or raise `queue.Empty` after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            try:
                return await super().get_msg(
                    _LOOK_AGAIN_S if left is None else max(0.0, min(left, _LOOK_AGAIN_S))
                )
            except Empty:
                if left is not None and left <= _LOOK_AGAIN_S:
                    raise


class PatientKernelClient(AsyncKernelClient):
    """A kernel client whose replies come through a `PatientChannel`."""

    shell_channel_class = Type(PatientChannel)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel has answered on both channels.

        jupyter_client's own then waits until it has said nothing for a fifth of a second; whoever listens
        for the outputs of a cell does not hear what belongs to earlier questions anyway.

        Raises
        ------
        RuntimeError
            When the kernel dies, or does not answer within `timeout` seconds.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        asked: set[str] = set()
        while True:
            asked.add(self.kernel_info())
            with contextlib.suppress(Empty):
                self._handle_kernel_info_reply(await _answer(self.shell_channel, asked, _LOOK_AGAIN_S))
                while (await _answer(self.iopub_channel, asked, _SUBSCRIBED_S))["content"] != _DONE:
                    pass
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")


async def _answer(channel: Any, asked: set[str], timeout: float) -> dict[str, Any]:
    """Return the next message of a channel that answers one of those `asked`."""
    while True:
        message: dict[str, Any] = await channel.get_msg(timeout=timeout)
        if message["parent_header"].get("msg_id") in asked:
            return message
