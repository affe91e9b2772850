"""Parts of a run that wait for nothing, so that they can be worked on side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from mmrepro.papers.space_operator.agents import (
    Agent,
    Expert,
    Inactive,
    LambertMPC,
    Naive,
    Navball,
    Prograde,
    Random,
)
from mmrepro.papers.space_operator.bandit import WideBerth, guarded_starts, raids
from mmrepro.papers.space_operator.evaluation import (
    EVADING,
    PASSIVE,
    agent_table,
    game_starts,
    malformed_table,
    misread,
    scene,
)
from mmrepro.papers.space_operator.eye import ReaderSettings, teach
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.latency import sweep
from mmrepro.papers.space_operator.prompt import DURATION
from mmrepro.papers.space_operator.published import MALFORMED, REPLY_TIME
from mmrepro.papers.space_operator.rollout import fly_each
from mmrepro.papers.space_operator.settings import Settings
from mmrepro.papers.space_operator.teacher import random_starts
from mmrepro.training.parallel import Each

SCENARIOS = {
    "passive": PASSIVE,
    "random bursts": "PE1_E2_I3",
    "evading": EVADING,
    "prograde": "PE1_E4_I3",
}
BRISK = 2.0
"""A reply time in s that is well below the real model's; it is always among those tried, as that is."""
DRAWN = "passive, drawn starts"
Part = Callable[[], Any]


def agents(seed: int) -> list[Agent]:
    """Make every agent that flies without learning."""
    return [Inactive(), Random(seed), Naive(), Prograde(), Navball(DURATION), Expert(), LambertMPC()]


def parts(settings: Settings, late: float) -> dict[str, Part]:
    """Name the parts: the eye that is taught, and tables of flights of agents that do not learn.

    Parameters
    ----------
    late
        Share of the moments in which the game reads the target late.
    """
    seed, until = settings.seeds[0], settings.timeout
    game, drawn = game_starts(settings.flights, seed), random_starts(settings.flights, seed)
    scenes = {name: scene(scenario, until) for name, scenario in SCENARIOS.items()}
    eye = ReaderSettings(settings.eye_pictures, settings.size, settings.width, settings.eye_epochs)
    flown_by = {agent.name: agent for agent in (Naive(), Navball(DURATION), Expert(), WideBerth())}
    guarded = guarded_starts(settings.flights, seed)
    return {
        "eye": partial(teach, eye, seed, settings.device),
        "agents": partial(agent_table, agents(seed), scenes, game),
        "drawn": partial(agent_table, agents(seed), {DRAWN: scenes["passive"]}, drawn),
        "latency": partial(
            sweep,
            partial(fly_each, Navball(DURATION), game),
            sorted({*settings.reply_times, BRISK, REPLY_TIME}),
            rules=Rules(timeout=until),
        ),
        "malformed": partial(
            malformed_table, Navball(DURATION), sorted({*settings.spoilt, MALFORMED}), game, scenes["passive"]
        ),
        "misread": partial(misread, Naive(), game, late, until),
        "raids": partial(
            raids,
            {name: partial(fly_each, agent, guarded) for name, agent in flown_by.items()},
            rules=Rules(timeout=until),
        ),
    }


def work(part: Part) -> Any:
    """Do one part."""
    return part()


def all_done(settings: Settings, late: float, each: Each) -> dict[str, Any]:
    """Do all parts; `each` decides in how many processes."""
    found = parts(settings, late)
    return dict(zip(found, each(work, list(found.values())), strict=True))
