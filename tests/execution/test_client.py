"""No reply is missed, and no time is spent on waiting for none."""

import asyncio
import time
from queue import Empty

import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import Session

from mmrepro.execution.client import PatientChannel, PatientKernelClient

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


class Channel:
    """What a kernel says on one channel, in order, when it has been asked; then nothing."""

    def __init__(self, said):
        self.said = said

    async def get_msg(self, timeout):
        if not self.said:
            await asyncio.sleep(min(timeout, 0.01))
            raise Empty
        return self.said.pop(0)


class Client(PatientKernelClient):
    """A client of a kernel that answers the questions of these numbers, of which it tells others nothing."""

    shell_channel = iopub_channel = None

    def __init__(self, answers, told, alive=True):
        super().__init__()
        self.answers, self.told, self.alive, self.questions = answers, told, alive, 0
        self.shell_channel, self.iopub_channel = Channel([]), Channel([])

    def kernel_info(self):
        self.questions += 1
        parent = {"msg_id": f"question {self.questions}"}
        if self.questions in self.answers:
            content = {"protocol_version": "5.3", "language_info": {}}
            self.shell_channel.said.append({"parent_header": parent, "content": content})
        if self.questions in self.told:
            for state in ("busy", "idle"):
                content = {"execution_state": state}
                self.iopub_channel.said.append({"parent_header": parent, "content": content})
        return parent["msg_id"]

    async def is_alive(self):
        return self.alive


@pytest.mark.parametrize(
    ("answers", "told", "questions"),
    [({1}, {1}, 1), ({3}, {3}, 3), ({1, 2}, {2}, 2), ({1, 2}, {1}, 1)],
    ids=["at once", "late", "first state lost", "once is enough"],
)
def test_a_kernel_is_ready_once_it_answers_on_both_channels(answers, told, questions):
    client = Client(answers, told)
    client.iopub_channel.said.append({"parent_header": {}, "content": {"execution_state": "starting"}})
    asyncio.run(client.wait_for_ready(timeout=30))
    assert client.questions == questions


def test_a_kernel_that_dies_is_not_waited_for():
    with pytest.raises(RuntimeError, match="Kernel died before replying"):
        asyncio.run(Client(set(), set(), alive=False).wait_for_ready(timeout=30))


def test_a_kernel_that_never_answers_is_waited_for_as_long_as_asked():
    started = time.monotonic()
    with pytest.raises(RuntimeError, match="Kernel didn't respond in 1 seconds"):
        asyncio.run(Client({1}, set()).wait_for_ready(timeout=1))
    assert 1 <= time.monotonic() - started < 3
