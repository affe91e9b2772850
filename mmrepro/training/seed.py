"""Seeds: two runs with one seed are one run."""

from __future__ import annotations

import torch


def seed_everything(seed: int, threads: int = 1) -> None:
    """Seed Python, NumPy and torch, and fix what else changes a result: threads and algorithms."""
    from accelerate.utils import set_seed

    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    set_seed(seed)
