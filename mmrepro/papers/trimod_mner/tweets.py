"""Tweets with entity tags, from files in CoNLL layout: strict by default, lenient only when told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from mmrepro.data.local import LocalData
from mmrepro.errors import MMReproError, nearest

TYPES = ("PER", "LOC", "ORG", "MISC")
TAGS = ("O", *(f"{edge}-{kind}" for kind in TYPES for edge in "BI"))
SPLITS = ("train", "valid", "test")
StrayPolicy = Literal["refuse", "keep", "repair"]

# The files call the fourth type OTHER, the published logs MISC.
_SAME = {"B-OTHER": "B-MISC", "I-OTHER": "I-MISC"}
_IMAGE = "IMGID:"


@dataclass(frozen=True)
class Tweet:
    """One tweet: its image's id, its words and one tag a word."""

    image: str
    words: tuple[str, ...]
    tags: tuple[str, ...]


def read_tweets(path: Path, stray: StrayPolicy = "refuse", max_words: int = 256) -> list[Tweet]:
    """Read one split.

    Parameters
    ----------
    stray
        What to do with an ``I-`` tag that continues no entity of its type: ``refuse`` the file, ``keep``
        the tag as it stands, or ``repair`` it to ``B-``.
    max_words
        Longest tweet that is accepted.

    Raises
    ------
    MMReproError
        Naming the file and the line, for a tweet without image id, a word without tag, an unknown tag, a
        tweet that is empty or too long; and for stray tags (how many) unless a policy was chosen.
    """
    if not path.is_file():
        raise MMReproError(f"There is no file {path}.")
    tweets = []
    for number, image, rows in _blocks(path):
        if not rows:
            raise MMReproError(f"{path.name}, line {number}: the tweet of image {image} has no words.")
        if len(rows) > max_words:
            raise MMReproError(
                f"{path.name}, line {number}: the tweet of image {image} has {len(rows)} words, more than "
                f"max_words={max_words}; raise that setting."
            )
        words, tags = zip(*rows, strict=True)
        tweets.append(Tweet(image, words, tags))
    return _settle(tweets, stray, path.name)


def _blocks(path: Path) -> Iterable[tuple[int, str, list[tuple[str, str]]]]:
    """Yield each tweet's line, image id and (word, tag) rows."""
    start, image, rows = 0, "", list[tuple[str, str]]()
    # Not splitlines(): some words are characters that it takes for the end of a line.
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.startswith(_IMAGE):
            if image:
                yield start, image, rows
            start, image, rows = number, line.removeprefix(_IMAGE).strip(), []
            if not image:
                raise MMReproError(f"{path.name}, line {number}: {_IMAGE} without an id.")
        elif line.strip():
            if not image:
                raise MMReproError(f"{path.name}, line {number}: a word before any {_IMAGE} line.")
            rows.append(_row(line, path.name, number))
        elif rows:
            yield start, image, rows
            image, rows = "", []
    if image:
        yield start, image, rows


def _row(line: str, name: str, number: int) -> tuple[str, str]:
    # A word may be, or hold, a no-break space, so words are not stripped.
    word, gap, tag = line.rpartition("\t" if "\t" in line else " ")
    tag = tag.strip()
    if not gap or not word:
        raise MMReproError(
            f"{name}, line {number}: {line.strip()!r} is a word without a tag, or the reverse."
        )
    tag = _SAME.get(tag, tag)
    if tag not in TAGS:
        raise MMReproError(f"{name}, line {number}: unknown tag {tag!r}; {nearest(tag, TAGS)}")
    return word, tag


def is_stray(tags: Sequence[str], place: int) -> bool:
    """Tell whether the ``I-`` tag at `place` continues nothing of its own type."""
    tag, before = tags[place], tags[place - 1] if place else "O"
    return tag.startswith("I-") and before not in (tag, f"B-{tag[2:]}")


def stray_tags(tweets: Iterable[Tweet]) -> int:
    """Count ``I-`` tags that continue nothing: the violations of the BIO scheme."""
    return sum(is_stray(tweet.tags, place) for tweet in tweets for place in range(len(tweet.tags)))


def repaired(tags: Sequence[str]) -> tuple[str, ...]:
    """Turn every stray ``I-`` into ``B-``: what a lenient scorer does silently."""
    return tuple(f"B-{tag[2:]}" if is_stray(tags, place) else tag for place, tag in enumerate(tags))


def _settle(tweets: list[Tweet], stray: StrayPolicy, name: str) -> list[Tweet]:
    found = stray_tags(tweets)
    if found and stray == "refuse":
        raise MMReproError(
            f"{name}: {found} I- tags continue no entity of their type; choose stray='keep' or 'repair'."
        )
    return [replace(tweet, tags=repaired(tweet.tags)) for tweet in tweets] if stray == "repair" else tweets


def load_splits(
    data: LocalData, stray: StrayPolicy = "refuse", max_words: int = 256
) -> dict[str, list[Tweet]]:
    """Read the three splits of a Twitter data set."""
    return {split: read_tweets(data.path(f"{data.name}/{split}.txt"), stray, max_words) for split in SPLITS}


def thinned(tweets: Sequence[Tweet], count: int | None) -> list[Tweet]:
    """Keep `count` tweets, evenly spaced over the split; None keeps all."""
    if count is None or count >= len(tweets):
        return list(tweets)
    return [tweets[row] for row in np.linspace(0, len(tweets) - 1, count).astype(int)]


def masked(words: Sequence[str]) -> list[str]:
    """Return the words for a page: handles, in both writing styles, and addresses are hidden."""
    shown = []
    for place, word in enumerate(words):
        handle = (word.startswith("@") and len(word) > 1) or (place > 0 and words[place - 1] == "@")
        shown.append("@user" if handle else "(link)" if word.startswith("http") else word)
    return shown
