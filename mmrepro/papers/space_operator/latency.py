"""Time is an action: what a flight is worth when replies take time and the craft flies on meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.environment import SpaceEnv, Waiting
from mmrepro.papers.space_operator.evaluation import row
from mmrepro.papers.space_operator.rollout import MakeEnv
from mmrepro.papers.space_operator.teacher import GAP

if TYPE_CHECKING:
    import pandas as pd

Pilot = Callable[[MakeEnv], list[dict[str, Any]]]
"""Flies its starts, always the same and in the same order: `fly_each` or `rollout` with theirs bound."""
_WAYS: tuple[Waiting, ...] = ("hold", "coast")


def sweep(
    pilot: Pilot,
    reply_times: Sequence[float],
    name: str = "PE1_E1_I3",
    **settings: Any,
) -> pd.DataFrame:
    """Fly the same starts with every reply time, holding the last burn meanwhile and coasting.

    Parameters
    ----------
    reply_times
        In s. Without any waiting both ways are one and the same, and are flown once.
    settings
        Further ones of `SpaceEnv`.

    Returns
    -------
    DataFrame
        A row a flight: reply_time, waiting, start (number), decisions, and `evaluation.row`.

    Raises
    ------
    MMReproError
        For a reply time below 0 or given twice, or none at all.
    """
    import pandas as pd

    _check(reply_times)
    rows = []
    for seconds in reply_times:
        flown: list[dict[str, Any]] | None = None
        for waiting in _WAYS:
            if flown is None or seconds > 0:
                given = {"gap": GAP} | settings | {"reply_time": seconds, "waiting": waiting}
                flown = pilot(partial(SpaceEnv, name, **given))
            keys = {"reply_time": float(seconds), "waiting": waiting}
            rows += [
                keys | {"start": start, "decisions": ended["decisions"]} | row(ended)
                for start, ended in enumerate(flown)
            ]
    return pd.DataFrame(rows)


def _check(reply_times: Sequence[float]) -> None:
    wrong = [each for each in reply_times if not 0 <= each < math.inf]
    if wrong:
        raise MMReproError(f"a reply time of {wrong[0]:g} s makes no sense; give 0 s or more.")
    if not reply_times or len(set(reply_times)) < len(reply_times):
        raise MMReproError(f"the reply times {list(reply_times)} must be at least one, each given once.")
