"""Does a description say that an event happened? What a judge does, and one that needs no service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.evidence.events import EventExtractor, EventSource, content_words, sentences


class Relation(IntEnum):
    """How an event stands to a text, as AutoDQ's prompt has it."""

    CONTRADICTION = -1
    NEUTRAL = 0
    ENTAILMENT = 1


Relations = NDArray[np.int8]
"""Values of `Relation`."""


class Judge(Protocol):
    """What decides how events stand to texts."""

    def against_text(self, events: Sequence[str], text: str) -> Relations:
        """Judge every event against a whole description; shape (events,)."""

    def between(self, events: Sequence[str], others: Sequence[str]) -> Relations:
        """Judge every event against every one of `others`; shape (events, others)."""


class SentenceEncoder(Protocol):
    """What turns sentences into unit vectors, shape (sentences, width)."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode `texts`."""


def _both_ways(pairs: str) -> Mapping[str, frozenset[str]]:
    opposites: dict[str, set[str]] = {}
    for pair in pairs.split():
        one, other = pair.split("/")
        opposites.setdefault(one, set()).add(other)
        opposites.setdefault(other, set()).add(one)
    return MappingProxyType({word: frozenset(others) for word, others in opposites.items()})


OPPOSITES = _both_ways("""
    open/close up/down upward/downward upwards/downwards left/right raise/lower raise/droop lift/lower
    lift/droop widen/narrow widen/squint furrow/relax tighten/relax upturned/downturned smile/frown
    forward/backward enter/leave enter/exit push/pull in/out inside/outside man/woman boy/girl rise/fall
    stand/sit start/stop grow/shrink appear/disappear laugh/cry big/small happy/sad
""")


@dataclass(frozen=True)
class OverlapJudge:
    """Judge by shared words: an event is entailed where enough of its words stand in one unit of the text.

    Units are the sentences of a text and its events. It finds what a text is about, and takes no notice of
    who does what to whom; an opposite in place of a word makes a contradiction, as far as `opposites` goes.

    Attributes
    ----------
    threshold
        Least score of an entailment, in (0, 1].
    encoder
        Of sentences; the score is then the mean of the share of words and of the cosine.
    opposites
        Word -> words that cannot hold with it.
    units
        Finds the events of a text that is judged against.
    """

    threshold: float
    encoder: SentenceEncoder | None = None
    opposites: Mapping[str, frozenset[str]] = field(default_factory=lambda: OPPOSITES)
    units: EventSource = field(default_factory=lambda: EventExtractor(limit=None))

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise MMReproError(f"The judge's threshold is {self.threshold}; give one above 0 and at most 1.")

    def scores(self, events: Sequence[str], others: Sequence[str]) -> NDArray[np.float64]:
        """Score every event against every one of `others`, shape (events, others), in [0, 1]."""
        if not events or not others:
            return np.zeros((len(events), len(others)))
        said = [_forms(other) for other in others]
        words = np.array([[_share(event, one) for one in said] for event in events])
        if self.encoder is None:
            return words
        cosine = self.encoder(list(events)) @ self.encoder(list(others)).T
        return np.asarray((words + np.clip(cosine, 0, 1)) / 2)

    def between(self, events: Sequence[str], others: Sequence[str]) -> Relations:
        """Judge every event against every one of `others`; shape (events, others)."""
        close = self.scores(events, others) >= self.threshold
        opposed = np.array(
            [[self._opposed(event, other) for other in others] for event in events], dtype=bool
        ).reshape(close.shape)
        return np.where(close, np.where(opposed, Relation.CONTRADICTION, Relation.ENTAILMENT), 0).astype(
            np.int8
        )

    def against_text(self, events: Sequence[str], text: str) -> Relations:
        """Judge every event by the text's best unit: entailed by one, else contradicted by one."""
        units = list(dict.fromkeys([*sentences(text), *self.units.events(text)]))
        if not units:
            return np.zeros(len(events), dtype=np.int8)
        relations = self.between(events, units)
        entailed = (relations == Relation.ENTAILMENT).any(axis=1)
        denied = (relations == Relation.CONTRADICTION).any(axis=1)
        return np.where(entailed, Relation.ENTAILMENT, -denied.astype(np.int8)).astype(np.int8)

    def _opposed(self, event: str, other: str) -> bool:
        """Tell whether `other` has the opposite of a word of `event`, and not the word itself."""
        here, there = (_forms(text) | set(text.split()) for text in (event, other))
        return any(self.opposites.get(word, frozenset()) & (there - here) for word in here - there)


def _forms(text: str) -> frozenset[str]:
    return frozenset().union(*content_words(text))


def _share(event: str, forms: frozenset[str]) -> float:
    words = content_words(event)
    return sum(bool(word & forms) for word in words) / len(words) if words else 0.0
