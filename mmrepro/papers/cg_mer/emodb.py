"""Berlin EmoDB: who was recognised by 20 listeners, when each syllable starts, and how it sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mmrepro.data.local import LocalData
from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer.defect import Defect
from mmrepro.papers.cg_mer.schema import Corpus, validated
from mmrepro.papers.cg_mer.segment import COLUMNS
from mmrepro.papers.cg_mer.speech import Sound, Utterances, read_sound

LISTENERS = 20
KEPT = {"recognised": 80.0, "natural": 60.0}
"""A recording was kept when at least this percentage recognised it and found it natural."""

# The sixth letter of a name is that of the emotion's German word.
EMOTIONS = {"W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness", "T": "sadness",
            "N": "neutral"}  # fmt: skip
_PAUSE = "("  # the files do not explain it; it stands where a sentence is interrupted
_SILENT = ("", ".", _PAUSE)


def load_perception(source: LocalData) -> tuple[pd.DataFrame, list[Defect]]:
    """Read the perception test, which is in latin-1 with decimal commas and padded by no-break spaces.

    Returns
    -------
    tuple
        A table with name, speaker, text, emotion, recognised and natural (percent of listeners), and what
        had to be mended.

    Raises
    ------
    MMReproError
        When a percentage is no number from 0 to 100 or a name has an unknown emotion letter.
    """
    path = source.path("emodb/erkennung.txt")
    raw = read_csv(path, sep="\t", encoding="latin-1", dtype=str).apply(lambda column: column.str.strip())
    lacking = [name for name in ("Satz", "erkannt", "natuerlich") if name not in raw]
    if lacking:
        raise MMReproError(f"{path.name} lacks the column {lacking[0]!r}.")
    raw = raw.dropna(subset=["Satz"])
    commas = int(raw["erkannt"].str.contains(",").sum())
    names = raw["Satz"].str.removesuffix(".wav")
    frame = pd.DataFrame({"name": names, **_parts(names)})
    frame["recognised"] = _percent(raw["erkannt"], path.name)
    frame["natural"] = _percent(raw["natuerlich"], path.name)
    handling = "read as latin-1, commas as decimal points"
    found = [Defect(path.name, "decimal commas and no-break spaces in latin-1", commas, handling)]
    return frame.reset_index(drop=True), found if commas else []


def _parts(names: pd.Series[str]) -> dict[str, pd.Series[str]]:
    emotion = names.str[5].map(EMOTIONS)
    unknown = names[emotion.isna()]
    if len(unknown):
        raise MMReproError(f"{unknown.iloc[0]!r} has none of the emotion letters {''.join(EMOTIONS)}.")
    return {"speaker": names.str[:2], "text": names.str[2:5], "emotion": emotion}


def _percent(values: pd.Series[str], file: str) -> pd.Series[float]:
    numbers = pd.to_numeric(values.str.replace(",", "."), errors="coerce")
    wrong = values[~numbers.between(0, 100)]
    if len(wrong):
        raise MMReproError(
            f"{file}: {wrong.iloc[0]!r} in row {wrong.index[0]} is no percentage from 0 to 100."
        )
    return numbers


def load_features(source: LocalData, kind: str) -> Utterances:
    """Read the features of the kept recordings; `kind` is ``mfcc`` or ``egemaps``."""
    path = source.path(f"emodb/emodb_{kind}.csv")
    frame = read_csv(path, index_col=0)
    names = pd.Series(frame.index.astype(str))
    parts = _parts(names)
    values = frame.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise MMReproError(f"{path.name} has {int((~np.isfinite(values)).sum())} missing or infinite values.")
    columns = {key: column.to_numpy(dtype=str) for key, column in parts.items()}
    return Utterances(
        names.to_numpy(dtype=str), columns["emotion"], columns["speaker"], columns["text"], values
    )


def read_syllables(path: Path) -> tuple[pd.DataFrame, list[Defect]]:
    """Read the syllables of one recording as segments: start_s, end_s, label.

    Each line holds a start in seconds, a tab and a syllable; the next start is its end, and the last line,
    a full stop, is the end of the recording. Blanks instead of the tab and a line that stands twice are
    mended and named.

    Raises
    ------
    MMReproError
        When the file is empty, a line has no time, or times do not rise.
    """
    lines = [line.strip() for line in path.read_text("latin-1").splitlines() if line.strip()]
    if not lines:
        raise MMReproError(f"{path.name} is an empty label file.")
    once = [line for line, before in zip(lines, ["", *lines], strict=False) if line != before]
    defects = [Defect(path.name, "a line stands twice", 1, "read once")] if len(once) < len(lines) else []
    blanks = sum("\t" not in line for line in once)
    if blanks:
        defects.append(Defect(path.name, "blanks instead of tabs", blanks, "read as tabs"))
    parts = [line.split(maxsplit=1) for line in once]
    try:
        times = np.array([float(part[0]) for part in parts])
    except ValueError:
        raise MMReproError(f"{path.name} has a line that does not start with a time in seconds.") from None
    if (np.diff(times) <= 0).any():
        raise MMReproError(f"{path.name} has a time that does not rise.")
    labels = [part[1].strip() if len(part) > 1 else "" for part in parts[:-1]]
    if _PAUSE in labels:
        count = labels.count(_PAUSE)
        defects.append(Defect(path.name, f"the unexplained mark {_PAUSE!r}", count, "read as a pause"))
    frame = pd.DataFrame({"start_s": times[:-1], "end_s": times[1:], "label": labels})
    return frame[~frame["label"].isin(_SILENT)].reset_index(drop=True), defects


def load_syllables(source: LocalData) -> tuple[dict[str, pd.DataFrame], list[Defect]]:
    """Read all syllable files; one that cannot be read is named and left out.

    Returns
    -------
    tuple
        Name -> segments with `COLUMNS`, and what was wrong.
    """
    found, defects = {}, []
    for name in source.files:
        path = source.path(name)
        try:
            rows, mended = read_syllables(path)
        except MMReproError as error:
            problem = (
                str(error).removeprefix(f"{path.name} ").rstrip(".").removeprefix("is ").removeprefix("has ")
            )
            defects.append(Defect(path.name, problem, 1, "left out of the segments"))
        else:
            found[path.stem] = rows[COLUMNS]
            defects += mended
    return found, defects


def load_sounds(source: LocalData) -> dict[str, Sound]:
    """Read the recordings of the subset: name -> sound."""
    paths = [source.path(name) for name in source.files]
    return {path.stem: read_sound(path, path.name) for path in paths}


def cut_to_sound(
    syllables: dict[str, pd.DataFrame], sounds: dict[str, Sound]
) -> tuple[dict[str, pd.DataFrame], list[Defect]]:
    """End every segment where its recording ends, and name the recordings that are too short.

    Segments that start after the end are left out; recordings without syllables too.
    """
    cut, short = {}, []
    for name, sound in sounds.items():
        if name not in syllables:
            continue
        rows = syllables[name]
        if len(rows) and rows["end_s"].iloc[-1] > sound.seconds + 0.005:
            short.append(name)
        inside = rows[rows["start_s"] < sound.seconds]
        cut[name] = inside.assign(end_s=inside["end_s"].clip(upper=sound.seconds))
    handling = "syllables are cut where the sound ends"
    defects = [
        Defect(f"{name}.wav", "the recording ends before its syllables do", 1, handling) for name in short
    ]
    return cut, defects


def emodb_corpus(perception: pd.DataFrame, syllables: dict[str, pd.DataFrame]) -> Corpus:
    """Lay EmoDB out as the five tables; a speaker is a session, 20 listeners are the external view."""
    speakers = sorted(set(perception["speaker"]))
    named = perception["name"]
    hits = (perception["recognised"] * LISTENERS / 100).round().astype(int)
    votes = pd.concat(
        [
            pd.DataFrame({"stream": named, "label": perception["emotion"], "votes": hits}),
            pd.DataFrame({"stream": named, "label": "another emotion", "votes": LISTENERS - hits}),
        ]
    )
    intended = {"stream": named, "viewpoint": "intended", "label": perception["emotion"], "votes": 1}
    segments = [
        rows.assign(stream=name, segment=[f"{name}.{k:03d}" for k in range(len(rows))], tier="syllable")
        for name, rows in syllables.items()
        if name in set(named)
    ]
    streams = {"stream": named, "session": perception["speaker"], "participant": perception["speaker"]}
    tables = {
        "sessions": pd.DataFrame({"session": speakers, "language": "de", "minutes": np.nan}),
        "participants": pd.DataFrame({"participant": speakers, "sex": "unknown", "age": np.nan}),
        "streams": pd.DataFrame({**streams, "modality": "voice", "rate_hz": np.nan, "seconds": np.nan}),
        "annotations": pd.concat(
            [votes[votes["votes"] > 0].assign(viewpoint="external"), pd.DataFrame(intended)]
        ),
    }
    if segments:
        tables["segments"] = pd.concat(segments)
    return validated(tables, "EmoDB")
