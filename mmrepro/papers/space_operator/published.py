"""Numbers that the authors and the makers of the game printed, as data."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from statistics import fmean

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.papers.space_operator.logs import PublishedRow

# SpaceGym (Allen et al., 2023), Table 1: mean closest approach in m over eight trials of the chase orbit,
# against a passive, a random and a heuristic evader.
_SPACEGYM = """
agent,passive,random,heuristic
inactive,2661,2661,2661
random,1866,1820,1884
naive,345,358,381
lambert-mpc,37.4,34.3,47.9
iLQGames,3.26,8.27,61.0
PPO,1930,2404,2346
"""

REPLY_TIMES = (5.057, 5.117, 5.083, 5.057, 5.257, 5.264)
"""Seconds a reply of the authors' vision-language agent, off its console in their video of January 2025."""
REPLY_TIME = round(fmean(REPLY_TIMES), 2)
PRINTED_PROGRADE = (-0.6085, -0.0004, 0.7935)
"""Direction of motion (right, forward, down) of LBG1_I2 before any burn, off the console in their video of
December 2025, at 10.22 s of mission time."""
MALFORMED = 7 / 40
"""Share of malformed replies in the released log of the authors' GPT-3.5 agent."""

NAIVE, ZERO_SHOT, TUNED = "naive", "zero-shot", "fine-tuned"


def spacegym_table() -> pd.DataFrame:
    """Return the closest approach in m of each published agent (rows) against each evader (columns)."""
    return pd.read_csv(io.StringIO(_SPACEGYM.strip())).set_index("agent")


def sheet(rows: Sequence[PublishedRow]) -> pd.DataFrame:
    """Tabulate the authors' runs.

    Returns
    -------
    DataFrame
        scenario, variant (as the authors call it), kind (naive, zero-shot or fine-tuned), score,
        distance, speed, propellant_kg, time.
    """
    return pd.DataFrame(
        {
            "scenario": row.scenario,
            "variant": row.agent,
            "kind": _kind(row.agent),
            "score": row.score,
            "distance": row.approach.distance,
            "speed": row.approach.speed,
            "propellant_kg": row.approach.propellant_kg,
            "time": row.approach.time,
        }
        for row in rows
    )


def _kind(agent: str) -> str:
    if agent.lower() == "naive":
        return NAIVE
    return TUNED if re.search("fine.?tun", agent, re.IGNORECASE) else ZERO_SHOT


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """Return the fine-tuned runs with `gain`: powers of ten by which they score better than the naive agent.

    The naive agent is that of the same scenario; a gain below zero is a loss.
    """
    naive = table[table["kind"] == NAIVE].set_index("scenario")["score"]
    tuned = table[table["kind"] == TUNED]
    ratio = tuned["scenario"].map(naive) / tuned["score"]
    return tuned.assign(gain=np.log10(ratio))


def levels(table: pd.DataFrame) -> dict[str, float]:
    """Return kind -> decimal logarithm of the score, mean over runs and then over scenarios."""
    logs = table.assign(level=np.log10(table["score"]))
    means = logs.groupby(["kind", "scenario"])["level"].mean().groupby("kind").mean()
    return {str(kind): float(value) for kind, value in means.items()}


def best_wins(gained: pd.DataFrame) -> int:
    """Count the scenarios in which the best of all fine-tuned runs beats the naive agent."""
    return int((gained.groupby("scenario")["gain"].max() > 0).sum())


def mean_gain(gained: pd.DataFrame, rounds: int = 4000) -> tuple[float, NDArray[np.float64]]:
    """Return the mean gain over scenarios of their mean gains, and bootstrap draws of it.

    Runs are drawn anew within each scenario: a scenario that was tried more often weighs no more.
    """
    rng = np.random.default_rng(0)
    groups = [part.to_numpy() for _, part in gained.groupby("scenario")["gain"]]
    drawn = [group[rng.integers(0, len(group), (rounds, len(group)))].mean(axis=1) for group in groups]
    return float(np.mean([group.mean() for group in groups])), np.mean(drawn, axis=0)
