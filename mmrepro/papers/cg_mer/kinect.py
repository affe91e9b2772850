"""Kinect recordings of people who tell stories: joints, time stamps and the phase of each frame."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.data.local import LocalData
from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.cg_mer.defect import Defect
from mmrepro.papers.cg_mer.schema import Corpus, validated
from mmrepro.papers.cg_mer.segment import run_lengths

PHASES = ("Rest", "Preparation", "Stroke", "Hold", "Retraction")
JOINTS = {"left hand": "lh", "right hand": "rh", "head": "h", "spine": "s", "left wrist": "lw",
          "right wrist": "rw"}  # fmt: skip
HOLE_S = 1.0  # a longer pause between two frames is a hole: nothing moved there that we could know
_SPELLINGS = {"Preparação": "Preparation"}  # the annotators' own language, in one frame
_MEMBER = re.compile(r"([a-z])(\d)_raw\.csv$")
_STATED = re.compile(r"^\s*([A-C]\d) - (\d+) frames", re.MULTILINE)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """One recording.

    Attributes
    ----------
    session
        Such as ``a1``: person a, story 1.
    joints
        Name -> position in Kinect coordinates, shape (frames, 3).
    times
        Seconds since the first frame, shape (frames,), rising.
    phases
        One of `PHASES` a frame.
    """

    session: str
    joints: dict[str, Floats]
    times: Floats
    phases: NDArray[np.str_]

    @property
    def person(self) -> str:
        """Who is seen."""
        return self.session[0]

    def __len__(self) -> int:
        return len(self.times)

    def pieces(self) -> NDArray[np.int64]:
        """Number the stretches between holes, shape (frames,)."""
        return np.asarray(np.cumsum(np.diff(self.times, prepend=self.times[0]) > HOLE_S), dtype=np.int64)


def load_tracks(source: LocalData) -> tuple[list[Track], list[Defect]]:
    """Read every recording of the archive, with what is wrong in it.

    Raises
    ------
    MMReproError
        When a label is unknown, time stamps do not rise, a column is missing, or there is no recording.
    """
    path = source.path("gesture_phase/gesture_phase_dataset.zip")
    tracks, defects = [], []
    with zipfile.ZipFile(path) as archive:
        members = sorted(name for name in archive.namelist() if _MEMBER.search(name))
        if not members:
            raise MMReproError(f"{path.name} holds no recording named like a1_raw.csv.")
        for name in members:
            with archive.open(name) as stream:
                track, found = read_track(pd.read_csv(stream), name)
            tracks.append(track)
            defects += found
        stated = _stated_frames(archive)
    defects += _against_description(tracks, stated)
    return tracks, defects + _missing_sessions(tracks)


def read_track(frame: pd.DataFrame, name: str) -> tuple[Track, list[Defect]]:
    """Turn one table into a track; `name` stands in errors and defects."""
    wanted = [code + axis for code in JOINTS.values() for axis in "xyz"]
    missing = [column for column in [*wanted, "timestamp", "phase"] if column not in frame]
    if missing:
        raise MMReproError(f"{name} lacks the column {missing[0]!r}.")
    stamps = frame["timestamp"].to_numpy(np.int64)
    back = np.flatnonzero(np.diff(stamps) <= 0)
    if len(back):
        raise MMReproError(
            f"{name}: the time stamp does not rise after row {back[0]} ({len(back)} place(s))."
        )
    phases, defects = _spelt(frame["phase"].astype(str).str.strip(), name)
    steps = np.diff(stamps) / 1000
    holes, short = steps > HOLE_S, (steps > 0.1) & (steps <= HOLE_S)
    if holes.any():
        text = f"a hole of {round(steps.max())} s in the time stamps"
        defects.append(Defect(name, text, int(holes.sum()), "the track is split: no speed across it"))
    if short.any():
        text = "pauses of 0.1 to 1 s between frames"
        defects.append(Defect(name, text, int(short.sum()), "kept, and counted"))
    joints = {label: frame[[code + axis for axis in "xyz"]].to_numpy(float) for label, code in JOINTS.items()}
    session = name.rsplit("/", 1)[-1].split("_")[0]
    return Track(session, joints, (stamps - stamps[0]) / 1000, phases), defects


def _spelt(labels: pd.Series[str], name: str) -> tuple[NDArray[np.str_], list[Defect]]:
    """Mend known misspellings and refuse unknown labels."""
    defects = []
    for wrong, right in _SPELLINGS.items():
        count = int((labels == wrong).sum())
        if count:
            defects.append(Defect(name, f"the label {wrong!r}", count, f"read as {right!r}"))
    mended = labels.replace(_SPELLINGS)
    unknown = mended[~mended.isin(PHASES)]
    if len(unknown):
        raise MMReproError(
            f"{name}: unknown phase {unknown.iloc[0]!r} in row {unknown.index[0]}; "
            f"{nearest(unknown.iloc[0], PHASES)}"
        )
    return mended.to_numpy(dtype=str), defects


def _stated_frames(archive: zipfile.ZipFile) -> dict[str, int]:
    """Read how many frames the archive's own description states for each recording."""
    if "data_description.txt" not in archive.namelist():
        return {}
    text = archive.read("data_description.txt").decode("latin-1")
    return {name.lower(): int(count) for name, count in _STATED.findall(text)}


def _against_description(tracks: list[Track], stated: dict[str, int]) -> list[Defect]:
    return [
        Defect(f"{track.session}_raw.csv", "another number of frames than its description states",
               abs(len(track) - stated[track.session]), "the file is believed")
        for track in tracks
        if len(track) != stated.get(track.session, len(track))
    ]  # fmt: skip


def _missing_sessions(tracks: list[Track]) -> list[Defect]:
    """Name the stories that other people told and this one did not."""
    have = {track.session for track in tracks}
    grid = {person + story for person in {s[0] for s in have} for story in {s[1] for s in have}}
    missing = sorted(grid - have)
    if not missing:
        return []
    return [Defect(", ".join(missing), "the recording is missing", len(missing), "said, and left out")]


def tracks_corpus(tracks: list[Track]) -> Corpus:
    """Lay the recordings out as the five tables, with phases as segments."""
    segments = []
    for track in tracks:
        runs = run_lengths(track.phases, track.times, track.pieces())
        ids = [f"{track.session}.{number:04d}" for number in range(len(runs))]
        segments.append(runs.assign(segment=ids, stream=f"{track.session}.gesture", tier="phase"))
    people = sorted({track.person for track in tracks})
    names = [track.session for track in tracks]
    seconds = [float(track.times[-1]) for track in tracks]
    rates = [1 / float(np.median(np.diff(track.times))) for track in tracks]
    return validated(
        {
            "sessions": pd.DataFrame(
                {"session": names, "language": "pt", "minutes": [each / 60 for each in seconds]}
            ),
            "participants": pd.DataFrame({"participant": people, "sex": "unknown", "age": np.nan}),
            "streams": pd.DataFrame(
                {
                    "stream": [f"{name}.gesture" for name in names],
                    "session": names,
                    "participant": [track.person for track in tracks],
                    "modality": "gesture",
                    "rate_hz": rates,
                    "seconds": seconds,
                }
            ),
            "segments": pd.concat(segments),
        },
        "Gesture Phase Segmentation",
    )
