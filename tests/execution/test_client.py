"""A reply that comes while something is sent on the same socket is not missed."""

import asyncio
import time
from queue import Empty

import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import Session

from mmrepro.execution.client import PatientChannel

pytestmark = pytest.mark.loopback


async def reply_beside_a_send(channel_class, folder, wait_s):
    """Let a reply arrive, and send in the same turn of the loop, which takes the news of it."""
    context = zmq.asyncio.Context()
    address = f"ipc://{folder}/shell"
    kernel = zmq.Context.instance().socket(zmq.ROUTER)
    kernel.bind(address)
    dealer = context.socket(zmq.DEALER)
    dealer.connect(address)
    session = Session(key=b"")
    channel = channel_class(dealer, session)
    try:
        session.send(dealer, "execute_request", {})
        identity = kernel.recv_multipart()[0]
        waiting = asyncio.ensure_future(channel.get_msg(timeout=None))
        await asyncio.sleep(0.1)
        session.send(kernel, "execute_reply", {}, ident=identity)
        time.sleep(0.1)  # the reply is there, and the loop has not looked yet
        session.send(dealer, "comm_msg", {})  # as nbclient does for an Output widget
        return await asyncio.wait_for(waiting, wait_s)
    finally:
        channel.close()
        kernel.close(linger=0)
        context.term()


def test_a_reply_that_comes_with_a_send_is_found(tmp_path):
    found = asyncio.run(reply_beside_a_send(PatientChannel, tmp_path, 10))
    assert found["msg_type"] == "execute_reply"


def test_the_time_to_wait_is_kept(tmp_path):
    async def silence(timeout):
        context = zmq.asyncio.Context()
        channel = PatientChannel(context.socket(zmq.DEALER), Session(key=b""))
        channel.socket.connect(f"ipc://{tmp_path}/nobody")
        try:
            await channel.get_msg(timeout=timeout)
        finally:
            channel.close()
            context.term()

    for timeout in (0, 0.2, 1.3):
        started = time.monotonic()
        with pytest.raises(Empty):
            asyncio.run(silence(timeout))
        assert timeout <= time.monotonic() - started < timeout + 1
