"""The real vision-language model in the pilot's seat: telemetry, picture and examples in, three words out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.picture import Picture
from mmrepro.papers.space_operator.policy import Senses
from mmrepro.papers.space_operator.prompt import told
from mmrepro.papers.space_operator.teacher import Decisions
from mmrepro.papers.space_operator.vlm import Chat, VisionLanguageModel, turn
from mmrepro.papers.space_operator.wording import OURS, UNSEEN, Wording
from mmrepro.training.loop import TrainingSettings

ACTIONS = [told(burn) for burn in itertools.product((-1, 0, 1), repeat=3)]
"""All 27 replies that can be read."""


class Screen(NamedTuple):
    """What a pilot looks at: a picture of this many pixels in width and height."""

    size: int


class Pilot:
    """Replies in every situation as `policy.Operator` does, so that `rollout` flies both.

    Parameters
    ----------
    senses
        What it is given: "text", "picture" or "both".
    wording
        What it is told.
    size
        Of pictures in pixels.
    decisions, shots, seed
        So many decisions of the teacher, drawn with the seed, are told before the question.
    most
        Tokens of a free reply.

    Raises
    ------
    MMReproError
        For more examples than there are decisions.
    """

    def __init__(
        self,
        model: VisionLanguageModel,
        senses: Senses,
        *,
        wording: Wording = OURS,
        size: int = 448,
        decisions: Decisions | None = None,
        shots: int = 0,
        seed: int = 0,
        most: int = 16,
    ) -> None:
        if senses not in ("text", "picture", "both"):
            raise MMReproError(f"a pilot cannot have {senses!r}; give it 'text', 'picture' or 'both'.")
        self.model, self.senses, self.wording, self.most = model, senses, wording, most
        self.eye = None if senses == "text" else Screen(size)
        self._told = Chat([turn("system", wording.system)], [])
        there = len(decisions.lines) if decisions is not None else 0
        if shots > there:
            raise MMReproError(
                f"{shots} examples were asked for and there are {there} decisions; give at most {there}."
            )
        if decisions is not None:
            for row in np.random.default_rng(seed).choice(there, shots, replace=False).tolist():
                self._told = self._asked(decisions.pictures[row], decisions.lines[row])
                self._told.turns.append(turn("assistant", decisions.replies[row]))

    def eval(self) -> None:
        """Prepare to fly: a pilot always is."""

    def chats(self, pictures: Picture, lines: Sequence[str]) -> list[Chat]:
        """Return what is said before each reply.

        Parameters
        ----------
        pictures
            Shape (batch, size, size, 3); a pilot that does not look takes only their number.

        Raises
        ------
        MMReproError
            For pictures of another size.
        """
        if self.eye is not None and pictures.shape[1:] != (self.eye.size, self.eye.size, 3):
            raise MMReproError(
                f"pictures of shape {pictures.shape[1:]} were shown to a pilot made for "
                f"({self.eye.size}, {self.eye.size}, 3); draw them with size={self.eye.size}."
            )
        return [self._asked(picture, line) for picture, line in zip(pictures, lines, strict=True)]

    def reply(self, pictures: Picture, lines: Sequence[str], *, free: bool = False) -> list[str]:
        """Say the most likely of the 27 actions in each situation, or reply freely and perhaps malformed."""
        chats = self.chats(pictures, lines)
        if free:
            return [self.model.generate(chat, self.most) for chat in chats]
        return [self.model.answer(chat, ACTIONS) for chat in chats]

    def tune(
        self,
        decisions: Decisions,
        settings: TrainingSettings,
        *,
        seed: int,
        rank: int = 16,
        device: str = "auto",
    ) -> pd.DataFrame:
        """Tune the model to say what the teacher says; return the history."""
        chats = self.chats(decisions.pictures, decisions.lines)
        return self.model.tune(chats, decisions.replies, settings, seed=seed, rank=rank, device=device)

    def _asked(self, picture: Picture, line: str) -> Chat:
        """Go on from what was told with a question."""
        looks = self.eye is not None
        said = self.wording.asks(UNSEEN if self.senses == "picture" else line)
        turns = [*self._told.turns, turn("user", said, shown=looks)]
        return Chat(turns, [*self._told.images, picture] if looks else [])
