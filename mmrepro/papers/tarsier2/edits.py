"""Descriptions changed in one known way each, to see what a metric notices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mmrepro.evidence.judge import OPPOSITES


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("/") for pair in text.split())


# Pairs that the judge's own list of opposites lacks: a veto can only be fair on words it was not given.
_FORTH = _pairs("""
    walk/run cat/dog black/white red/blue car/bicycle table/window hand/foot child/horse first/last
    pick/throw kiss/slap water/fire jump/sleep eat/wash front/back
""")
UNLISTED: dict[str, str] = _FORTH | {other: one for one, other in _FORTH.items()}
LISTED: dict[str, str] = {word: max(others) for word, others in OPPOSITES.items()}
# Other words for the same thing; each says what the first one says in a description of a video.
SYNONYMS: dict[str, str] = _pairs("""
    man/guy woman/lady boy/lad girl/lass child/kid person/individual people/folks walk/stroll run/sprint
    look/gaze turn/rotate hold/grip pick/grab throw/toss jump/leap talk/chat speak/chat smile/grin touch/tap
    shake/wobble sit/rest fall/tumble push/shove pull/drag raise/lift lift/hoist lower/drop move/shift
    place/lay put/set take/grab show/present dance/sway hand/palm car/vehicle road/street house/building
    ground/floor water/liquid character/figure
""")
_ENDINGS = ("", "s", "d", "es", "ed", "ing")


def flipped(event: str, opposites: Mapping[str, str]) -> str | None:
    """Put an opposite in place of the first word that has one; None where none has."""
    for match in re.finditer(r"[A-Za-z]+", event):
        base, ending = _base(match[0].lower(), opposites)
        if base is not None:
            return event[: match.start()] + opposites[base] + ending + event[match.end() :]
    return None


def reworded(event: str) -> str:
    """Put another word in place of every word that has one in `SYNONYMS`."""

    def other(match: re.Match[str]) -> str:
        base, ending = _base(match[0].lower(), SYNONYMS)
        return match[0] if base is None else SYNONYMS[base] + ending

    return re.sub(r"[A-Za-z]+", other, event)


def _base(word: str, known: Mapping[str, str]) -> tuple[str | None, str]:
    """Split a word into a form that is `known` and its ending."""
    for ending in _ENDINGS:
        if word.endswith(ending) and word.removesuffix(ending) in known:
            return word.removesuffix(ending), ending
    return None, ""


def without_one(events: Sequence[str]) -> list[str]:
    """Leave out the event in the middle."""
    middle = len(events) // 2
    return [*events[:middle], *events[middle + 1 :]]


def with_one_more(events: Sequence[str], invented: str) -> list[str]:
    """Put in an event of another clip, in the middle."""
    middle = len(events) // 2
    return [*events[:middle], invented, *events[middle:]]


def told(events: Sequence[str]) -> str:
    """Tell events as a description, a sentence each."""
    return " ".join(f"{event.strip().rstrip('.')}." for event in events)
