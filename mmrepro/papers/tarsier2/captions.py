"""How a rendered video is told in words, and how words are read back as events."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mmrepro.errors import MMReproError
from mmrepro.papers.tarsier2.renderer import ACTIONS, COLOURS, FRAMES, Event

DETAILED, BRIEF, GROUNDED = "<detailed>", "<brief>", "<grounded>"  # what is asked for, as a first word
_THEN = "then"
_TAG = re.compile(r"<(\d+)>")


def words() -> list[str]:
    """List every word that a caption can hold."""
    actions = sorted({word for action in ACTIONS for word in action.split()})
    return [DETAILED, BRIEF, GROUNDED, _THEN, *COLOURS, *actions, *(f"<{frame}>" for frame in range(FRAMES))]


def describe(events: Sequence[Event]) -> str:
    """Tell all events in order, as a person asked for detail does."""
    return f" {_THEN} ".join(event.clause for event in events)


def describe_briefly(events: Sequence[Event], rng: np.random.Generator) -> str:
    """Tell one event alone, as captions from the web do."""
    return events[int(rng.integers(len(events)))].clause


def describe_grounded(events: Sequence[Event]) -> str:
    """Tell all events, each after the frames it comes from (the paper's ``<frame: i-j>``)."""
    return f" {_THEN} ".join(f"<{event.first}> <{event.last}> {event.clause}" for event in events)


def clauses(text: str) -> list[str]:
    """Read the events of a description, without tags; one told twice counts once, as in AutoDQ."""
    plain = " ".join(_TAG.sub(" ", text).split())
    return list(dict.fromkeys(part for part in _split(plain) if part))


def spans(text: str, frames: int = FRAMES) -> list[tuple[int, int]]:
    """Read the frames of each event of a grounded description.

    Raises
    ------
    MMReproError
        For an event without two tags, whose frames run backwards, or that leaves the video.
    """
    found = []
    for part in _split(text):
        tags = [int(tag) for tag in _TAG.findall(part)]
        if len(tags) != 2:
            raise MMReproError(f"{part!r} has {len(tags)} frame tags; an event needs two, as in <0> <3>.")
        if not tags[0] <= tags[1] < frames:
            raise MMReproError(
                f"{part!r} lasts from frame {tags[0]} to {tags[1]}; a video of {frames} frames "
                f"has 0 to {frames - 1}, and the first comes first."
            )
        found.append((tags[0], tags[1]))
    return found


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(rf"\b{_THEN}\b", text)]
