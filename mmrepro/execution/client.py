"""A kernel client that misses no reply."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from traitlets import Type

_LOOK_AGAIN_S = 1.0


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
