import mmap
import subprocess
import sys

import psutil
import pytest

from mmrepro.execution.measure import cpu_seconds, peak_memory_mb, reset_peak_memory

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")


@LINUX
def test_an_allocation_that_is_gone_again_is_in_the_peak_until_it_is_reset():
    process = psutil.Process()
    reset_peak_memory(process)
    before = peak_memory_mb(process)
    # Mapped, for memory from the heap may be some that the process has already.
    with mmap.mmap(-1, 40 * 2**20) as block:
        block[:: mmap.PAGESIZE] = b"x" * (len(block) // mmap.PAGESIZE)
    assert peak_memory_mb(process) - before > 30
    reset_peak_memory(process)
    assert peak_memory_mb(process) - before < 30


def test_work_shows_as_cpu_seconds():
    process = psutil.Process()
    before = cpu_seconds(process)
    while cpu_seconds(process) - before < 0.05:
        sum(range(10_000))


def test_the_work_of_a_child_counts():
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    before = cpu_seconds(psutil.Process())
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as child:
        child.stdout.readline()
        assert cpu_seconds(psutil.Process()) - before > 0.25
        child.communicate(b"\n")


def test_the_work_of_a_child_that_has_ended_counts():
    before = cpu_seconds(psutil.Process())
    code = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert cpu_seconds(psutil.Process()) - before > 0.25


def test_a_process_that_ended_is_measured_as_nothing():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        child.communicate(b"\n")
    reset_peak_memory(process)
    assert (cpu_seconds(process), peak_memory_mb(process)) == (0.0, 0.0)


def test_off_linux_the_present_memory_stands_for_the_peak(monkeypatch):
    def missing(*_args, **_kwargs):
        raise FileNotFoundError

    monkeypatch.setattr("mmrepro.execution.measure.Path.read_text", missing)
    assert peak_memory_mb(psutil.Process()) == pytest.approx(
        psutil.Process().memory_info().rss / 2**20, rel=0.1
    )
