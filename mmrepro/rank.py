"""Processes that train together: which one this is, as `accelerate launch` and `torchrun` tell it."""

from __future__ import annotations

import os


def rank() -> int:
    """Return this process's number; 0 is the one that tells and keeps the results."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """Return how many processes train together; 1 where nobody launched several."""
    return int(os.environ.get("WORLD_SIZE", "1"))
