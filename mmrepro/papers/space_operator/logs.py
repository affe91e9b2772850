"""Logs of the real game, read: states while a person flew, decisions of a language model, published rows."""

from __future__ import annotations

import ast
import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.orbit import State
from mmrepro.papers.space_operator.score import Approach
from mmrepro.papers.space_operator.vector import Vector


@dataclass(frozen=True)
class LoggedState:
    """A moment of a flight in the real game.

    Attributes
    ----------
    throttle
        Asked for at this moment: forward, right, down.
    time
        Mission time in s.
    mass
        In kg.
    propellant
        In units.
    pursuer, evader
        In m and m/s.
    """

    throttle: Vector
    time: float
    mass: float
    propellant: float
    pursuer: State
    evader: State


@dataclass(frozen=True)
class Decision:
    """A reply of the real language model, with what it was shown where the log has it (else NaN).

    Attributes
    ----------
    distance, speed, time, propellant
        In m, m/s, s of mission time and units.
    latency
        Seconds until the reply came.
    throttle, duration
        What the reply asked for; s.
    """

    distance: float
    speed: float
    time: float
    propellant: float
    latency: float
    throttle: Vector
    duration: float

    @property
    def shown(self) -> bool:
        """Whether the log holds what the model was shown."""
        return not math.isnan(self.time)


@dataclass(frozen=True)
class PublishedRow:
    """A run in the authors' sheets."""

    scenario: str
    agent: str
    approach: Approach
    score: float


@dataclass(frozen=True)
class PromptRow:
    """What the game printed into a prompt: prograde as right, forward, down, and distances in m."""

    time: float
    prograde: Vector
    lady: float
    speed: float
    approaching: bool
    guard: float


def _rows(path: Path, needed: Iterable[str]) -> list[dict[str, str]]:
    """Read a table that must have certain columns.

    Raises
    ------
    MMReproError
        If one is missing.
    """
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise MMReproError(
                f"{path.name} lacks the column {missing[0]!r}; it is not a log that this chapter knows."
            )
        return list(reader)


def _state(row: dict[str, str], who: str) -> State:
    x, y, z, u, v, w = (float(row[f"{who}_{kind}_{axis}"]) for kind in ("pos", "vel") for axis in "xyz")
    return x, y, z, u, v, w


def read_states(path: Path) -> list[LoggedState]:
    """Read the states that the game logged while a person flew."""
    parts = [
        f"{who}_{kind}_{axis}" for who in ("pursuer", "evader") for kind in ("pos", "vel") for axis in "xyz"
    ]
    found = []
    for row in _rows(path, ("throttles", "time", "vehicle_mass", "vehicle_propellant", *parts)):
        forward, right, down = ast.literal_eval(row["throttles"])
        found.append(
            LoggedState(
                (float(forward), float(right), float(down)),
                float(row["time"]),
                float(row["vehicle_mass"]),
                float(row["vehicle_propellant"]),
                _state(row, "pursuer"),
                _state(row, "evader"),
            )
        )
    return found


def read_decisions(path: Path) -> list[Decision]:
    """Read the replies of the real language model."""
    shown = ("distance_m", "speed_mps", "mission_time_s", "propellant_units")
    asked = ("latency_s", "forward", "right", "down", "duration_s")
    found = []
    for row in _rows(path, (*shown, *asked)):
        distance, speed, time, propellant = (float(row[name] or "nan") for name in shown)
        latency, forward, right, down, duration = (float(row[name]) for name in asked)
        found.append(Decision(distance, speed, time, propellant, latency, (forward, right, down), duration))
    return found


def read_published(path: Path) -> list[PublishedRow]:
    """Read the runs of the authors' sheets."""
    parts = ("", "_speed", "_pursuer_fuel_usage", "_time")
    names = [f"closest_approach{part}" for part in parts]
    return [
        PublishedRow(
            row["scenario"],
            row["agent"],
            Approach(*(float(row[name]) for name in names)),
            float(row["weighted_score"]),
        )
        for row in _rows(path, ("scenario", "agent", "weighted_score", *names))
    ]


def read_prompts(path: Path) -> list[PromptRow]:
    """Read what the game printed into the prompts of the vision-language model."""
    numbers = (
        "mission_time_s",
        "prograde_right",
        "prograde_forward",
        "prograde_down",
        "lady_distance_m",
        "speed_mps",
        "guard_distance_m",
    )
    found = []
    for row in _rows(path, (*numbers, "lady_is")):
        time, right, forward, down, lady, speed, guard = (float(row[name]) for name in numbers)
        found.append(
            PromptRow(time, (right, forward, down), lady, speed, row["lady_is"] == "approaching", guard)
        )
    return found
