"""Where code runs: machine, versions and commit, as a run record tells them."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from mmrepro.evidence.record import Environment
from mmrepro.project import root
from mmrepro.rank import world_size

# What a result can depend on; the lock file's hash stands for the rest.
_TOLD = ("torch", "numpy", "scipy", "scikit-learn", "pandas", "accelerate", "papermill", "mmrepro")


def describe_environment() -> Environment:
    """Describe this machine and the versions that matter."""
    return Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        device=_devices(),
        packages={name: metadata.version(name) for name in _TOLD},
    )


def describe_commit() -> tuple[str | None, bool]:
    """Return the commit of the checkout and whether it has uncommitted changes; None outside git."""
    head = _git("rev-parse", "HEAD")
    # Records and the README's scoreboard are products of runs, not causes.
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!results", ":!README.md")
    return head or None, bool(changed)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root(), capture_output=True, text=True, check=False, timeout=30
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu_model() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return " ".join(found.group(1).split()) if found else platform.processor() or platform.machine()


def _devices() -> str:
    """Name the GPU or ``cpu``, and how many processes train together where there are several."""
    return f"{world_size()} x {_accelerator_name()}" if world_size() > 1 else _accelerator_name()


def _accelerator_name() -> str:
    """Name the GPU when torch has one and is loaded; a chapter without torch does not load it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return "cpu"
