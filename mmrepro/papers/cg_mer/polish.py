"""Emotions in Polish speech: 450 whole recordings of five men, from raw audio to features."""

from __future__ import annotations

import re
import zipfile

import numpy as np
import pandas as pd

from mmrepro.data.local import LocalData
from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer.schema import Corpus, validated
from mmrepro.papers.cg_mer.speech import Sound, Utterances, log_mel, read_sound, statistics

ARCHIVE = "polish_speech/polish_speech_emotions.zip"
_NAME = re.compile(r"(?P<speaker>m\d+)\.(?P<emotion>[a-z])_(?P<word>[a-z]+)_(?P<take>\d+)\.wav$")
_EMOTIONS = {"a": "anger", "s": "fear", "n": "neutral"}  # s for strach


def load_sounds(source: LocalData, most: int | None = None) -> dict[str, Sound]:
    """Read the recordings, sorted by name; at most `most`, evenly spaced.

    Returns
    -------
    dict
        Such as ``m1.a_nie_2`` -> the sound.

    Raises
    ------
    MMReproError
        When a name is not of the data set's pattern, or a file is no audio.
    """
    with zipfile.ZipFile(source.path(ARCHIVE)) as archive:
        members = sorted(name for name in archive.namelist() if name.endswith(".wav"))
        if not members:
            raise MMReproError(f"{ARCHIVE} holds no wav.")
        if most is not None and most < len(members):
            members = [members[row] for row in np.linspace(0, len(members) - 1, most).astype(int)]
        return {_stem(name): read_sound(archive.read(name), name) for name in members}


def _stem(name: str) -> str:
    found = _NAME.search(name)
    if not found or found["emotion"] not in _EMOTIONS:
        raise MMReproError(
            f"{name} is not named like m1.a_nie_2.wav, so its speaker and emotion are unknown."
        )
    return found[0].removesuffix(".wav")


def utterances(sounds: dict[str, Sound]) -> Utterances:
    """Compute the 43 statistics of every recording and take labels from the names."""
    parts = [_NAME.search(f"{name}.wav") for name in sounds]
    known = [part for part in parts if part is not None]
    return Utterances(
        ids=np.array(list(sounds)),
        labels=np.array([_EMOTIONS[part["emotion"]] for part in known]),
        speakers=np.array([part["speaker"] for part in known]),
        texts=np.array([part["word"] for part in known]),
        features=np.stack([statistics(log_mel(sound)) for sound in sounds.values()]),
    )


def polish_corpus(sounds: dict[str, Sound], rows: Utterances) -> Corpus:
    """Lay the recordings out as the five tables; a speaker is a session."""
    seconds = [sounds[name].seconds for name in rows.ids]
    speakers = sorted(set(rows.speakers))
    minutes = pd.Series(seconds).groupby(rows.speakers).sum()[speakers].to_numpy() / 60
    return validated(
        {
            "sessions": pd.DataFrame({"session": speakers, "language": "pl", "minutes": minutes}),
            "participants": pd.DataFrame({"participant": speakers, "sex": "M", "age": np.nan}),
            "streams": pd.DataFrame(
                {
                    "stream": rows.ids,
                    "session": rows.speakers,
                    "participant": rows.speakers,
                    "modality": "voice",
                    "rate_hz": [float(sounds[name].rate) for name in rows.ids],
                    "seconds": seconds,
                }
            ),
            "annotations": pd.DataFrame(
                {"stream": rows.ids, "viewpoint": "intended", "label": rows.labels, "votes": 1}
            ),
        },
        "Polish speech",
    )
