"""What flights are worth: agents over many starts, operators by seed, and differences paired by start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.papers.space_operator.agents import Agent, Naive, fly
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.logs import PublishedRow
from mmrepro.papers.space_operator.malformed import Spoken
from mmrepro.papers.space_operator.rollout import MakeEnv, fly_each
from mmrepro.papers.space_operator.teacher import GAP, Start, random_starts

PASSIVE, EVADING = "PE1_E1_I3", "PE1_E3_I3"
"""Where comparisons are flown: an evader that never burns, and one that burns as the pursuer comes near."""
GAME, DRAWN = "the game's start", "drawn starts"
FIRST_PASS_S = 150.0
"""Mission time in s before which the authors' naive run of I3 came closest; a second pass follows here."""


def game_starts(count: int, seed: int) -> list[Start]:
    """Start where the game does, with any roll: the one thing that the scenario leaves open."""
    rolls = np.random.default_rng(seed).uniform(-np.pi, np.pi, count)
    return [{"roll": roll} for roll in rolls.tolist()]


def mixed_starts(count: int, seed: int) -> list[tuple[str, Start]]:
    """Return half of each: (where from, start)."""
    half = count // 2
    game = [(GAME, start) for start in game_starts(count - half, seed)]
    return game + [(DRAWN, start) for start in random_starts(half, seed)]


def row(ended: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a flight came to: score as the game has it, its decimal logarithm, and both distances.

    Scores span four powers of ten, so that a mean of them is the mean of the flights that went astray.
    """
    closest = ended["closest_approach"]
    return {
        "score": ended["score"]["sampled"],
        "log10 score": float(np.log10(ended["score"]["sampled"])),
        "sampled": closest["sampled"].distance,
        "true": closest["true"].distance,
        "propellant_kg": closest["sampled"].propellant_kg,
        "captured": ended["captured"],
    }


def scene(name: str, timeout: float = Rules.timeout, **settings: Any) -> MakeEnv:
    """Make environments as all flights of the chapter have them; they end at `timeout`, in s."""
    return partial(SpaceEnv, name, gap=GAP, rules=Rules(timeout=timeout), **settings)


def agent_table(
    agents: Sequence[Agent], scenarios: Mapping[str, MakeEnv], starts: Sequence[Start]
) -> pd.DataFrame:
    """Fly every agent in every scenario from the same starts: agent, scenario, start, and `row`."""
    return pd.DataFrame(
        {"agent": agent.name, "scenario": name, "start": number} | row(ended)
        for name, make_env in scenarios.items()
        for agent in agents
        for number, ended in enumerate(fly_each(agent, starts, make_env))
    )


def paired(table: pd.DataFrame, by: str, first: Any, second: Any, column: str) -> NDArray[np.float64]:
    """Return first minus second of a column, start by start."""
    wide = table.pivot(index="start", columns=by, values=column)
    return np.asarray(wide[first] - wide[second], dtype=float)


def naive_table(published: Sequence[PublishedRow]) -> pd.DataFrame:
    """Fly the naive agent as the authors did: what they report and what comes out here.

    Returns
    -------
    DataFrame
        scenario, quantity (distance, speed, propellant, time), unit, real, ours, and deviation (%).
    """
    rows = []
    for given in published:
        if given.agent.lower() != "naive":
            continue
        first = given.scenario.upper().endswith("I3")
        rules = Rules(timeout=FIRST_PASS_S) if first else Rules()
        ours = fly(SpaceEnv(given.scenario, gap=GAP, rules=rules), Naive())["closest_approach"]["true"]
        for quantity, unit, real, found in zip(
            ("distance", "speed", "propellant", "time"),
            ("m", "m/s", "kg", "s"),
            given.approach,
            ours,
            strict=True,
        ):
            rows.append(
                {"scenario": given.scenario, "quantity": quantity, "unit": unit, "real": real, "ours": found,
                 "deviation": 100 * (found / real - 1)}
            )  # fmt: skip
    return pd.DataFrame(rows)


def misread(
    agent: Agent, starts: Sequence[Start], share: float, timeout: float = Rules.timeout
) -> pd.DataFrame:
    """Fly with and without a share of late reads: late (whether), start, and `row`."""
    return pd.DataFrame(
        {"late": late > 0, "start": number} | row(ended)
        for late in (0.0, share)
        for number, ended in enumerate(fly_each(agent, starts, scene(PASSIVE, timeout, late_reads=late)))
    )


def malformed_table(
    agent: Agent, shares: Iterable[float], starts: Sequence[Start], make_env: MakeEnv
) -> pd.DataFrame:
    """Fly an agent some of whose replies cannot be read, holding the last burn: share, start, and `row`."""
    return pd.DataFrame(
        {"share": share, "start": number} | row(ended)
        for share in shares
        for number, ended in enumerate(fly_each(Spoken(agent, share), starts, make_env))
    )


def means(flights: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the mean over starts of each column by system and seed, as a chapter measures them."""
    found = flights.groupby(["system", "seed"], sort=False)[list(columns)].mean().reset_index()
    tidy = found.melt(["system", "seed"], var_name="metric")
    return [{str(key): value for key, value in each.items()} for each in tidy.to_dict("records")]
