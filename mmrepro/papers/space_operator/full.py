"""Real weights in closed loop: a model of the Qwen2-VL class untuned, shown examples, and tuned.

How long a reply takes on the device at hand is measured, and the flights are flown a second time with the
replies that late: so speed counts in the score.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.bandit import guarded_starts
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.evaluation import row
from mmrepro.papers.space_operator.pilot import Pilot
from mmrepro.papers.space_operator.policy import Senses
from mmrepro.papers.space_operator.prompt import line
from mmrepro.papers.space_operator.rollout import MakeEnv, replies, rollout
from mmrepro.papers.space_operator.scenario import scenario
from mmrepro.papers.space_operator.teacher import (
    GAP,
    Decisions,
    DemonstrationSettings,
    Start,
    demonstrate,
    random_starts,
)
from mmrepro.papers.space_operator.vlm import VisionLanguageModel, load_model
from mmrepro.papers.space_operator.wording import OURS, Wording, read_wording
from mmrepro.training.loop import TrainingSettings

Rows = list[dict[str, Any]]
Load = Callable[[Path, str], VisionLanguageModel]
_WARM_UP = 2
_GUARDED_SECTIONS = ("LBG_SYSTEM_PROMPT", "LBG_USER_PROMPT")


class Arm(NamedTuple):
    """A way to prepare the model.

    Attributes
    ----------
    senses
        What it is given.
    shown
        Whether examples are told before each question.
    tuned
        Whether adapters are tuned.
    authors
        Whether it is told in the authors' words.
    """

    senses: Senses
    shown: bool = False
    tuned: bool = False
    authors: bool = False


ARMS = {
    "zero-shot, text": Arm("text"),
    "zero-shot, text, authors' words": Arm("text", authors=True),
    "zero-shot, both": Arm("both"),
    "few-shot, both": Arm("both", shown=True),
    "tuned, text": Arm("text", tuned=True),
    "tuned, picture": Arm("picture", tuned=True),
    "tuned, both": Arm("both", tuned=True),
}
Count = Annotated[int, Field(ge=1)]


class PilotSettings(BaseModel):
    """How real weights are tuned and flown; the paper tells none of these values.

    Attributes
    ----------
    scenario
        Flown from `starts` starts: random ones, or in LBG1 those of `bandit.guarded_starts`, where the
        decisions are still those of PE1.
    decisions
        Of the teacher, to tune on and to draw examples from.
    size
        Of a picture in pixels.
    shots
        Examples told to the arm that is shown some.
    rank
        Of the adapters.
    replies
        Over which the time of a reply is measured.
    most
        Tokens of a free reply.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seeds: tuple[int, ...] = (0, 1, 2)
    scenario: str = "PE1_E1_I3"
    starts: Count = 8
    decisions: Count = 4000
    size: Count = 448
    shots: Count = 4
    rank: Count = 16
    replies: Count = 32
    most: Count = 16
    device: str = "auto"
    training: TrainingSettings = TrainingSettings(
        epochs=2, lr=1e-4, batch_size=1, accumulate=32, clip_norm=1.0, warm_up=0.03
    )


class ReplyTime(NamedTuple):
    """Seconds from an observation to the reply: half of them take less, and nine in ten."""

    median: float
    p90: float


def reply_time(
    pilot: Pilot, count: int, make_env: MakeEnv, start: Start | None = None, *, free: bool = False
) -> ReplyTime:
    """Measure how long a pilot takes, drawing the picture included, after two replies to warm up.

    Raises
    ------
    MMReproError
        For no replies.
    """
    if count < 1:
        raise MMReproError(f"the time of a reply cannot be measured over {count} replies; give at least one.")
    env, seconds = make_env(), []
    for number in range(_WARM_UP + count):
        if number == 0 or env.flight.over:
            env.reset(seed=0, options=start)
        began = _now()
        replies(pilot, [env.flight], free=free, describe=line)
        seconds.append(_now() - began)
        env.step((1.0, 0.0, 0.0, 0.5))
    median, p90 = np.quantile(seconds[_WARM_UP:], [0.5, 0.9]).tolist()
    return ReplyTime(median, p90)


