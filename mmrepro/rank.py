"""Processes that train together: which one this is, as `accelerate launch` and `torchrun` tell it."""

from __future__ import annotations

import os

from mmrepro.errors import MMReproError


def rank() -> int:
    """Return this process's number; 0 is the one that tells and keeps the results."""
    return _number("RANK", 0, least=0)


def world_size() -> int:
    """Return how many processes train together; 1 where nobody launched several."""
    return _number("WORLD_SIZE", 1, least=1)


def _number(variable: str, otherwise: int, least: int) -> int:
    told = os.environ.get(variable, str(otherwise))
    if not told.isdecimal() or int(told) < least:
        raise MMReproError(
            f"{variable} is {told!r}, but launchers set it to a whole number from {least}; unset it."
        )
    return int(told)
