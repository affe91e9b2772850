"""Reading CMU-MOSI utterances and CMU-MOSEI segments, with the checks their use here rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from mmrepro.data.readers import read_csv, read_pickle
from mmrepro.data.store import LocalData
from mmrepro.errors import MMReproError
from mmrepro.papers.mosei_fusion.labels import three_classes
from mmrepro.training.batches import Tensors

MODALITIES = ("text", "audio", "video")
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Split:
    """Examples of one split.

    Attributes
    ----------
    features
        Modality -> array of shape (n, d) for pooled examples, (n, steps, d) for sequences.
    labels
        Class of each example, shape (n,).
    speakers
        Who speaks (MOSI: the video), shape (n,).
    transcripts
        What is said, shape (n,); empty strings where the source has none.
    """

    features: Mapping[str, Array]
    labels: NDArray[np.int64]
    speakers: NDArray[np.str_]
    transcripts: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Split:
        """Return the examples at `rows`."""
        kept = {name: values[rows] for name, values in self.features.items()}
        return Split(kept, self.labels[rows], self.speakers[rows], self.transcripts[rows])

    def examples(self, count: int = 5) -> tuple[NDArray[np.int64], list[str]]:
        """Pick a few examples, evenly spaced: their rows, and their words where the source has any."""
        lengths = np.char.str_len(self.transcripts)
        rows = np.flatnonzero((lengths >= 10) & (lengths < 70))
        rows = rows if len(rows) >= count else np.arange(len(self))
        rows = rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)]
        return rows, [self.transcripts[row].lower() or f"segment {row}, no transcript" for row in rows]

    def tensors(self, modalities: tuple[str, ...] = MODALITIES) -> Tensors:
        """Return the chosen modalities, then the labels, as tensors."""
        inputs = [torch.from_numpy(self.features[name]) for name in modalities]
        return Tensors(*inputs, torch.from_numpy(self.labels))


@dataclass(frozen=True)
class FusionData:
    """A training and a test split without a speaker in common."""

    train: Split
    test: Split

    def dims(self, modalities: tuple[str, ...] = MODALITIES) -> list[int]:
        """Return the feature width of each modality."""
        return [self.train.features[name].shape[-1] for name in modalities]

    @property
    def num_classes(self) -> int:
        """Number of classes, from the training labels."""
        return int(self.train.labels.max()) + 1

    def thinned(self, max_train: int | None, max_test: int | None) -> FusionData:
        """Keep at most so many examples of each split, evenly spaced: MOSI's files are sorted by label."""
        return FusionData(_evenly(self.train, max_train), _evenly(self.test, max_test))


def _evenly(split: Split, count: int | None) -> Split:
    if count is None or count >= len(split):
        return split
    return split.take(np.linspace(0, len(split) - 1, count).astype(np.int64))


def load_mosi(source: LocalData) -> FusionData:
    """Read CMU-MOSI: 1,447 training and 752 test utterances, binary labels, features standardised.

    Raises
    ------
    MMReproError
        When modalities disagree on rows or labels, a feature is not finite, or a speaker is in both
        splits.
    """
    words = read_csv(source.path("mosi/transcripts.csv"), header=None)
    raw = FusionData(_mosi_split(source, "train", words), _mosi_split(source, "test", words))
    return standardise(drop_constant(check_disjoint(raw)))


def _mosi_split(source: LocalData, split: str, words: pd.DataFrame) -> Split:
    tables = {
        name: read_csv(source.path(f"mosi/{name}_{split}0.csv"), header=None).to_numpy()
        for name in MODALITIES
    }
    rows = read_csv(source.path(f"mosi/text_{split}.csv"), header=None)[0].to_numpy()
    labels = words.loc[rows, 3].to_numpy().astype(np.int64)
    for name, content in tables.items():
        if len(content) != len(labels) or not np.array_equal(content[:, -1].astype(np.int64), labels):
            raise MMReproError(
                f"{source.path(f'mosi/{name}_{split}0.csv')}: rows or labels differ from transcripts.csv; "
                "the modalities of an utterance must stand in the same row of every file."
            )
    features = {name: content[:, :-1].astype(np.float32) for name, content in tables.items()}
    speakers = words.loc[rows, 0].str.rsplit("_", n=1).str[0].to_numpy().astype(str)
    return Split(features, labels, speakers, words.loc[rows, 1].to_numpy().astype(str))


