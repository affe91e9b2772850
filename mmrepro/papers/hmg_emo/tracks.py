"""What is known of each Emotify track: genre, loudness, tags, mel image, hand-crafted features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.data.local import LocalData
from mmrepro.data.readers import read_csv, read_npz
from mmrepro.errors import MMReproError

GENRES = ("classical", "rock", "electronic", "pop")
# Output order of the pretrained tagger MusiCNN (model MTT_vgg), as its source lists it.
TAGS = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano",
    "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing", "vocals",
    "no vocals", "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop", "soft",
    "sitar", "solo", "man", "classic", "choir", "voice", "new age", "dance", "male voice", "female vocal",
    "beats", "harp", "cello", "no voice", "weird", "country", "metal", "female voice", "choral",
)  # fmt: skip
_TAG_OF_GENRE = {"classical": "classical", "techno": "electronic", "rock": "rock"}
_LEAST_CORRELATION = 0.2  # of loudness within genres; a wrong row order gives about 0
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Tracks:
    """The tracks, sorted by number; row i of every array is one track.

    Attributes
    ----------
    table
        track, genre, loudness (mean absolute amplitude, 0 to 1), `nan_frames` of the tagger.
    tags
        Tag log-probabilities by frame, (n, frames, 50); NaN where the tagger gave none.
    images
        Log-mel spectrograms, (n, 64, 64), bytes; low frequencies at the bottom.
    handcrafted
        Hand-crafted audio features, one column each.
    """

    table: pd.DataFrame
    tags: NDArray[np.float64]
    images: NDArray[np.uint8]
    handcrafted: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)


def load_tracks(
    emotify: LocalData, audio: LocalData, nan_frames: Literal["skip", "refuse"] = "skip"
) -> Tracks:
    """Read every file about tracks, bring them into one order, and prove that it is the same order.

    The rows of the tag array have no names; they are those of ``info.csv``, which sorts 1, 10, 100, 11.
    So genre is checked against the tags that name it, and, because genres are blocks in either order,
    loudness within each genre too.

    Raises
    ------
    MMReproError
        When files disagree about tracks or genres, or when the order of a feature file is another one.
    """
    info = read_csv(emotify.path("emotify/info.csv"))
    order = np.argsort(info["Track ID"].to_numpy(), kind="stable")
    table = pd.DataFrame(
        {
            "track": info["Track ID"].to_numpy()[order],
            "genre": info["Genre"].to_numpy()[order],
            "loudness": info["Mean absolute amplitude"].to_numpy()[order],
        }
    )
    probabilities = _tag_array(emotify, len(table))[order]
    table["nan_frames"] = np.isnan(probabilities).any(2).sum(1)
    broken = table["track"][table["nan_frames"] > 0].tolist()
    if broken and nan_frames == "refuse":
        raise MMReproError(
            f"The tag array has frames that are no numbers for {len(broken)} tracks, {broken[0]} first; "
            "choose nan_frames='skip' to average over the others."
        )
    sheet = read_csv(audio.path("emotify/handcrafted.csv"))
    pictures = read_npz(audio.path("emotify/melspec64.npz"))
    for name, ids in (("handcrafted.csv", sheet["track_id"]), ("melspec64.npz", pictures["track_id"])):
        if not np.array_equal(np.asarray(ids), table["track"].to_numpy()):
            raise MMReproError(f"{name} does not list the tracks of info.csv in the order of their numbers.")
    with np.errstate(invalid="ignore"):
        logged = np.log(probabilities + 1e-4)
    tracks = Tracks(table, logged, pictures["image"], sheet.drop(columns=["track_id", "genre"]))
    _check_handcrafted(tracks, sheet["genre"])
    check_alignment(tracks)
    return tracks


def _tag_array(emotify: LocalData, count: int) -> NDArray[np.float64]:
    path = emotify.path("emotify/musicnn_taggram_array.npy")
    try:
        found: NDArray[np.float64] = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise MMReproError(f"{path} is not a readable .npy file ({error}).") from None
    if found.ndim != 3 or found.shape[::2] != (count, len(TAGS)):
        raise MMReproError(f"{path.name} has shape {found.shape}; it must be ({count}, frames, {len(TAGS)}).")
    if np.isnan(found).all(axis=(1, 2)).any():
        raise MMReproError(f"{path.name} has a track without a single frame of numbers.")
    return found


def _check_handcrafted(tracks: Tracks, genres: pd.Series) -> None:
    differing = genres.to_numpy() != tracks.table["genre"].to_numpy()
    if differing.any():
        track = tracks.table["track"].to_numpy()[differing][0]
        raise MMReproError(f"handcrafted.csv gives track {track} another genre than info.csv.")
    numbers = tracks.handcrafted.to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        track = tracks.table["track"].to_numpy()[~np.isfinite(numbers).all(1)][0]
        raise MMReproError(f"handcrafted.csv has a value that is no number for track {track}.")


def check_alignment(tracks: Tracks) -> pd.DataFrame:
    """Assert that features and tracks stand in one order, and return what was compared.

    Returns
    -------
    DataFrame
        Columns check, genre, value: mean probability rank of a genre's tag, correlations with loudness.

    Raises
    ------
    MMReproError
        When a check fails, which says that the rows are not those of ``info.csv``.
    """
    means = np.nanmean(tracks.tags, axis=1)
    genre, loudness = tracks.table["genre"].to_numpy(), tracks.table["loudness"].to_numpy()
    rows: list[tuple[str, str, float]] = []
    for tag, home in _TAG_OF_GENRE.items():
        scores = means[:, TAGS.index(tag)]
        gap = scores[genre == home].mean() - scores[genre != home].mean()
        rows.append((f"tag {tag!r}: mean log-probability above that of other genres", home, float(gap)))
    level = {"tag 'loud'": means[:, TAGS.index("loud")], "RMS energy": tracks.handcrafted["rms_mean"]}
    level["mel image brightness"] = tracks.images.mean(axis=(1, 2))
    for name, values in level.items():
        for home in np.unique(genre):
            found = np.corrcoef(np.asarray(values)[genre == home], loudness[genre == home])[0, 1]
            rows.append((f"{name}: correlation with loudness", home, float(found)))
    table = pd.DataFrame(rows, columns=["check", "genre", "value"])
    least = np.where(table["check"].str.contains("correlation"), _LEAST_CORRELATION, 0.0)
    failed = table[~(table["value"] > least)]
    if len(failed):
        check, home, value = failed.iloc[0]
        raise MMReproError(
            f"Features are not in the order of info.csv: {check}, genre {home}, is {value:.2f}. Give the "
            "feature file with its rows in the order of info.csv (1, 10, 100, 11...)."
        )
    return table


def tag_features(tracks: Tracks) -> Floats:
    """Return mean and spread of each tag's log-probability over the frames that are numbers, (n, 100)."""
    parts = [np.nanmean(tracks.tags, axis=1), np.nanstd(tracks.tags, axis=1)]
    return standardised(np.concatenate(parts, axis=1))


def genre_features(tracks: Tracks) -> tuple[Floats, NDArray[np.int64]]:
    """Return the genre one-hot, (n, 4), and as a number."""
    numbers = np.array([GENRES.index(name) for name in tracks.table["genre"]], dtype=np.int64)
    return np.eye(len(GENRES), dtype=np.float32)[numbers], numbers


def image_features(tracks: Tracks, size: int) -> Floats:
    """Return the mel images averaged down to `size` pixels a side, (n, 1, size, size), centred."""
    block = tracks.images.shape[1] // size
    pixels = tracks.images.astype(np.float32).reshape(len(tracks), size, block, size, block).mean((2, 4))
    scaled: Floats = ((pixels - pixels.mean()) / (pixels.std() + 1e-6))[:, None]
    return scaled


def standardised(values: NDArray[np.floating]) -> Floats:
    """Centre and scale every column; labels play no part, so all tracks may."""
    centred = (values - values.mean(0)) / (values.std(0) + 1e-6)
    return np.asarray(centred, dtype=np.float32)
