"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from mmrepro.data.store import locate
from mmrepro.papers.trimod_mner.tweets import SPLITS

_NAMES = {
    "PER": ("Ada Example", "Bob Sample", "Cleo Mock", "Dan Dummy", "Eve Tester"),
    "LOC": ("Sampleville", "Mock City", "Dummyland", "Testopolis"),
    "ORG": ("Example United", "Sample Corp", "Mock Records"),
    "OTHER": ("Sample Fest", "Mock Awards"),
}
_FRAMES = (
    "watching {PER} in {LOC} tonight",
    "RT @generated : {ORG} meets {PER}",
    "so proud of {PER} at {OTHER}",
    "{LOC} is waiting for {ORG}",
    "generated words without any name",
)
_COUNTS = {"train": 96, "valid": 48, "test": 64}
_SEEN = {
    "PER": "a generated person",
    "LOC": "a generated city",
    "ORG": "a generated logo",
    "OTHER": "a stage",
}


def _tweets(year: str, split: str) -> Iterator[tuple[str, list[str], list[str], str]]:
    """Yield image id, words, tags and a caption that hints at the entity."""
    rng = np.random.default_rng([int(year), SPLITS.index(split)])
    for number in range(_COUNTS[split]):
        words, tags, kinds = list[str](), list[str](), list[str]()
        for piece in _FRAMES[rng.integers(len(_FRAMES))].split():
            kind = piece.strip("{}")
            if kind == piece:
                words, tags = [*words, piece], [*tags, "O"]
                continue
            name = str(rng.choice(_NAMES[kind])).split()
            kinds, words = [*kinds, kind], [*words, *name]
            tags += [f"B-{kind}"] + [f"I-{kind}"] * (len(name) - 1)
        if number % 3 == 0:
            written = ["#ExampleNight"] if year == "2015" else ["#", "ExampleNight"]
            words, tags = words + written, tags + ["O"] * len(written)
        if year == "2015" and number % 16 == 5:  # as the real files of 2015 have stray tags
            tags[-1] = "I-OTHER"
        yield f"{year}{split}{number}", words, tags, _SEEN[kinds[0]] if kinds else "a generated scene"


def _write_tweets(folder: Path, year: str) -> None:
    (folder / f"twitter{year}").mkdir(parents=True)
    for split in SPLITS:
        blocks = [
            "\n".join([f"IMGID:{image}", *(f"{word}\t{tag}" for word, tag in zip(words, tags, strict=True))])
            for image, words, tags, _ in _tweets(year, split)
        ]
        (folder / f"twitter{year}/{split}.txt").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def write_twitter2017(folder: Path) -> None:
    """Write generated tweets in which a hashtag is two words."""
    _write_tweets(folder, "2017")


def write_twitter2015(folder: Path) -> None:
    """Write generated tweets in which a hashtag is one word, with some stray tags."""
    _write_tweets(folder, "2015")


def _captions(year: str) -> dict[str, str]:
    """Caption the generated tweets, and the real ones too where only those can be had."""
    found = {image: caption for split in SPLITS for image, _, _, caption in _tweets(year, split)}
    real = locate("trimod-mner", f"twitter{year}")
    for split in SPLITS if real else ():
        for line in real.path(f"twitter{year}/{split}.txt").read_text("utf-8").splitlines() if real else ():
            if line.startswith("IMGID:"):
                found[line[6:].strip()] = "a generated scene"
    return found


def write_blip2(folder: Path) -> None:
    """Write generated captions, one a line."""
    (folder / "captions").mkdir(parents=True)
    for year in ("15", "17"):
        lines = [f"{image}.jpg :{caption}" for image, caption in _captions(f"20{year}").items()]
        (folder / f"captions/BLIP2_{year}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_catr(folder: Path) -> None:
    """Write generated captions as JSON."""
    (folder / "captions").mkdir(parents=True)
    for year in ("2015", "2017"):
        content = {f"{image}.jpg": f"{caption}." for image, caption in _captions(year).items()}
        path = folder / f"captions/CATR_twitter{year}_images.json"
        path.write_text(json.dumps(content), encoding="utf-8")


def write_log(folder: Path) -> None:
    """Write a generated training curve of twelve epochs."""
    (folder / "umt_logs").mkdir(parents=True)
    rng = np.random.default_rng(3)
    rows = [
        (f"twitter{year}", epoch, split, "micro avg", *[0.8 - 0.5 / epoch + rng.normal() / 200] * 3, 100)
        for year in (2015, 2017)
        for epoch in range(1, 13)
        for split in ("valid", "test")
    ]  # fmt: skip
    columns = ["dataset", "epoch", "split", "label", "precision", "recall", "f1", "support"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "umt_logs/umt_bert_crf_curves.csv", index=False)


SAMPLES: dict[str, Callable[[Path], None]] = {
    "twitter2017": write_twitter2017,
    "twitter2015": write_twitter2015,
    "captions_blip2": write_blip2,
    "captions_catr": write_catr,
    "umt_log": write_log,
}
