"""Captions of the tweets' images, from two captioners."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from mmrepro.data.local import LocalData
from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.tweets import Tweet

Missing = Literal["refuse", "empty"]


def load_captions(data: LocalData, task: str) -> dict[str, str]:
    """Read image id -> caption of one Twitter data set, whichever captioner `data` is from."""
    if data.name == "captions_blip2":
        return read_lines(data.path(f"captions/BLIP2_{task[-2:]}.txt"))
    return read_json(data.path(f"captions/CATR_{task}_images.json"))


def read_lines(path: Path) -> dict[str, str]:
    """Read lines ``<image id>.jpg :<caption>``.

    Raises
    ------
    MMReproError
        When a line holds no ``:``, naming it.
    """
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        image, gap, caption = line.partition(" :")
        if not gap:
            raise MMReproError(f"{path.name}, line {number}: not '<image>.jpg :<caption>'.")
        found[_image_id(image)] = caption.strip()
    return found


def read_json(path: Path) -> dict[str, str]:
    """Read a JSON object of ``<image id>.jpg`` -> caption."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise MMReproError(f"{path.name} is not valid JSON: {error}.") from None
    if not isinstance(content, dict):
        raise MMReproError(f"{path.name} must hold an object of image file name -> caption.")
    return {_image_id(image): str(caption).strip() for image, caption in content.items()}


def _image_id(file_name: str) -> str:
    return file_name.strip().rsplit(".", 1)[0]


def caption_words(
    tweets: Sequence[Tweet], captions: Mapping[str, str], missing: Missing = "refuse"
) -> list[list[str]]:
    """Return the words of each tweet's caption.

    Parameters
    ----------
    missing
        ``refuse`` when a tweet has no caption, or give it an ``empty`` one.

    Raises
    ------
    MMReproError
        Saying how many image ids have no caption.
    """
    lacking = [tweet.image for tweet in tweets if tweet.image not in captions]
    if lacking and missing == "refuse":
        raise MMReproError(
            f"The captions lack {len(lacking)} of {len(tweets)} image ids, {lacking[0]} first; use another "
            "captioner or missing_captions='empty'."
        )
    return [captions.get(tweet.image, "").rstrip(".").split() for tweet in tweets]
