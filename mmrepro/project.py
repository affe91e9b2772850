"""Where the project's folders are."""

from __future__ import annotations

import os
from pathlib import Path

from mmrepro.errors import MMReproError

ROOT_VARIABLE = "MMREPRO_ROOT"


def root() -> Path:
    """Return the checkout that holds the notebooks, manifests and results.

    ``MMREPRO_ROOT`` names it outright; otherwise it is the folder above the package, as in an
    editable install from a clone.

    Raises
    ------
    MMReproError
        When no such folder is there.
    """
    named = os.environ.get(ROOT_VARIABLE)
    folder = Path(named).expanduser().resolve() if named else Path(__file__).resolve().parents[1]
    if not (folder / "data_manifests").is_dir():
        raise MMReproError(
            f"No mmrepro checkout at {folder} (it has no data_manifests/); clone the repository, "
            f"install it with `pip install -e .`, or set {ROOT_VARIABLE} to the clone."
        )
    return folder


def results_dir() -> Path:
    """Return the folder of committed run records."""
    return root() / "results"


def runs_dir() -> Path:
    """Return the folder of this machine's runs: ``MMREPRO_RUNS``, or ``_build/runs``."""
    named = os.environ.get("MMREPRO_RUNS")
    return Path(named).expanduser().resolve() if named else root() / "_build" / "runs"
