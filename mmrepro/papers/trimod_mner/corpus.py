"""Tweets with their three views, as the numbers that a tagger reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mmrepro.papers.trimod_mner.encoder import Encoder
from mmrepro.papers.trimod_mner.hashtags import hashtag_words
from mmrepro.papers.trimod_mner.tweets import TAGS, Tweet
from mmrepro.training.batches import Tensors

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#_-.:/!?'\"$&"
FLAGS = ("capital", "all capitals", "digit", "handle", "hashtag", "address", "no letter", "retweet")
_LETTERS = {letter: place for place, letter in enumerate(ALPHABET, start=2)}
_LENGTH = 12  # letters of a word that are read
_TAG_PLACE = {tag: place for place, tag in enumerate(TAGS)}


@dataclass(frozen=True)
class Part:
    """One split with its views.

    Attributes
    ----------
    numbers
        Of each tweet's words, as the encoder gave them.
    hashtags, images
        Numbers of the words of each tweet's hashtags, and of its caption (or image regions).
    """

    tweets: list[Tweet]
    numbers: list[Tensor]
    hashtags: list[Tensor]
    images: list[Tensor]

    def __len__(self) -> int:
        return len(self.tweets)

    def shuffled(self, seed: int) -> Part:
        """Give every tweet the image view of another tweet of the split."""
        order = np.random.default_rng(seed).permutation(len(self))
        images = list(self.images)
        for place, other in zip(order, np.roll(order, 1), strict=True):
            images[place] = self.images[other]
        return replace(self, images=images)

    def silenced(self, view: str) -> Part:
        """Empty a view, ``hashtag`` or ``image``, of every tweet."""
        nothing = [torch.zeros(0, dtype=torch.long)] * len(self)
        return replace(self, hashtags=nothing) if view == "hashtag" else replace(self, images=nothing)

    def take(self, rows: Sequence[int]) -> Part:
        """Return some tweets, in that order."""
        lists = (self.tweets, self.numbers, self.hashtags, self.images)
        return Part(*([each[row] for row in rows] for each in lists))  # type: ignore[arg-type]

    def tensors(self) -> Tensors:
        """Return words, letters, flags, tags, mask, hashtag words and image words, padded with zeros.

        Shapes (n, t), (n, t, 12), (n, t, 8), (n, t), (n, t), (n, h), (n, m).
        """
        words = [tweet.words for tweet in self.tweets]
        tags = [torch.tensor([_TAG_PLACE[tag] for tag in tweet.tags]) for tweet in self.tweets]
        mask = [torch.ones(len(tweet), dtype=torch.bool) for tweet in words]
        return Tensors(
            _padded(self.numbers),
            _padded([torch.stack([_spell(word) for word in tweet]) for tweet in words]),
            _padded([torch.tensor([word_flags(word) for word in tweet]) for tweet in words]),
            _padded(tags),
            _padded(mask),
            _padded(self.hashtags),
            _padded(self.images),
        )


def _padded(rows: Sequence[Tensor]) -> Tensor:
    joined = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    # A memory that is empty everywhere still needs one column.
    return joined if joined.shape[1] else torch.zeros(len(rows), 1, dtype=torch.long)


def _spell(word: str) -> Tensor:
    letters = torch.zeros(_LENGTH, dtype=torch.int16)
    for place, letter in enumerate(word[:_LENGTH]):
        letters[place] = _LETTERS.get(letter, 1)
    return letters


def word_flags(word: str) -> list[bool]:
    """Say what `FLAGS` ask of a word's form; MiniLM reads lower case only."""
    return [
        word[:1].isupper(),
        word.isupper() and len(word) > 1,
        any(letter.isdigit() for letter in word),
        word.startswith("@"),
        word.startswith("#"),
        word.startswith("http"),
        not any(letter.isalnum() for letter in word),
        word == "RT",
    ]


def build_parts(
    splits: Mapping[str, list[Tweet]],
    encoder: Encoder,
    captions: Mapping[str, Sequence[Sequence[str]]] | None,
    images: Mapping[str, list[Tensor]] | None = None,
) -> dict[str, Part]:
    """Let the encoder number every view of every split.

    Parameters
    ----------
    captions
        Split -> words of each tweet's caption.
    images
        Split -> numbers of each tweet's regions, in place of captions.
    """
    parts = {}
    for name, tweets in splits.items():
        numbers = encoder.refer([tweet.words for tweet in tweets])
        hashtags = encoder.refer([hashtag_words(tweet.words) for tweet in tweets])
        if images is not None:
            view = images[name]
        else:
            view = encoder.refer((captions or {}).get(name) or [[] for _ in tweets])
        parts[name] = Part(tweets, numbers, hashtags, view)
    return parts
