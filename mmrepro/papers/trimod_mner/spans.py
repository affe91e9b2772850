"""Entity spans and their scores; what counts as an entity is seqeval's decision, strict or lenient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities

from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.tweets import Tweet

Tags = tuple[str, ...]


class Span(NamedTuple):
    """An entity: its type and the places of its words, from `start` up to, not including, `stop`."""

    kind: str
    start: int
    stop: int


class Score(NamedTuple):
    """Precision, recall and F1 in percent; 0 where nothing was found or nothing is there."""

    precision: float
    recall: float
    f1: float


@lru_cache(maxsize=200_000)
def strict_spans(tags: Tags) -> frozenset[Span]:
    """Return the entities that begin with ``B-`` (seqeval's IOB2 scheme): the paper's own format."""
    found = Entities([list(tags)], scheme=IOB2).entities[0]
    return frozenset(Span(entity.tag, entity.start, entity.end) for entity in found)


@lru_cache(maxsize=200_000)
def lenient_spans(tags: Tags) -> frozenset[Span]:
    """Return the entities of seqeval's default, for which a stray ``I-`` begins one too."""
    return frozenset(Span(kind, start, stop + 1) for kind, start, stop in get_entities(list(tags)))


def score(counts: Sequence[int]) -> Score:
    """Turn (right, predicted, gold) counts into percentages.

    Precision is right / predicted, recall right / gold, F1 = 2 right / (predicted + gold).
    """
    right, predicted, gold = counts
    return Score(
        100 * right / predicted if predicted else 0.0,
        100 * right / gold if gold else 0.0,
        200 * right / (predicted + gold) if predicted + gold else 0.0,
    )


def span_counts(
    gold: Iterable[Tags],
    predicted: Iterable[Tags],
    spans_of: Callable[[Tags], frozenset[Span]] = strict_spans,
    kind: str | None = None,
) -> tuple[int, int, int]:
    """Count right, predicted and gold entities over some tweets, of one type where `kind` is given."""
    right = answers = truths = 0
    for true_tags, tags in zip(gold, predicted, strict=True):
        truth, answer = (
            {span for span in spans_of(each) if kind in (None, span.kind)} for each in (true_tags, tags)
        )
        right, answers, truths = right + len(truth & answer), answers + len(answer), truths + len(truth)
    return right, answers, truths


def word_accuracy(gold: Iterable[Tags], predicted: Iterable[Tags], counted: str = "all words") -> float:
    """Return the percentage of words that got their own tag, which is no score of entities.

    Parameters
    ----------
    counted
        ``all words``, most of which are ``O``; or ``words of entities``, so that nothing that was marked
        too much is seen.

    Raises
    ------
    MMReproError
        When `counted` is neither.
    """
    if counted not in ("all words", "words of entities"):
        raise MMReproError(f"Counted can be 'all words' or 'words of entities', not {counted!r}.")
    pairs = [
        (truth, answer)
        for true_tags, tags in zip(gold, predicted, strict=True)
        for truth, answer in zip(true_tags, tags, strict=True)
        if counted == "all words" or truth != "O"
    ]
    return 100 * sum(truth == answer for truth, answer in pairs) / max(1, len(pairs))


def surface(tweet: Tweet, span: Span) -> str:
    """Return an entity's words as one lower-case text, without ``#`` and ``@``."""
    words = (word.strip("#@") for word in tweet.words[span.start : span.stop])
    return " ".join(word.lower() for word in words if word)


def surfaces(tweets: Iterable[Tweet]) -> set[str]:
    """Return the surface of every gold entity."""
    return {surface(tweet, span) for tweet in tweets for span in strict_spans(tweet.tags)}
