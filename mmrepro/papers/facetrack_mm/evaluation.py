"""Scores of what was told about drawn clips, where every event is known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mmrepro.evidence.description import Normalisation, f1, tem
from mmrepro.papers.facetrack_mm.arms import FACE, TRUE_FACE
from mmrepro.papers.facetrack_mm.runs import SeedRun
from mmrepro.papers.facetrack_mm.scene import Clips, caption, told_events


def exact_scores(
    reference: Sequence[str], told: Sequence[str], normalise: Normalisation = "f1"
) -> tuple[float, float, float]:
    """Score events that are words: recall, precision and TEM, from 0 to 1.

    An event that is told twice counts twice in the number told: repeating is no way to be right.
    """
    same = np.array([[one == other for other in told] for one in reference], dtype=bool)
    same = same.reshape(len(reference), len(told))
    if not len(told):
        return 0.0, 0.0, 0.0
    supported = sum(event in reference for event in dict.fromkeys(told))
    return float(same.any(axis=1).mean()), supported / len(told), tem(same, normalise)


def clip_scores(run: SeedRun, normalise: Normalisation = "f1") -> pd.DataFrame:
    """Score every system on every test clip.

    Returns
    -------
    DataFrame
        seed, system, clip, persons, motion, recall, precision, tem.
    """
    rows: list[dict[str, Any]] = []
    for system, told in run.told.items():
        for clip, text in enumerate(told["describe"]):
            reference = [event.expression for event in run.clips.scripts[clip][0]]
            recall, precision, matching = exact_scores(reference, told_events(text), normalise)
            rows.append(
                {"seed": run.seed, "system": system, "clip": clip, "recall": recall, "precision": precision,
                 "tem": matching}
            )  # fmt: skip
    facts = pd.DataFrame(
        {"clip": range(len(run.clips)), "persons": run.clips.persons, "motion": run.clips.motions}
    )
    return pd.DataFrame(rows).merge(facts, on="clip")


def summary_rows(scores: pd.DataFrame, suffix: str = "") -> list[dict[str, Any]]:
    """Return AutoDQ-F1 and TEM in percent by system and seed; `suffix` is added to the metrics' names.

    AutoDQ-F1 is the F1 of mean recall and mean precision, as the released scorer has it.
    """
    rows = []
    for (system, seed), part in scores.groupby(["system", "seed"], sort=False):
        recall, precision = part["recall"].mean(), part["precision"].mean()
        values = {"AutoDQ-F1": f1(recall, precision), "TEM": part["tem"].mean()}
        rows += [
            {"system": system, "seed": seed, "metric": metric + suffix, "value": 100 * value}
            for metric, value in values.items()
        ]
    return rows


def answer_rows(run: SeedRun) -> list[dict[str, Any]]:
    """Return the share of right answers (%) to "first" and "last" by system."""
    rows = []
    for instruction, place in (("first", 0), ("last", -1)):
        wanted = [caption(scripts[0]).split(" then ")[place] for scripts in run.clips.scripts]
        for system, told in run.told.items():
            if instruction in told:
                right = np.mean([one == other for one, other in zip(told[instruction], wanted, strict=True)])
                rows.append(
                    {
                        "system": system,
                        "seed": run.seed,
                        "metric": f"{instruction} event",
                        "value": 100 * right,
                    }
                )
    return rows


def gain_rows(scores: pd.DataFrame, better: str, worse: str) -> list[dict[str, Any]]:
    """Return how much TEM (points) one system gains on another, with several persons and with one."""
    rows = []
    for several, part in scores.groupby(scores["persons"] > 1):
        means = part.groupby(["seed", "system"])["tem"].mean().unstack()
        gain = 100 * (means[better] - means[worse])
        name = "several persons" if several else "one person"
        rows += [
            {"system": name, "seed": seed, "metric": "gain in TEM", "value": value}
            for seed, value in gain.items()
        ]
    return rows


def tracking_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how much TEM (points) following the detected face loses against its true boxes, by seed."""
    frame = pd.DataFrame(rows)
    means = frame[frame["metric"] == "TEM"].set_index(["seed", "system"])["value"].unstack()
    lost = means[TRUE_FACE.name] - means[FACE.name]
    return [
        {"system": FACE.name, "seed": seed, "metric": "TEM lost to tracking", "value": value}
        for seed, value in lost.items()
    ]


def following_rows(clips: Clips, followed: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Return the share (%) of frames in which the followed box is the main character's, by motion."""
    from mmrepro.papers.facetrack_mm.tracking import overlaps

    rows = []
    for row in range(len(clips)):
        here = ~np.isnan(clips.boxes[row, :, 0, 0])
        hits = [
            not np.isnan(box).any() and overlaps(box[None], truth[None])[0, 0] >= 0.5
            for box, truth in zip(followed[row, here], clips.boxes[row, here, 0], strict=True)
        ]
        rows.append({"seed": seed, "motion": clips.motions[row], "persons": clips.persons[row],
                     "followed": 100 * float(np.mean(hits))})  # fmt: skip
    return rows