def _now() -> float:
    """Read the clock once the device has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def flown(pilot: Pilot, starts: Sequence[Start], name: str, count: int = 32, *, free: bool = False) -> Rows:
    """Fly every start with replies at once, and again with replies as late as they are on this device.

    Parameters
    ----------
    name
        Of the scenario.
    count
        Replies over which their time is measured.

    Returns
    -------
    list of dict
        metric, value: "log10 score", "closest approach" (m), both as the game samples them and averaged
        over starts, and "malformed" (% of the replies), each with "replies at once" and with "late
        replies" behind it; and "reply time" and "reply time, p90" (s).
    """
    make_env = partial(SpaceEnv, name, gap=GAP)
    taken = reply_time(pilot, count, make_env, starts[0], free=free)
    rows: Rows = [
        {"metric": "reply time", "value": taken.median},
        {"metric": "reply time, p90", "value": taken.p90},
    ]
    for told, seconds in (("replies at once", 0.0), ("late replies", taken.median)):
        ended = rollout(pilot, starts, partial(make_env, reply_time=seconds), free=free, describe=line)
        flights = [row(each) for each in ended]
        malformed = sum(each["malformed"] for each in ended) / sum(each["decisions"] for each in ended)
        found = {
            "log10 score": np.mean([each["log10 score"] for each in flights]),
            "closest approach": np.mean([each["sampled"] for each in flights]),
            "malformed": 100 * malformed,
        }
        rows += [{"metric": f"{name}, {told}", "value": float(value)} for name, value in found.items()]
    return rows


def make_pilot(
    arm: Arm,
    model: VisionLanguageModel,
    decisions: Decisions,
    settings: PilotSettings,
    seed: int,
    wording: Wording,
) -> Pilot:
    """Prepare a model as an arm says, tuning it where it is to be tuned."""
    shots = settings.shots if arm.shown else 0
    pilot = Pilot(
        model,
        arm.senses,
        wording=wording,
        size=settings.size,
        decisions=decisions,
        shots=shots,
        seed=seed,
        most=settings.most,
    )
    if arm.tuned:
        pilot.tune(decisions, settings.training, seed=seed, rank=settings.rank, device=settings.device)
    return pilot


def compare(
    weights: Path, settings: PilotSettings, *, prompts: Path | None = None, load: Load = load_model
) -> Rows:
    """Fly all arms with every seed and both ways of decoding.

    Parameters
    ----------
    weights
        The `config.json` beside weights and processor.
    prompts
        The file of the authors' templates; without it nobody is told their words.
    load
        Reads a model for a device.

    Returns
    -------
    list of dict
        system (with "any words" behind it where a reply is not held to the 27 actions), seed, and what
        `flown` returns.
    """
    device = "cuda" if torch.cuda.is_available() and settings.device != "cpu" else "cpu"
    guarded = scenario(settings.scenario).guarded
    sections = _GUARDED_SECTIONS if guarded else ()
    theirs = read_wording(prompts, *sections) if prompts is not None else OURS
    rows: Rows = []
    for seed in settings.seeds:
        decisions = demonstrate(settings.decisions, seed, DemonstrationSettings(size=settings.size))
        starts = (guarded_starts if guarded else random_starts)(settings.starts, seed)
        for system, arm in ARMS.items():
            if arm.authors and prompts is None:
                continue
            told = theirs if arm.authors else OURS
            pilot = make_pilot(arm, load(weights, device), decisions, settings, seed, told)
            for free in (False, True):
                keys = {"system": f"{system}, any words" if free else system, "seed": seed}
                found = flown(pilot, starts, settings.scenario, settings.replies, free=free)
                rows += [keys | each for each in found]
    return rows
