"""The released test captions of FEC-Bench: prose about one face, in the order of time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmrepro.errors import MMReproError

MARKERS = ("at the beginning", "as the video progresses", "in the middle", "towards the end")
SOURCES = {"CAER_mp4": "CAER", "CAER": "CAER", "MER24": "MER24", "MER2024": "MER24"}


@dataclass(frozen=True)
class Caption:
    """One human caption; `video` is its path below the reader's folder, its first part the source set."""

    number: str
    video: str
    text: str

    @property
    def source(self) -> str:
        """The research data set that the clip comes from."""
        first = self.video.split("/")[0]
        return SOURCES.get(first, first)


def read_captions(path: Path) -> list[Caption]:
    """Read `test.json`: a list of objects with ``id``, ``video`` and ``caption``.

    Raises
    ------
    MMReproError
        When the file is missing or no such list, when an entry lacks a part or is empty, or when an id
        stands twice.
    """
    if not path.is_file():
        raise MMReproError(f"There are no captions at {path}; give the folder of the released test.json.")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise MMReproError(f"{path.name} is not valid JSON; fetch it again.") from None
    if not isinstance(entries, list):
        raise MMReproError(f"{path.name} must hold a list of captions, not {type(entries).__name__}.")
    captions = [_caption(path, place, entry) for place, entry in enumerate(entries)]
    seen: set[str] = set()
    for each in captions:
        if each.number in seen:
            raise MMReproError(f"{path.name} has the id {each.number!r} twice; every caption needs its own.")
        seen.add(each.number)
    return captions


def _caption(path: Path, place: int, entry: object) -> Caption:
    if not isinstance(entry, dict):
        raise MMReproError(f"{path.name}, entry {place}: must be an object with id, video and caption.")
    missing = [key for key in ("id", "video", "caption") if not str(entry.get(key, "")).strip()]
    if missing:
        raise MMReproError(f"{path.name}, entry {place}: {missing[0]} is missing or empty.")
    return Caption(str(entry["id"]), str(entry["video"]), " ".join(str(entry["caption"]).split()))


def evenly(captions: list[Caption], count: int | None) -> list[Caption]:
    """Return `count` captions, evenly spaced; all where it is None or there are no more."""
    if count is None or count >= len(captions):
        return captions
    return [captions[place * len(captions) // count] for place in range(count)]


def facts(captions: list[Caption]) -> pd.DataFrame:
    """Return source, words, tokens (words and punctuation, by spaCy) and time markers by caption."""
    from mmrepro.evidence.events import parse

    return pd.DataFrame(
        {
            "source": [each.source for each in captions],
            "words": [len(each.text.split()) for each in captions],
            "tokens": [len(parse(each.text)) for each in captions],
            **{marker: [marker in each.text.lower() for each in captions] for marker in MARKERS},
        }
    )
