"""Which kind of device a run would choose, told without loading torch."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def device_class(asked: str) -> str:
    """Return ``cpu`` or ``cuda`` as a run would choose."""
    if asked != "auto":
        return asked
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "unset") in {"", "-1"}
    return "cuda" if _has_gpu() and not hidden else "cpu"


def _has_gpu() -> bool:
    """Look for what a driver leaves: NVIDIA's, that of Windows' Linux, AMD's; on Windows, NVIDIA's tool."""
    if sys.platform == "win32":
        return shutil.which("nvidia-smi") is not None
    return any(Path("/dev").glob("nvidia[0-9]*")) or any(map(os.path.exists, ("/dev/dxg", "/dev/kfd")))
