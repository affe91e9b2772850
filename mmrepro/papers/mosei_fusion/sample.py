"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from mmrepro.papers.mosei_fusion.data import MODALITIES

_WIDTHS = {"text": 12, "audio": 8, "video": 10}
# How far apart the two classes lie, in deviations: text tells most, as in real data.
_SIGNAL = {"text": 0.5, "audio": 0.15, "video": 0.1}
# As many videos as the real label file: on a machine that can get only one of the two files, the
# replayed split must still fit.
_VIDEOS = 3293


def write_mosi(folder: Path) -> None:
    """Write 160 training and 80 test utterances of 24 speakers, two classes of Gaussian features."""
    rng = np.random.default_rng(0)
    (folder / "mosi").mkdir(parents=True)
    speakers = np.repeat(np.arange(24), 10)
    labels = rng.integers(0, 2, len(speakers))
    ids = [f"speaker{speaker:02d}_{number}" for number, speaker in enumerate(speakers)]
    words = pd.DataFrame({"id": ids, "words": "GENERATED EXAMPLE", "video": speakers, "label": labels})
    words.to_csv(folder / "mosi/transcripts.csv", header=False, index=False)
    for split, rows in (("train", np.flatnonzero(speakers < 16)), ("test", np.flatnonzero(speakers >= 16))):
        pd.DataFrame(rows).to_csv(folder / f"mosi/text_{split}.csv", header=False, index=False)
        for name in MODALITIES:
            shift = _SIGNAL[name] * (2 * labels[rows, None] - 1)
            values = rng.normal(size=(len(rows), _WIDTHS[name])) + shift
            table = pd.DataFrame(np.column_stack([values.round(6), labels[rows]]))
            table.to_csv(folder / f"mosi/{name}_{split}0.csv", header=False, index=False)


def write_labels(folder: Path) -> None:
    """Write the labels of two generated segments for each video."""
    rng = np.random.default_rng(1)
    (folder / "mosei_labels").mkdir(parents=True)
    videos = np.repeat(np.arange(_VIDEOS), 2)
    mood = rng.normal(0, 1, _VIDEOS)[videos]
    sentiment = np.clip(np.round(mood + rng.normal(0.2, 1, len(videos))), -3, 3).astype(int)
    frame = pd.DataFrame(
        {
            "file": [f"video{video:04d}" for video in videos],
            "index": np.arange(len(videos)) % 2,
            "start": np.arange(len(videos)) % 2 * 5.0,
            "end": np.arange(len(videos)) % 2 * 5.0 + 4.0,
            "label7": sentiment,
            "split": np.where(videos % 5 == 0, 2, np.where(videos % 5 == 1, 1, 0)),
        }
    )
    frame.to_csv(folder / "mosei_labels/CMU_MOSEI_Labels.csv")


def write_audit(folder: Path) -> None:
    """Write video-level features for both splits that the released code would replay, less one video."""
    rng = np.random.default_rng(2)
    (folder / "mosei_audit").mkdir(parents=True)
    rest, test = train_test_split(range(_VIDEOS), test_size=0.2, random_state=42)
    _, val = train_test_split(rest, test_size=0.1, random_state=42)
    for split, count in (("val", len(val)), ("test", len(test) - 1)):
        content = {
            "language": rng.normal(size=(count, 16)).astype(np.float32),
            "acoustic": rng.normal(size=(count, 8)).astype(np.float32),
            "visual": rng.normal(size=(count, 8)).astype(np.float32),
            "labels": rng.normal(0, 0.2, count).astype(np.float32),
        }
        (folder / f"mosei_audit/{split}_data.pkl").write_bytes(pickle.dumps(content, protocol=4))


SAMPLES: dict[str, Callable[[Path], None]] = {
    "mosi": write_mosi,
    "mosei_labels": write_labels,
    "mosei_audit": write_audit,
}
