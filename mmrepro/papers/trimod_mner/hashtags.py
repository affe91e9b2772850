"""Hashtags of a tweet, in both writing styles of the two data sets, split into words by wordninja."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import wordninja


@dataclass(frozen=True)
class Hashtag:
    """A hashtag: its text without ``#`` and the place of that text among the tweet's words."""

    text: str
    place: int

    @property
    def words(self) -> list[str]:
        """The words it is made of; what cannot be split is one word."""
        return wordninja.split(self.text) or [self.text]


def find_hashtags(words: Sequence[str]) -> Iterator[Hashtag]:
    """Yield the hashtags: ``#tag`` as one word (Twitter-2015) or ``#`` and ``tag`` (Twitter-2017)."""
    for place, word in enumerate(words):
        if word.startswith("#") and word.strip("#"):
            yield Hashtag(word.strip("#"), place)
        elif word == "#" and place + 1 < len(words) and not words[place + 1].startswith("#"):
            yield Hashtag(words[place + 1], place + 1)


def hashtag_words(words: Sequence[str], limit: int = 16) -> list[str]:
    """Return the words inside a tweet's hashtags, lower case, at most `limit`."""
    return [part.lower() for hashtag in find_hashtags(words) for part in hashtag.words][:limit]
