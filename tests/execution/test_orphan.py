"""A process that forks others ends with its command, even in the midst of its imports."""

import subprocess
import sys
import time

import psutil

from mmrepro.execution.runner import _new_process

SERVER = "import mmrepro.execution.orphan, time; print('ready', flush=True); time.sleep(60)"
COMMAND = f"""
import subprocess, sys, time
server = subprocess.Popen([sys.executable, "-c", {SERVER!r}], stdout=subprocess.PIPE)
server.stdout.readline()
print(server.pid, flush=True)
time.sleep(60)
"""


def test_it_lives_as_long_as_its_parent_and_no_longer():
    with subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, text=True) as command:
        server = psutil.Process(int(command.stdout.readline()))
        time.sleep(2.5)  # it has looked twice
        lived = server.is_running()
        command.kill()
        _, alive = psutil.wait_procs([server], timeout=10)
        for process in alive:
            process.kill()
    assert lived
    assert not alive


def test_what_forks_the_processes_of_jobs_imports_it():
    with _new_process() as process:
        assert process.submit(eval, "'mmrepro.execution.orphan' in __import__('sys').modules").result()
