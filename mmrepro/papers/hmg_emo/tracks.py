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

GENRES = ("classical", "rock", "electronic", "pop")  # in the order in which the answers number tracks
# Output order of the pretrained tagger MusiCNN (model MTT_vgg), as its source lists it.
TAGS = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano",
    "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing", "vocals",
    "no vocals", "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop", "soft",
    "sitar", "solo", "man", "classic", "choir", "voice", "new age", "dance", "male voice", "female vocal",
    "beats", "harp", "cello", "no voice", "weird", "country", "metal", "female voice", "choral",
)  # fmt: skip
_EACH = 100  # tracks of a genre
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
    """Read every file about tracks and bring them into the order in which the answers number them.

    Two numberings are in use. The answers number classical, rock, electronic, pop; ``info.csv`` and all
    feature files number the folders by spelling: classical, electronic, pop, rock. What they share is the
    genre and the number of the sound file in it. The rows of the tag array have no names at all; they are
    those of ``info.csv``. `alignment` checks the outcome.

    Raises
    ------
    MMReproError
        When files disagree about tracks or genres, or a value is no number.
    """
    info = read_csv(emotify.path("emotify/info.csv"))
    numbers = _numbered(info)
    order = np.argsort(numbers, kind="stable")
    listed = info.iloc[order]
    table = pd.DataFrame(
        {
            "track": numbers[order],
            "genre": listed["Genre"].to_numpy(),
            "loudness": listed["Mean absolute amplitude"].to_numpy(),
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
    ids = listed["Track ID"].to_numpy()
    sheet = sheet.iloc[_rows_of(ids, sheet["track_id"].to_numpy(), "handcrafted.csv")].reset_index(drop=True)
    images = pictures["image"][_rows_of(ids, pictures["track_id"], "melspec64.npz")]
    with np.errstate(invalid="ignore"):
        logged = np.log(probabilities + 1e-4)
    tracks = Tracks(table, logged, images, sheet.drop(columns=["track_id", "genre"]))
    _check_handcrafted(tracks, sheet["genre"])
    return tracks


def _numbered(info: pd.DataFrame) -> NDArray[np.int64]:
    """Return the number that the answers give each row of ``info.csv``: by genre and sound file."""
    unknown = info[~info["Genre"].isin(GENRES)]
    if len(unknown):
        raise MMReproError(f"info.csv names the genre {unknown['Genre'].iloc[0]!r}; Emotify has {GENRES}.")
    files = info["Filename"].str.removesuffix(".mp3")
    if not files.str.fullmatch(r"[1-9][0-9]?|100").all():
        raise MMReproError("info.csv must name sound files 1.mp3 to 100.mp3 in every genre.")
    blocks = info["Genre"].map(GENRES.index).to_numpy(dtype=np.int64)
    return np.asarray(_EACH * blocks + files.astype(int).to_numpy(), dtype=np.int64)


def _rows_of(wanted: NDArray[np.int64], found: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    """Return the row of each wanted ``Track ID`` in a feature file."""
    order = np.argsort(found, kind="stable")
    if not np.array_equal(found[order], np.sort(wanted)):
        raise MMReproError(f"{name} does not have every track of info.csv once.")
    return np.asarray(order[np.searchsorted(found[order], wanted)], dtype=np.int64)


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