def check_disjoint(data: FusionData) -> FusionData:
    """Refuse a speaker in both splits: the test would then measure memory of voices and faces."""
    shared = sorted(set(data.train.speakers) & set(data.test.speakers))
    if shared:
        raise MMReproError(
            f"Speaker {shared[0]!r} is in the training and the test split ({len(shared)} in all); "
            "the splits must not share one."
        )
    return data


def drop_constant(data: FusionData) -> FusionData:
    """Drop the features that never vary in training: they carry nothing and cannot be scaled."""
    train, test = {}, {}
    for name, values in data.train.features.items():
        varies = values.std(tuple(range(values.ndim - 1))) > 0
        train[name], test[name] = values[..., varies], data.test.features[name][..., varies]
    return FusionData(replace(data.train, features=train), replace(data.test, features=test))


def standardise(data: FusionData, limit: float = 5.0) -> FusionData:
    """Centre and scale every feature by the training split, and clip at `limit` deviations."""
    scaled: dict[str, tuple[Array, Array]] = {}
    for name, train in data.train.features.items():
        axes = tuple(range(train.ndim - 1))
        for split, values in (("training", train), ("test", data.test.features[name])):
            if not np.isfinite(values).all():
                raise MMReproError(f"The {split} split has {name} features that are NaN or infinite.")
        mean, deviation = train.mean(axes), train.std(axes)
        if (deviation == 0).any():
            column = int(np.flatnonzero(deviation == 0)[0])
            raise MMReproError(
                f"Feature {column} of {name} is constant in training; use drop_constant first."
            )
        scaled[name] = (
            np.clip((train - mean) / deviation, -limit, limit).astype(np.float32),
            np.clip((data.test.features[name] - mean) / deviation, -limit, limit).astype(np.float32),
        )
    train_features = {name: pair[0] for name, pair in scaled.items()}
    test_features = {name: pair[1] for name, pair in scaled.items()}
    return FusionData(
        replace(data.train, features=train_features), replace(data.test, features=test_features)
    )


def load_aligned_mosei(source: LocalData) -> FusionData:
    """Read word-aligned MOSEI segments from a file the reader supplies, labels cut as reported.

    The file is a pickle in the layout of MulT's and MMSA's: split -> ``text`` (n, 50, 300), ``audio``
    (n, 50, 74), ``vision`` (n, 50, 35), ``labels`` (n, 1, 1) in [-3, 3], ``id``.

    Raises
    ------
    MMReproError
        When a part is missing, shapes disagree or a label is outside [-3, 3].
    """
    path = source.path(next(iter(source.files)))
    content = read_pickle(path)
    splits = [_aligned_split(path, content, name) for name in ("train", "test")]
    return standardise(drop_constant(check_disjoint(FusionData(*splits))))


def _aligned_split(path: Path, content: Mapping[str, Mapping[str, np.ndarray]], name: str) -> Split:
    wanted = {"text": "text", "audio": "audio", "video": "vision"}
    try:
        part = content[name]
        features = {ours: np.nan_to_num(np.asarray(part[key], np.float32)) for ours, key in wanted.items()}
        scores = np.asarray(part["labels"], dtype=float).reshape(-1)
        ids = np.asarray(part["id"]).reshape(len(scores), -1)[:, 0].astype(str)
    except (KeyError, TypeError, ValueError) as error:
        raise MMReproError(
            f"{path} lacks {name}/{error}; it must map train, valid and test to text, audio, vision, "
            "labels and id."
        ) from None
    lengths = {ours: values.shape[:2] for ours, values in features.items()}
    if len(set(lengths.values())) != 1 or len(scores) != len(features["text"]):
        raise MMReproError(f"{path}, split {name}: modalities differ in segments or steps: {lengths}.")
    speakers = np.array([each.split("$_$")[0].split("[")[0] for each in ids])
    return Split(features, three_classes(scores) + 1, speakers, np.full(len(scores), ""))


# Setting `task` -> the data set of the manifest and its reader.
TASKS: dict[str, tuple[str, Callable[[LocalData], FusionData]]] = {
    "mosi": ("mosi", load_mosi),
    "mosei": ("mosei_aligned", load_aligned_mosei),
}
