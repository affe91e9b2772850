"""Work in a process of its own may fail in any way."""

import os
import signal
import sys
import time

from isolated import isolated

from mmrepro.errors import MMReproError


def two_rows(number):
    yield {"number": number}
    yield {"process": os.getpid()}


def imported_here(name):
    yield {"here": name in sys.modules}


def broken(error):
    yield {"done": 1}
    raise error


def killed():
    yield {"done": 1}
    os.kill(os.getpid(), signal.SIGKILL)


def endless():
    yield {"done": 1}
    time.sleep(60)


def test_rows_arrive_from_another_process():
    first, second = isolated(two_rows, 7, within=30)
    assert first == {"number": 7}
    assert second["process"] != os.getpid()


def test_beside_a_gpu_a_process_starts_afresh(monkeypatch):
    assert list(isolated(imported_here, "pytest", within=30)) == [{"here": True}]
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert list(isolated(imported_here, "pytest", within=120)) == [{"here": False}]


def test_an_error_is_a_last_row_with_its_sentence():
    ours = list(isolated(broken, MMReproError("It has no step."), within=30))
    assert ours == [{"done": 1}, {"left_out": "It has no step."}]
    assert list(isolated(broken, ValueError("bad\nvalue"), within=30))[1] == {"left_out": "ValueError: bad"}
    assert list(isolated(broken, KeyError(), within=30))[1] == {"left_out": "KeyError: it says no more"}


def test_a_process_that_dies_says_so():
    assert list(isolated(killed, within=30)) == [
        {"done": 1},
        {"left_out": "Its process died (exit code -9)."},
    ]


def test_a_process_that_does_not_end_is_stopped():
    began = time.monotonic()
    rows = list(isolated(endless, within=1.0))
    assert rows == [{"done": 1}, {"left_out": "Stopped: it had not ended after 1 s."}]
    assert time.monotonic() - began < 10
