import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mmrepro.execution import preloader
from mmrepro.execution.preloader import PROVISIONER, warm_kernels

SOCKET, DEFAULT = "MMREPRO_WARM_SOCKET", "JUPYTER_DEFAULT_PROVISIONER_NAME"


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for name in (SOCKET, DEFAULT):
        monkeypatch.delenv(name, raising=False)


def test_the_process_starts_before_anything_of_jupyter_is_loaded():
    script = "import sys, mmrepro.execution.preloader\nprint('jupyter_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.skipif(sys.platform != "linux", reason="warm kernels need Linux")
def test_nothing_of_it_is_left_afterwards(monkeypatch):
    monkeypatch.setenv(DEFAULT, "another")
    before = dict(os.environ)
    with warm_kernels():
        assert os.environ[DEFAULT] == PROVISIONER
        folder = Path(os.environ[SOCKET]).parent
        [process] = [each for each in psutil.Process().children() if "preload.py" in " ".join(each.cmdline())]
    assert dict(os.environ) == before
    assert not folder.exists()
    assert not process.is_running()


def test_elsewhere_than_on_linux_there_is_none(monkeypatch):
    monkeypatch.setattr(preloader.sys, "platform", "darwin")
    with warm_kernels():
        assert SOCKET not in os.environ
        with pytest.raises(preloader.NoWarmKernelError, match="warm kernels need Linux"):
            preloader.address()
