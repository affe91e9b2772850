"""Flights written down: where the craft is at every decision, what it does, and what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mmrepro.papers.space_operator.action import read_action
from mmrepro.papers.space_operator.agents import Agent, Told, fly, view
from mmrepro.papers.space_operator.craft import LIMITS
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Flight
from mmrepro.papers.space_operator.frames import hill_state
from mmrepro.papers.space_operator.picture import Picture, picture
from mmrepro.papers.space_operator.policy import Look
from mmrepro.papers.space_operator.prompt import Interpreter
from mmrepro.papers.space_operator.rollout import IN_TURN, MakeEnv, Replies, Sight, rollout
from mmrepro.papers.space_operator.teacher import Start
from mmrepro.papers.space_operator.vector import ZERO, Vector


class Track(NamedTuple):
    """A flight.

    Attributes
    ----------
    moments
        A row a decision, and one for the end: time (s of mission time); radial, along and normal (m from
        the target, in its rotating frame); distance (m), speed (m/s), propellant_kg (burnt so far), score
        (so far, as the game measures); forward, right and down (throttles decided on).
    pictures
        Of the same moments, (moments, size, size, 3).
    """

    moments: pd.DataFrame
    pictures: Picture


class Tracker:
    """Writes flights down.

    Parameters
    ----------
    size
        Of pictures in pixels; none are drawn without.
    """

    def __init__(self, size: int | None = None) -> None:
        self._size = size
        self._flights: list[Flight] = []
        self._rows: list[list[dict[str, float]]] = []
        self._pictures: list[list[Picture]] = []

    def see(self, flight: Flight, throttle: Vector = ZERO) -> None:
        """Note a moment of a flight."""
        if not any(flight is each for each in self._flights):
            self._flights.append(flight)
            self._rows.append([])
            self._pictures.append([])
        number = next(n for n, each in enumerate(self._flights) if each is flight)
        self._rows[number].append(
            moment(flight) | dict(zip(("forward", "right", "down"), throttle, strict=True))
        )
        if self._size is not None:
            self._pictures[number].append(picture(flight, self._size))

    def tracks(self) -> list[Track]:
        """Return every flight seen, and where it stands now."""
        for flight in self._flights:
            self.see(flight)
        size = self._size or 0
        return [
            Track(
                pd.DataFrame(rows), np.stack(seen) if seen else np.zeros((len(rows), size, size, 3), np.uint8)
            )
            for rows, seen in zip(self._rows, self._pictures, strict=True)
        ]


def moment(flight: Flight) -> dict[str, float]:
    """Return where a flight stands."""
    seen = view(flight)
    radial, along, normal, *_ = hill_state(flight.agent.state, flight.target.state)
    return {
        "time": flight.time,
        "radial": radial,
        "along": along,
        "normal": normal,
        "distance": seen.distance,
        "speed": seen.speed,
        "propellant_kg": flight.agent.used_kg,
        "score": flight.score(),
    }


class _Tracked:
    """An agent whose flight is written down."""

    def __init__(self, agent: Agent, tracker: Tracker) -> None:
        self.name, self._agent, self._tracker = agent.name, agent, tracker

    def begin(self, flight: Flight) -> None:
        self._agent.begin(flight)

    def act(self, flight: Flight) -> Told:
        asked = self._agent.act(flight)
        force = read_action(asked).force(flight.agent.state, flight.axes)
        self._tracker.see(flight, (force[0] / LIMITS[0], force[1] / LIMITS[1], force[2] / LIMITS[2]))
        return asked


def track_agent(
    agent: Agent, env: SpaceEnv, start: Start | None = None, *, seed: int = 0, size: int | None = None
) -> Track:
    """Fly an agent and write its flight down."""
    tracker = Tracker(size)
    fly(env, _Tracked(agent, tracker), seed=seed, options=start)
    (track,) = tracker.tracks()
    return track


class _Heard:
    """An operator whose replies are written down with the flights that they are for."""

    def __init__(self, operator: Replies, tracker: Tracker) -> None:
        self._operator, self._tracker = operator, tracker
        self._asking: list[Flight] = []
        self._pilots: dict[int, Interpreter] = {}

    @property
    def eye(self) -> Sight | None:
        return self._operator.eye

    def eval(self) -> Any:
        return self._operator.eval()

    def watch(self, flight: Flight) -> None:
        self._asking.append(flight)

    def reply(self, pictures: Picture, lines: Sequence[str], *, free: bool = False) -> list[str]:
        said = self._operator.reply(pictures, lines, free=free)
        for flight, reply in zip(self._asking, said, strict=True):
            forward, right, down, _ = self._pilots.setdefault(id(flight), Interpreter()).burn(reply)
            self._tracker.see(flight, (forward, right, down))
        self._asking.clear()
        return said


def track_operator(
    operator: Replies,
    starts: Sequence[Start],
    make_env: MakeEnv = IN_TURN,
    *,
    look: Look | None = None,
    size: int | None = None,
) -> list[Track]:
    """Fly an operator from every start, as `rollout` does, and write its flights down.

    Throttles are those of a craft that holds its last burn after a reply that cannot be read.
    """
    tracker = Tracker(size)
    heard = _Heard(operator, tracker)
    rollout(heard, starts, make_env, look=look, watch=heard.watch)
    return tracker.tracks()
