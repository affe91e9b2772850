"""Captions changed in ways whose effect on a fair score is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from mmrepro.evidence.events import sentences
from mmrepro.papers.facetrack_mm.captions import Caption

IDENTICAL, SHUFFLED, REVERSED = "identical", "sentences shuffled", "sentences reversed"
HALVED, SWAPPED = "every second sentence dropped", "directions and states swapped"
OTHER, SAME_SOURCE, GENERIC = "another clip's caption", "another clip's, same source", "one generic caption"

GENERIC_TEXT = (
    "At the beginning of the video, his eyes are wide open, he looks forward and keeps his mouth closed. As "
    "the video progresses, he blinks and opens his mouth slightly as he speaks. In the middle of the video, "
    "he furrows his eyebrows slightly and tilts his head. Towards the end of the video, he lowers his head "
    "and closes his mouth."
)
"""Written for this test from the time markers of the released captions; it describes no clip."""

_PAIRS = (
    ("left", "right"), ("open", "close"), ("opens", "closes"), ("opened", "closed"), ("up", "down"),
    ("upward", "downward"), ("upwards", "downwards"), ("raises", "lowers"), ("raise", "lower"),
    ("lifts", "droops"), ("lift", "droop"), ("widens", "narrows"), ("widen", "narrow"),
    ("furrowed", "relaxed"), ("furrows", "relaxes"), ("furrow", "relax"), ("smiles", "frowns"),
    ("smile", "frown"),
)  # fmt: skip
_OPPOSITE = dict([*_PAIRS, *((two, one) for one, two in _PAIRS)])
_OPPOSED = re.compile(rf"\b({'|'.join(_OPPOSITE)})\b")


def swapped(text: str) -> str:
    """Turn left into right, open into closed, up into down, and the reverse."""
    return _OPPOSED.sub(lambda found: _OPPOSITE[found.group(1)], text.lower())


def reordered(text: str, order: Callable[[list[str]], Sequence[str]]) -> str:
    """Return the sentences of a text as `order` gives them."""
    return " ".join(order(sentences(text)))


def perturbed(captions: Sequence[Caption], everyone: Sequence[Caption], seed: int) -> dict[str, list[str]]:
    """Return what stands in place of each caption, by condition.

    Parameters
    ----------
    captions
        Those that are judged.
    everyone
        Where captions of the same source are drawn from.
    """
    rng = np.random.default_rng(seed)

    def shuffle(told: list[str]) -> list[str]:
        return [told[place] for place in rng.permutation(len(told))]

    def another(each: Caption, among: Sequence[Caption]) -> str:
        others = [one for one in among if one.number != each.number]
        return others[int(rng.integers(len(others)))].text if others else ""

    return {
        IDENTICAL: [each.text for each in captions],
        SHUFFLED: [reordered(each.text, shuffle) for each in captions],
        REVERSED: [reordered(each.text, lambda told: told[::-1]) for each in captions],
        HALVED: [reordered(each.text, lambda told: told[::2]) for each in captions],
        SWAPPED: [swapped(each.text) for each in captions],
        OTHER: [another(each, captions) for each in captions],
        SAME_SOURCE: [
            another(each, [one for one in everyone if one.source == each.source]) for each in captions
        ],
        GENERIC: [GENERIC_TEXT for _ in captions],
    }
