"""What an operator learns from: moments of flights, and what the teacher would have done in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mmrepro.papers.space_operator.action import read_action
from mmrepro.papers.space_operator.agents import Agent, Navball
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Flight
from mmrepro.papers.space_operator.picture import SIZE, Picture, picture
from mmrepro.papers.space_operator.prompt import DURATION, telemetry, told
from mmrepro.papers.space_operator.scenario import random_start

GAP = 0.04
"""Seconds without thrust after each burn."""
Start = dict[str, Any]
"""Options of `SpaceEnv.reset`: states and roll."""


class Decisions(NamedTuple):
    """Moments of flights.

    Attributes
    ----------
    pictures
        Shape (moments, size, size, 3).
    lines
        The telemetry of each.
    replies
        The teacher's, three words each.
    """

    pictures: Picture
    lines: list[str]
    replies: list[str]


def joined(one: Decisions, other: Decisions) -> Decisions:
    """Return the moments of both, as a round of DAgger needs."""
    pictures = np.concatenate([one.pictures, other.pictures])
    return Decisions(pictures, one.lines + other.lines, one.replies + other.replies)


class DemonstrationSettings(BaseModel):
    """How demonstrations are flown.

    Attributes
    ----------
    scenarios
        Of which each flight takes one.
    noise
        Share of all burns that are random, in bursts: so the data also hold moments which the teacher
        would not have come to. Their label is what the teacher would have done.
    longest
        Burns of a burst, at most.
    every
        One moment in this many is kept; neighbours tell nearly the same.
    size
        Of a picture in pixels.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenarios: tuple[str, ...] = ("PE1_E1_I3", "PE1_E1_I3", "PE1_E3_I3")
    noise: float = Field(default=0.2, ge=0, lt=1)
    longest: int = Field(default=6, ge=1)
    every: int = Field(default=3, ge=1)
    size: int = SIZE


class Recorder:
    """Keeps moments of flights with the reply of a teacher that flies without memory."""

    def __init__(self, teacher: Agent, size: int = SIZE) -> None:
        self._teacher, self._size = teacher, size
        self._pictures: list[Picture] = []
        self._lines: list[str] = []
        self._replies: list[str] = []

    def __len__(self) -> int:
        return len(self._lines)

    def __call__(self, flight: Flight) -> None:
        """Note the moment."""
        self._replies.append(told(read_action(self._teacher.act(flight)).vector))
        self._lines.append(telemetry(flight).line())
        self._pictures.append(picture(flight, self._size))

    def decisions(self) -> Decisions:
        """Return all moments so far."""
        shape = (0, self._size, self._size, 3)
        kept = np.stack(self._pictures) if self._pictures else np.zeros(shape, np.uint8)
        return Decisions(kept, list(self._lines), list(self._replies))


def random_starts(count: int, seed: int) -> list[Start]:
    """Draw starts around the evader, 0.8 to 4 km from it, with any roll."""
    rng = np.random.default_rng(seed)
    return [{"states": random_start(rng), "roll": float(rng.uniform(-np.pi, np.pi))} for _ in range(count)]


def demonstrate(
    count: int, seed: int, settings: DemonstrationSettings | None = None, teacher: Agent | None = None
) -> Decisions:
    """Fly the teacher from random starts until `count` moments are kept.

    Parameters
    ----------
    teacher
        An agent of full throttles or none; the navball bot if none is given.
    """
    told_by, asked = teacher or Navball(DURATION), settings or DemonstrationSettings()
    rng, recorder = np.random.default_rng(seed), Recorder(told_by, asked.size)
    while len(recorder) < count:
        env = SpaceEnv(str(rng.choice(asked.scenarios)), gap=GAP)
        (start,) = random_starts(1, int(rng.integers(2**32)))
        env.reset(seed=int(rng.integers(2**32)), options=start)
        told_by.begin(env.flight)
        number, bursts = int(rng.integers(asked.every)), _bursts(asked, rng)
        while not env.flight.over and len(recorder) < count:
            if number % asked.every == 0:
                recorder(env.flight)
            burst = next(bursts)
            env.step(told_by.act(env.flight) if burst is None else burst)
            number += 1
    return recorder.decisions()


def _bursts(
    settings: DemonstrationSettings, rng: np.random.Generator
) -> Iterator[tuple[float, float, float, float] | None]:
    """Yield a burn of a random burst, or None where the teacher flies, for ever."""
    mean = (1 + settings.longest) / 2
    # A burst begins so often that the share of random burns comes out as asked.
    chance = settings.noise / (settings.noise + mean * (1 - settings.noise))
    while True:
        if rng.random() >= chance:
            yield None
            continue
        forward, right, down = rng.integers(-1, 2, 3).tolist()
        yield from [(forward, right, down, DURATION)] * int(rng.integers(1, settings.longest + 1))


def majority(decisions: Decisions) -> float:
    """Return the share of the most common reply, which is what an operator who looks at nothing can reach."""
    _, counts = np.unique(decisions.replies, return_counts=True)
    return float(counts.max() / counts.sum())
