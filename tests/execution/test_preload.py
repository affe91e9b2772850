import subprocess
import sys

import pytest

from mmrepro.execution import preload


def told_by(script):
    """What a process of its own prints, and what it prints as errors."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


class TestAnEnvironment:
    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            ({"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "MMREPRO_RUNS": "b", "JPY_X": "1"}, None),
            ({"OMP_NUM_THREADS": "2", "MALLOC_TRIM_THRESHOLD_": "1"}, None),
            ({"OMP_NUM_THREADS": "2", "TZ": "CET"}, "differs from the preloaded one in TZ"),
            ({"OMP_NUM_THREADS": "2", "MPLBACKEND": "agg"}, "differs from the preloaded one in MPLBACKEND"),
            ({}, "gives no one number of threads: set OMP_NUM_THREADS"),
            ({"MKL_NUM_THREADS": "2"}, "gives no one number of threads"),
            ({"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "1"}, "gives no one number of threads"),
            ({"OMP_NUM_THREADS": "2,1"}, "gives no one number of threads"),
        ],
    )
    def test_serves_or_says_what_differs(self, asked, told):
        given = {"PATH": "/bin", "TZ": "UTC", "MMREPRO_RUNS": "a"}
        found = preload.difference(given | asked, given)
        assert found is None if told is None else told in found


def test_what_is_loaded_says_nothing_in_the_users_terminal():
    script = (
        "import os\nfrom mmrepro.execution import preload\n"
        "print(preload.preload(), flush=True)\nos._exit(0)"  # as the process ends: killed
    )
    assert told_by(script) == ("None\n", "")


def test_a_first_use_that_fails_is_told():
    script = (
        "from matplotlib.figure import Figure\nfrom mmrepro.execution import preload\npreload.MODULES = ()\n"
        "def savefig(*_, **__):\n    raise OSError('no font')\n"
        "Figure.savefig = savefig\nprint(preload.preload())"
    )
    assert told_by(script)[0] == "the first use of what it loaded failed: OSError: no font\n"


def test_a_process_with_threads_forks_nothing():
    """One check for all: a library that starts threads when it is imported."""
    script = (
        "import threading\nfrom mmrepro.execution import preload\npreload.MODULES = ()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\nprint(preload.preload())"
    )
    assert told_by(script)[0] == "the preloaded process has 2 threads, and only one survives a fork\n"
