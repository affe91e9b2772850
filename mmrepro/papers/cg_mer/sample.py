"""Generated stand-ins in the layout of the real files, with their kinds of defects and no meaning."""

from __future__ import annotations

import io
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from mmrepro.data.manifest import dataset
from mmrepro.papers.cg_mer.emodb import EMOTIONS
from mmrepro.papers.cg_mer.kinect import JOINTS, PHASES

_ACTORS, _CLIPS = 30, 12
_CODES = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
# How often a generated rater names the intended emotion, by presentation: only the order is like real life.
_SKILL = (0.35, 0.55, 0.65)
_RATE = 22_050


def write_cremad(folder: Path) -> None:
    """Write votes of generated raters on 360 clips of 30 actors."""
    rng = np.random.default_rng(0)
    home = folder / "cremad"
    home.mkdir(parents=True)
    names = [
        f"{1001 + actor}_{'IEO' if clip < 6 else 'TIE'}_{_CODES[clip % 6]}_XX"
        for actor in range(_ACTORS)
        for clip in range(_CLIPS)
    ]
    intended = np.tile(np.arange(6), _ACTORS * _CLIPS // 6)
    rows = []
    for panel, skill in enumerate(_SKILL, start=1):
        for number, (name, target) in enumerate(zip(names, intended, strict=True), start=1):
            chances = np.full(6, (1 - skill) / 5)
            chances[target] = skill
            votes = rng.multinomial(rng.integers(6, 12), chances)
            rows.append([panel * 100_000 + number, *votes, name, votes.sum()])
    columns = ["", *"ADFHNS", "fileName", "numResponses"]
    pd.DataFrame(rows, columns=columns).to_csv(home / "tabulatedVotes.csv", index=False)
    people = {"ActorID": np.arange(1001, 1001 + _ACTORS), "Age": rng.integers(20, 70, _ACTORS)}
    pd.DataFrame({**people, "Sex": np.resize(["Male", "Female"], _ACTORS)}).to_csv(
        home / "VideoDemographics.csv", index=False
    )
    clips = pd.DataFrame({"Stimulus_Number": np.arange(1, len(names) + 1), "Filename": names})
    clips.to_csv(home / "SentenceFilenames.csv", index=False)


def write_gesture(folder: Path) -> None:
    """Write seven recordings of 240 frames: a hand that moves by phase, with a hole and a misspelling."""
    rng = np.random.default_rng(1)
    files = {}
    for session in ("a1", "a2", "a3", "b1", "b3", "c1", "c3"):
        phases = np.repeat(np.resize([0, 1, 2, 3, 4], 24), 10)
        speed = np.array([0.002, 0.03, 0.08, 0.004, 0.05])[phases]
        walk = np.cumsum(rng.normal(0, speed[:, None], (240, 18)), axis=0)
        offset = {"h": (0.0, -2.6, 0.0), "s": (0.0, 0.0, 0.0)}
        columns = [code + axis for code in JOINTS.values() for axis in "xyz"]
        frame = pd.DataFrame(walk.round(6), columns=columns)
        for code, place in offset.items():
            frame[[code + axis for axis in "xyz"]] = np.array(place) + rng.normal(0, 0.01, (240, 3)).round(6)
        stamps = 1_000_000 + 33 * np.arange(240)
        stamps[120:] += 40_000 if session in ("a1", "b1") else 0
        labels = np.array(PHASES, dtype=object)[phases]
        if session == "b1":
            labels[15] = "Preparação"
        files[f"{session}_raw.csv"] = (
            frame.assign(timestamp=stamps, phase=labels).to_csv(index=False).encode()
        )
    _zip(folder / "gesture_phase/gesture_phase_dataset.zip", files)


def write_polish(folder: Path) -> None:
    """Write 90 tones of five voices, whose pitch and loudness depend on the emotion."""
    rng = np.random.default_rng(2)
    files = {}
    for speaker in range(1, 6):
        for emotion, (pitch, loud) in {"a": (1.3, 0.6), "n": (1.0, 0.3), "s": (1.15, 0.4)}.items():
            for number, word in enumerate(("nie", "oddaj", "podaj", "stop", "tak", "trzymaj")):
                tone = _tone((100 + 15 * speaker + 4 * number) * pitch, 0.4, 16_000, loud, rng)
                files[f"POLISH/m{speaker}.{emotion}_{word}_1.wav"] = _wav(tone, 16_000)
    _zip(folder / "polish_speech/polish_speech_emotions.zip", files)


def write_perception(folder: Path) -> None:
    """Write percentages of generated listeners, in latin-1 with decimal commas and no-break spaces."""
    rng = np.random.default_rng(3)
    names = emodb_names()
    extra = [f"{name[:6]}z" for name in names[::3]]  # recorded, and not kept
    lines = ["Nr.\tSatz\terkannt\tnatuerlich"]
    for number, name in enumerate(sorted([*names, *extra]), start=1):
        low = 40 if name.endswith("z") else 80
        known, natural = rng.integers(low // 5, 21), rng.integers(12, 21)
        lines.append(f"{number}\xa0\t{name}.wav\t{5 * known},00\xa0\t{5 * natural},00\xa0")
    home = folder / "emodb"
    home.mkdir(parents=True)
    (home / "erkennung.txt").write_bytes("\n".join(lines).encode("latin-1") + b"\n")
    (home / "erklaerung.txt").write_text("Generated example.\n")


def write_syllables(folder: Path) -> None:
    """Write syllable times for every recording, the last file empty."""
    rng = np.random.default_rng(4)
    (folder / "silb").mkdir(parents=True)
    names = emodb_names()
    for name in names:
        times = np.cumsum(rng.uniform(0.08, 0.2, 9))
        lines = [f"{time:.6f}\tla" for time in times[:-1]] + [f"{times[-1]:.6f}\t."]
        (folder / f"silb/{name}.silb").write_text("" if name == names[-1] else "\n".join(lines) + "\n")


def write_audio(folder: Path) -> None:
    """Write a tone of 0.8 s for every recording, shorter than some of its syllables."""
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(emodb_names()):
        tone = _tone(120 + 2 * number, 0.8, _RATE, 0.4, rng)
        (folder / f"{name}.wav").write_bytes(_wav(tone, _RATE))


def write_features(folder: Path) -> None:
    """Write features in which a speaker's voice weighs more than the emotion."""
    rng = np.random.default_rng(6)
    names = [f"{name[:6]}{version}" for name in emodb_names() for version in "abc"]
    speakers, letters = sorted({name[:2] for name in names}), sorted(EMOTIONS)
    home = folder / "emodb"
    home.mkdir(parents=True)
    for kind, width in (("mfcc", 43), ("egemaps", 88)):
        voice = dict(zip(speakers, rng.normal(0, 2, (len(speakers), width)), strict=True))
        mood = dict(zip(letters, rng.normal(0, 0.8, (len(letters), width)), strict=True))
        values = [voice[name[:2]] + mood[name[5]] + rng.normal(0, 1, width) for name in names]
        frame = pd.DataFrame(np.round(values, 5), index=pd.Index(names, name="file"))
        frame.to_csv(home / f"emodb_{kind}.csv")


def emodb_names() -> list[str]:
    """Name the recordings of the real subset, so that generated and real files fit together."""
    tree = dataset("cg-mer", "emodb_audio").tree
    members = (
        [] if tree is None else [name for source in tree.sources for name in getattr(source, "members", ())]
    )
    return sorted({PurePosixPath(name).stem for name in members})


def _tone(pitch: float, seconds: float, rate: int, loud: float, rng: np.random.Generator) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3, 4))
    sound: np.ndarray = loud * np.hanning(len(time)) * tone / 2 + rng.normal(0, 0.01, len(time))
    return sound


def _wav(samples: np.ndarray, rate: int) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return stream.getvalue()


def _zip(path: Path, files: dict[str, bytes]) -> None:
    """Write a zip whose bytes depend on its files alone."""
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)


SAMPLES: dict[str, Callable[[Path], None]] = {
    "cremad": write_cremad,
    "gesture_phase": write_gesture,
    "polish": write_polish,
    "emodb": write_perception,
    "emodb_syllables": write_syllables,
    "emodb_audio": write_audio,
    "emodb_features": write_features,
}
