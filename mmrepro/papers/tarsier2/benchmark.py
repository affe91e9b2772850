"""DREAM-1K, the benchmark of descriptions: clips with reference and events, and systems' predictions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.paper import first_problem

# As the file spells them -> as the paper's table does.
CATEGORIES = {
    "DREAM/movie_live_action": "live-action",
    "DREAM/movie_animation": "animation",
    "DREAM/videvo": "stock",
    "DREAM/youtube": "YouTube",
    "DREAM/vertical_video": "shorts",
}


@dataclass(frozen=True)
class Clip:
    """One clip of the benchmark.

    Attributes
    ----------
    number, video
        Its number, and the name (without ending) of its video.
    reference, events
        A person's description, and the events that a language model found in it.
    duration
        In seconds.
    """

    number: int
    video: str
    category: str
    reference: str
    events: tuple[str, ...]
    duration: float
    shots: int
    subjects: int


class Prediction(BaseModel):
    """One description by one system."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    idx: int
    system: str
    prediction: str


def read_clips(path: Path) -> list[Clip]:
    """Read the benchmark's JSON lines.

    Raises
    ------
    MMReproError
        For a line that is no JSON or lacks a part, an unknown category, or a number that stands twice.
    """
    clips: dict[int, Clip] = {}
    for place, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        clip = _clip(line, f"{path.name}, line {place}")
        if clip.number in clips:
            raise MMReproError(f"{path.name}, line {place}: clip {clip.number} stands there twice.")
        clips[clip.number] = clip
    if not clips:
        raise MMReproError(f"{path.name} has no clip; fetch it again.")
    return list(clips.values())


def _clip(line: str, where: str) -> Clip:
    try:
        row: dict[str, Any] = json.loads(line)
        answer = next(message for message in row["messages"] if message["role"] == "assistant")
        facts = row["extra_info"]
        found = Clip(
            number=int(row["idx"]),
            video=str(row["vid"]),
            category=CATEGORIES.get(row["dataset"], ""),
            reference=str(answer["content"][0]["reference"] or ""),
            events=tuple(str(event) for event in facts["events"]),
            duration=float(facts["duration"]),
            shots=int(facts["n_shots"]),
            subjects=int(facts["n_subjects"]),
        )
    except json.JSONDecodeError:
        raise MMReproError(f"{where} is not JSON; the file holds one JSON object a line.") from None
    except (KeyError, StopIteration, IndexError, TypeError, ValueError) as error:
        raise MMReproError(
            f"{where} lacks a part of DREAM-1K's layout ({type(error).__name__}: {error}); it needs idx, "
            "vid, dataset, messages with an assistant's reference, and extra_info with events."
        ) from None
    if not found.category:
        raise MMReproError(
            f"{where}: {row['dataset']!r} is no category: {nearest(row['dataset'], CATEGORIES)}"
        )
    if not found.reference.strip():
        raise MMReproError(f"{where}: clip {found.number} has no reference.")
    return found


def evenly(clips: Sequence[Clip], count: int | None) -> list[Clip]:
    """Keep `count` clips, evenly spaced over each category in turn; None keeps all."""
    if count is None or count >= len(clips):
        return list(clips)
    ordered = sorted(clips, key=lambda clip: (clip.category, clip.number))
    return [ordered[place * len(ordered) // count] for place in range(count)]


def statistics(clips: Sequence[Clip]) -> pd.DataFrame:
    """Tabulate means by category and over all clips."""
    rows = pd.DataFrame(
        {
            "category": clip.category,
            "events": len(clip.events),
            "seconds": clip.duration,
            "words": len(clip.reference.split()),
            "subjects": clip.subjects,
            "shots": clip.shots,
        }
        for clip in clips
    )
    order = [name for name in CATEGORIES.values() if name in set(rows["category"])]
    table = rows.groupby("category").mean().loc[order]
    table.insert(0, "clips", rows.groupby("category").size())
    table.loc["all"] = [len(rows), *rows.drop(columns="category").mean()]
    return table.astype({"clips": int}).reset_index(names="category")


def read_predictions(path: Path, known: Iterable[int]) -> dict[str, dict[int, str]]:
    """Read predictions, a JSON list of idx, system and prediction; return system -> clip -> text.

    An empty prediction is allowed, and scores zero.

    Raises
    ------
    MMReproError
        For a row of another form, a clip that the benchmark lacks, or one that a system describes twice.
    """
    try:
        rows = [Prediction.model_validate(row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except ValidationError as error:
        raise MMReproError(f"{path.name}: {first_problem(error, Prediction.model_fields)}") from None
    except (json.JSONDecodeError, TypeError):
        raise MMReproError(f"{path.name} is no JSON list of idx, system and prediction.") from None
    numbers, found = set(known), dict[str, dict[int, str]]()
    for row in rows:
        if row.idx not in numbers:
            raise MMReproError(f"{path.name} describes clip {row.idx}, which the benchmark does not have.")
        own = found.setdefault(row.system, {})
        if row.idx in own:
            raise MMReproError(f"{path.name}: {row.system} describes clip {row.idx} twice.")
        own[row.idx] = row.prediction
    return found


def coverage(predictions: Mapping[str, Mapping[int, str]], clips: Sequence[Clip]) -> pd.DataFrame:
    """Count, for each system, clips that it describes, leaves out, and describes with nothing at all."""
    numbers = {clip.number for clip in clips}
    return pd.DataFrame(
        {
            "system": system,
            "described": len(numbers & set(texts)),
            "missing": len(numbers - set(texts)),
            "empty": sum(not texts[number].strip() for number in numbers & set(texts)),
        }
        for system, texts in predictions.items()
    )
