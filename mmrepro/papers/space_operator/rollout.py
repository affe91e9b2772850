"""Closed loop: an operator flies many starts at once, each burn a reply of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.agents import Agent, fly
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Flight
from mmrepro.papers.space_operator.malformed import Spoiler
from mmrepro.papers.space_operator.picture import SIZE, Picture, picture
from mmrepro.papers.space_operator.policy import Look
from mmrepro.papers.space_operator.prompt import Interpreter, telemetry
from mmrepro.papers.space_operator.teacher import GAP, Decisions, Recorder, Start

MakeEnv = Callable[[], SpaceEnv]
IN_TURN: MakeEnv = partial(SpaceEnv, "PE1_E1_I3", gap=GAP)
"""The scenario in which the policies are compared, without waiting for replies."""
Describe = Callable[[Flight], str]
"""Writes the telemetry of a flight."""


class Sight(Protocol):
    """What an operator looks with: pictures of one size in pixels."""

    @property
    def size(self) -> int:
        """Width and height."""


class Replies(Protocol):
    """An operator, small or large; one that does not look has no eye."""

    @property
    def eye(self) -> Sight | None:
        """What it looks with."""

    def eval(self) -> Any:
        """Prepare to fly."""

    def reply(self, pictures: Picture, lines: Sequence[str], *, free: bool = False) -> list[str]:
        """Reply in each situation."""


def described(flight: Flight) -> str:
    """Write the telemetry that small operators read, whether or not somebody guards."""
    return telemetry(flight).line()


def rollout(
    operator: Replies,
    starts: Sequence[Start],
    make_env: MakeEnv = IN_TURN,
    *,
    look: Look | None = None,
    free: bool = False,
    spoilt: float = 0.0,
    watch: Callable[[Flight], None] | None = None,
    describe: Describe = described,
) -> list[dict[str, Any]]:
    """Fly from every start until all flights are over.

    Flights are decided on together, a batch a turn; they do not meet.

    Parameters
    ----------
    starts
        The flight from start n has the seed n, so that two operators can be compared start by start.
    make_env
        Makes the environment of a flight, its reply time included. Its way of waiting is also what a
        malformed reply leads to.
    look, free
        See `policy.Look` and `Operator.reply`.
    spoilt
        Share of the replies that are made malformed.
    watch
        Is shown every flight at every decision.
    describe
        Writes what the operator reads.

    Returns
    -------
    list of dict
        What the environment reports at each flight's end, with `decisions`, and `malformed` replies.
    """
    if not starts:
        raise MMReproError("no starts were given to fly from; give at least one.")
    envs = [make_env() for _ in starts]
    for number, (env, start) in enumerate(zip(envs, starts, strict=True)):
        env.reset(seed=number, options=start)
    pilots = [Interpreter(env.waiting) for env in envs]
    spoilers = [Spoiler(spoilt, number) for number in range(len(envs))]
    operator.eval()
    while aloft := [number for number, env in enumerate(envs) if not env.flight.over]:
        flights = [envs[number].flight for number in aloft]
        if watch is not None:  # a recorder without moments is false
            for flight in flights:
                watch(flight)
        said = replies(operator, flights, look, free=free, describe=describe)
        for number, reply in zip(aloft, said, strict=True):
            envs[number].step(pilots[number].burn(spoilers[number](reply)))
    return [
        env.information() | {"decisions": pilot.replies, "malformed": pilot.malformed}
        for env, pilot in zip(envs, pilots, strict=True)
    ]


def fly_each(agent: Agent, starts: Sequence[Start], make_env: MakeEnv = IN_TURN) -> list[dict[str, Any]]:
    """Fly an agent that does not learn from the same starts, with the same seeds, as `rollout` does."""
    return [fly(make_env(), agent, seed=number, options=start) for number, start in enumerate(starts)]


def corrected(
    operator: Replies,
    starts: Sequence[Start],
    teacher: Agent,
    make_env: MakeEnv = IN_TURN,
    size: int = SIZE,
) -> Decisions:
    """Fly the operator and note what the teacher would have done wherever it comes to: a round of DAgger.

    Parameters
    ----------
    size
        Of the pictures noted, which are those of the demonstrations that they are joined with.
    """
    recorder = Recorder(teacher, size)
    rollout(operator, starts, make_env, watch=recorder)
    return recorder.decisions()


def replies(
    operator: Replies,
    flights: Sequence[Flight],
    look: Look | None = None,
    *,
    free: bool = False,
    describe: Describe = described,
) -> list[str]:
    """Ask an operator what to do in each flight."""
    pictures = _pictures(operator, flights)
    if look is not None and operator.eye is not None:
        pictures = look(pictures)
    return operator.reply(pictures, [describe(flight) for flight in flights], free=free)


def _pictures(operator: Replies, flights: Sequence[Flight]) -> Picture:
    """Draw what an operator sees; one that does not look gets empty pictures, since drawing takes time."""
    if operator.eye is None:
        return np.zeros((len(flights), 0, 0, 3), np.uint8)
    return np.stack([picture(flight, operator.eye.size) for flight in flights])
