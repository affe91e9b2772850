"""A test's module as a program that trains in as many processes as asked for."""

import subprocess
import sys
from pathlib import Path

import torch
from accelerate import debug_launcher

from tests.conftest import HERE


def launch(train, count, path):
    """Call `train` with `path` in `count` processes; each keeps what it found in ``path.<its number>``."""
    if count == 1:
        train(Path(path))
    else:
        debug_launcher(train, (Path(path),), num_processes=count)


def trained(module, count, path, *words):
    """Return what each of `count` processes of a module's program has kept."""
    command = [sys.executable, "-m", module, *words, str(count), str(path)]
    done = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [torch.load(f"{path}.{process}") for process in range(count)]
