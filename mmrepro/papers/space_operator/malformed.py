"""Replies that go wrong on purpose: how much a flight suffers when a share of them cannot be read."""

from __future__ import annotations

import numpy as np

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.action import read_action
from mmrepro.papers.space_operator.agents import Agent, Told
from mmrepro.papers.space_operator.environment import Waiting
from mmrepro.papers.space_operator.flight import Flight
from mmrepro.papers.space_operator.prompt import Interpreter, told

MUMBLE = "I cannot tell."
"""A reply that no parser reads."""


class Spoiler:
    """Replaces a share of the replies of one flight by one that cannot be read.

    With the same seed, the replies spoilt at a small share are spoilt at a greater one too, so that shares
    are compared on the same luck.

    Raises
    ------
    MMReproError
        For a share outside 0 to 1.
    """

    def __init__(self, share: float, seed: int = 0) -> None:
        if not 0 <= share <= 1:
            raise MMReproError(f"a share of {share:g} of the replies cannot be spoilt; give 0 to 1.")
        self._share, self._rng = share, np.random.default_rng(seed)

    def __call__(self, reply: str) -> str:
        """Return the reply or a mumble."""
        return MUMBLE if self._rng.random() < self._share else reply


class Spoken:
    """Flies an agent of full throttles by what it says, some of which is spoilt.

    Attributes
    ----------
    interpreter
        Of the last flight: it counts the replies.
    """

    def __init__(self, agent: Agent, share: float, seed: int = 0, waiting: Waiting = "hold") -> None:
        self.name = f"{agent.name}, spoken"
        self._agent, self._waiting = agent, waiting
        self._share, self._seed, self._flights = share, seed, 0
        self._spoil, self.interpreter = Spoiler(share, seed), Interpreter(waiting)

    def begin(self, flight: Flight) -> None:
        """Forget the last burn and draw the luck of this flight: of the n-th, always the same."""
        self._agent.begin(flight)
        luck = int(np.random.SeedSequence([self._seed, self._flights]).generate_state(1)[0])
        self._spoil, self.interpreter = Spoiler(self._share, luck), Interpreter(self._waiting)
        self._flights += 1

    def act(self, flight: Flight) -> Told:
        """Return the burn that the reply leads to."""
        reply = told(read_action(self._agent.act(flight)).vector)
        return self.interpreter.burn(self._spoil(reply))
