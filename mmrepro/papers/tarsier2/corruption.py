"""The paper's four ways to spoil a video, each as a choice of frames (section 3.3)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError, nearest

Places = NDArray[np.int64]
_CLIPS = 4  # that clip-switching cuts a video into


def clip_switching(count: int, rng: np.random.Generator) -> Places:
    """Cut into four equal clips and let two of them change places; frames left over stay last."""
    length = count // _CLIPS
    order = np.arange(_CLIPS)
    one, other = rng.choice(_CLIPS, size=2, replace=False)
    order[[one, other]] = order[[other, one]]
    clips = np.arange(length * _CLIPS).reshape(_CLIPS, length)
    return np.concatenate([clips[order].ravel(), np.arange(length * _CLIPS, count)])


def clip_reversing(count: int, rng: np.random.Generator) -> Places:
    """Play a random clip of half the frames or more backwards."""
    length = int(rng.integers(count // 2, count + 1))
    start = int(rng.integers(0, count - length + 1))
    places = np.arange(count)
    places[start : start + length] = places[start : start + length][::-1]
    return places


def clip_cropping(count: int, rng: np.random.Generator) -> Places:
    """Take as many frames from a random clip of half the duration."""
    length = count // 2
    start = int(rng.integers(0, count - length + 1))
    return stretched(np.arange(start, start + length), count)


def down_sampling(count: int, rng: np.random.Generator) -> Places:
    """Drop half of the frames at random."""
    return np.sort(rng.choice(count, size=count - count // 2, replace=False))


CORRUPTIONS: dict[str, Callable[[int, np.random.Generator], Places]] = {
    "clip-switching": clip_switching,
    "clip-reversing": clip_reversing,
    "clip-cropping": clip_cropping,
    "down-sampling": down_sampling,
}


def corrupt(kind: str, count: int, rng: np.random.Generator) -> Places:
    """Choose the frames of a spoilt video, as places in the intact one's `count` frames.

    Raises
    ------
    MMReproError
        For an unknown corruption, or a video of fewer frames than there are clips to switch.
    """
    if kind not in CORRUPTIONS:
        raise MMReproError(f"No corruption is called {kind!r}: {nearest(kind, CORRUPTIONS)}")
    if count < _CLIPS:
        raise MMReproError(f"A video of {count} frames cannot be spoilt; it needs at least {_CLIPS}.")
    return CORRUPTIONS[kind](count, rng)


def stretched(places: Places, count: int) -> Places:
    """Repeat or leave out frames evenly so that `count` are there, for a model of fixed length."""
    return places[np.linspace(0, len(places) - 1, count).round().astype(np.int64)]
