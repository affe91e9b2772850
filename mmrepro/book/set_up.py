"""The first cell of a launchable notebook: it gets what is missing where the package is not there yet.

It stands alone, imports nothing of the project, and its syntax is that of older Pythons too, which it
tells apart.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
CHECKOUT = "mmrepro-checkout"
MINUTES = 5  # from an empty environment to the end of pip, over a fast network
DISK_GB = 9  # what the lock file's packages take
# The notebook server and this kernel run on these: they stay as they are.
KEPT = (
    "ipykernel",
    "ipython",
    "jupyter-client",
    "jupyter-core",
    "jupyter-server",
    "pyzmq",
    "tornado",
    "traitlets",
)


class SetUpError(Exception):
    """What went wrong, in one sentence."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence without a stack trace in IPython."""
        return [f"{type(self).__name__}: {self}"]


def set_up(url: str, branch: str) -> None:
    """Clone the repository and install its lock files, unless the package can be imported.

    Raises
    ------
    SetUpError
        When Python is too old, the disk too full, git or pip fails, or the kernel must be restarted.
    """
    found = importlib.util.find_spec("mmrepro")
    if found and found.origin:  # a mere folder of that name has none
        print("mmrepro is here; nothing to do.")
        return
    if sys.version_info < OLDEST:
        raise SetUpError(
            f"This kernel runs Python {sys.version_info[0]}.{sys.version_info[1]}, and mmrepro needs "
            f"{OLDEST[0]}.{OLDEST[1]} or newer; choose a newer kernel."
        )
    checkout = Path.cwd() / CHECKOUT
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    if free_gb < DISK_GB:
        raise SetUpError(f"{free_gb:.0f} GB of disk are free here, and mmrepro needs {DISK_GB} GB.")
    print(
        f"mmrepro is not here. This cell clones {url} into {checkout} and installs the packages of its lock "
        f"files into {sys.prefix}: about {MINUTES} minutes and {DISK_GB} GB of disk, once."
    )
    before = loaded_packages()
    clone(url, branch, checkout)
    install(checkout)
    importlib.invalidate_caches()
    sys.path.insert(0, str(checkout))  # this process does not see an editable install; the next one does
    after = loaded_packages()
    changed = sorted(name for name in before if after.get(name) != before[name])
    if changed:
        raise SetUpError(
            f"All is installed, but this kernel still has other versions of {', '.join(changed)}; restart "
            "it and run the cells from the top."
        )
    print("All is installed.")


def loaded_packages() -> dict[str, str]:
    """Return the installed version of every package that this kernel has imported."""
    from importlib import metadata

    names = {
        name
        for module, owners in metadata.packages_distributions().items()
        if module in sys.modules
        for name in owners
    }
    return {name: metadata.version(name) for name in names}


def clone(url: str, branch: str, checkout: Path) -> None:
    """Clone the branch's last commit, whole or not at all."""
    if checkout.is_dir():
        return
    part = checkout.with_name(f"{checkout.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    run("git", "clone", "--quiet", "--depth", "1", "--branch", branch, url, str(part))
    part.rename(checkout)


def install(checkout: Path) -> None:
    """Install what the lock files name, then the package; the lock is whole, so nothing is resolved."""
    locked = (checkout / "requirements.lock").read_text().splitlines()
    chosen = checkout / "_build" / "set-up.lock"
    chosen.parent.mkdir(exist_ok=True)
    chosen.write_text("\n".join(line for line in locked if re.split("[=<> ]", line)[0] not in KEPT) + "\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    run(*pip, "--requirement", str(chosen))
    run(*pip, "--requirement", str(checkout / "requirements.no-deps.lock"))
    run(*pip, "--editable", str(checkout))


def run(*command: str) -> None:
    """Run one command and say so; its output matters only when it fails."""
    print("$", *command, flush=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SetUpError(f"{command[0]} is not installed here; install it and run this cell again.") from None
    if done.returncode:
        told = " ".join((done.stderr or done.stdout).split())[-400:]
        raise SetUpError(f"`{' '.join(command)}` failed: {told or 'it gave no reason'}")
