"""Features of speech with librosa: log-mel energies, cepstra, pitch, energy, and their statistics."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

Floats = NDArray[np.float64]
_LFS = b"version https://git-lfs"
_MELS, _CEPSTRA = 40, 13
_WINDOW_S, _HOP_S = 0.032, 0.010
_PITCH_HZ = (60.0, 500.0)


@dataclass(frozen=True)
class Sound:
    """One channel of audio: samples in [-1, 1], shape (n,), and their rate in Hz."""

    samples: Floats
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class Utterances:
    """Recordings as rows.

    Attributes
    ----------
    ids, labels, speakers, texts
        Shape (n,) each: name, emotion, who speaks, what is said.
    features
        Shape (n, k).
    """

    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    speakers: NDArray[np.str_]
    texts: NDArray[np.str_]
    features: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def thinned(self, most: int | None) -> Utterances:
        """Keep at most `most` recordings, evenly spaced."""
        if most is None or most >= len(self):
            return self
        rows = np.linspace(0, len(self) - 1, most).astype(int)
        return Utterances(
            self.ids[rows], self.labels[rows], self.speakers[rows], self.texts[rows], self.features[rows]
        )


def read_sound(content: bytes | Path, name: str) -> Sound:
    """Read a wav, several channels averaged.

    Raises
    ------
    MMReproError
        When it is a Git LFS pointer, is empty, or is no readable audio.
    """
    import soundfile

    payload = content.read_bytes() if isinstance(content, Path) else content
    if payload.startswith(_LFS):
        raise MMReproError(
            f"{name} is a Git LFS pointer of {len(payload)} bytes, not audio; fetch the media."
        )
    try:
        samples, rate = soundfile.read(io.BytesIO(payload), always_2d=True)
    except soundfile.LibsndfileError as error:
        raise MMReproError(f"{name} is not readable audio ({error.error_string.strip()}).") from None
    if not len(samples):
        raise MMReproError(f"{name} holds no sample.")
    return Sound(samples.mean(axis=1), int(rate))


def log_mel(sound: Sound, window: int | None = None, hop: int | None = None) -> Floats:
    """Return natural-log mel energies, shape (frames, 40).

    Parameters
    ----------
    window, hop
        In samples; 32 ms and 10 ms where not given.
    """
    import librosa

    size = window or round(_WINDOW_S * sound.rate)
    energies = librosa.feature.melspectrogram(
        y=np.pad(sound.samples, (0, size)),
        sr=sound.rate,
        n_fft=size,
        hop_length=hop or round(_HOP_S * sound.rate),
        n_mels=_MELS,
        htk=True,
        norm=None,
        center=False,
    )
    return np.asarray(np.log(energies + 1e-8).T)


def cepstra(mel: Floats) -> Floats:
    """Return 13 mel cepstra of every frame, shape (frames, 13)."""
    import librosa

    return np.asarray(librosa.feature.mfcc(S=mel.T, n_mfcc=_CEPSTRA).T)


def statistics(mel: Floats) -> Floats:
    """Reduce a recording to 43 numbers: cepstra (mean, deviation, deviation of change) and energy."""
    coefficients, energy = cepstra(mel), mel.mean(axis=1)
    spread = [energy.std(), *np.percentile(energy, [10, 50, 90])]
    change = np.diff(coefficients, axis=0).std(axis=0)
    return np.concatenate([coefficients.mean(axis=0), coefficients.std(axis=0), change, spread])


def pitch(sound: Sound) -> Floats:
    """Return the fundamental frequency in Hz every 10 ms (YIN), NaN where the frame is near silence.

    YIN gives a number for every frame, voice or not, so quiet frames are taken out.
    """
    import librosa

    low, high = _PITCH_HZ
    hop = round(_HOP_S * sound.rate)
    found = np.array(librosa.yin(sound.samples, fmin=low, fmax=high, sr=sound.rate, hop_length=hop))
    loud = energy(sound)[: len(found)]
    found = found[: len(loud)]
    found[(loud < 0.1 * loud.max()) | (found >= 0.98 * high)] = np.nan
    return found


def energy(sound: Sound) -> Floats:
    """Return the root mean square of the samples every 10 ms."""
    import librosa

    hop = round(_HOP_S * sound.rate)
    return np.asarray(librosa.feature.rms(y=sound.samples, frame_length=4 * hop, hop_length=hop)[0])
