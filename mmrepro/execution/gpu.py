"""What this process used of the GPUs: memory and energy."""

from __future__ import annotations

import sys
from typing import Any


def peak_mb() -> float | None:
    """Return the peak of GPU memory since it was last asked for; None where CUDA is not in use."""
    torch = _torch()
    if torch is None or not torch.cuda.is_initialized():
        return None
    peak: float = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return round(peak, 1)


def energy_j() -> float | None:
    """Return the joules that all visible GPUs used since their driver was loaded, whoever used them.

    None where that cannot be told: without CUDA, without NVML's bindings (package ``nvidia-ml-py``), or
    on a GPU without a counter (before Volta, or a slice of one).
    """
    torch = _torch()
    if torch is None:
        return None
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        devices = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
        handles = [pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{each.uuid}") for each in devices]
        return float(sum(map(pynvml.nvmlDeviceGetTotalEnergyConsumption, handles))) / 1000
    except pynvml.NVMLError:
        return None


def _torch() -> Any:
    """Return torch where it is loaded and sees a GPU; never load it."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and torch.cuda.is_available() else None
