"""The published files of a sister paper (arXiv 2505.06110), read as arithmetic, and its videos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from mmrepro.data.readers import read_pickle
from mmrepro.data.store import LocalData
from mmrepro.errors import MMReproError
from mmrepro.papers.mosei_fusion.data import Array

# The first two OpenFace columns are the frame number and the time stamp: they tell a video's length.
_FRAME_COLUMNS = 2


@dataclass(frozen=True)
class PublishedVideos:
    """Video-level features as published.

    Attributes
    ----------
    features
        Modality -> (n, d): text 768 (BERT [CLS]), audio 40 (COVAREP means), video 33 (OpenFace means
        without frame number and time stamp).
    labels
        The authors' label, shape (n,): mean over a video's segments and over seven label columns.
    """

    features: dict[str, Array]
    labels: NDArray[np.float32]


def load_published(source: LocalData, split: str) -> PublishedVideos:
    """Read one split (``val`` or ``test``) of the published files."""
    content = read_pickle(source.path(f"mosei_audit/{split}_data.pkl"))
    features = {
        "text": content["language"],
        # COVAREP means of unvoiced frames are NaN or infinite in the published files.
        "audio": np.nan_to_num(content["acoustic"], nan=0.0, posinf=0.0, neginf=0.0),
        "video": content["visual"][:, _FRAME_COLUMNS:],
    }
    return PublishedVideos(features, content["labels"])


def constant_scores(published: PublishedVideos) -> dict[str, float]:
    """Score a constant answer on the published labels as the paper scores a model.

    The seven-class answer is 0, the binary answer "above 0".

    Returns
    -------
    dict
        ``seven-class accuracy``, ``binary accuracy`` and ``weighted F1`` in percent, ``MAE`` of the
        mean label.
    """
    rounded = np.round(published.labels).astype(int)
    return {
        "seven-class accuracy": float((rounded == 0).mean() * 100),
        "weighted F1": float(
            f1_score(rounded, np.zeros_like(rounded), average="weighted", zero_division=0) * 100
        ),
        "binary accuracy": float((published.labels > 0).mean() * 100),
        "MAE": float(np.abs(published.labels - published.labels.mean()).mean()),
    }


def recover_videos(source: LocalData, labels: pd.DataFrame) -> tuple[dict[str, Array], pd.DataFrame]:
    """Join the published features with the official labels of their videos.

    The files carry no video ids. The released code splits the sorted ids with
    ``train_test_split(seed 42)``, which can be replayed; one test video has no features, and the
    gap is put where the published labels then agree best with the official ones.

    Returns
    -------
    tuple
        Features, modality -> (n, d), and a frame with ``video``, ``published`` and ``official`` (the
        video's mean seven-class sentiment).

    Raises
    ------
    MMReproError
        When the labels do not have the videos that the split was made of.
    """
    ids = list(dict.fromkeys(labels["video"]))
    rest, test_ids = train_test_split(ids, test_size=0.2, random_state=42)
    _, val_ids = train_test_split(rest, test_size=0.1, random_state=42)
    official = labels.groupby("video")["sentiment"].mean()
    val, test = load_published(source, "val"), load_published(source, "test")
    if len(val_ids) != len(val.labels) or len(test_ids) != len(test.labels) + 1:
        raise MMReproError(
            f"The replayed split has {len(val_ids)} and {len(test_ids)} videos, the published files "
            f"{len(val.labels)} and {len(test.labels)}; one test video must be missing and no other."
        )
    kept = _without_gap(test_ids, official.loc[test_ids].to_numpy(), test.labels)
    videos = [*val_ids, *kept]
    features = {name: np.concatenate([val.features[name], test.features[name]]) for name in val.features}
    published = np.concatenate([val.labels, test.labels])
    frame = pd.DataFrame(
        {"video": videos, "published": published, "official": official.loc[videos].to_numpy()}
    )
    return features, frame


def _without_gap(ids: list[str], official: NDArray[np.float64], published: NDArray[np.float32]) -> list[str]:
    """Drop the one id without which the two label series agree best."""
    agreement = [np.corrcoef(np.delete(official, gap), published)[0, 1] for gap in range(len(ids))]
    gap = int(np.argmax(agreement))
    return ids[:gap] + ids[gap + 1 :]


def terciles(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Cut `scores` into three classes of nearly equal size."""
    return np.asarray(pd.qcut(pd.Series(scores).rank(method="first"), 3, labels=False), dtype=np.int64)
