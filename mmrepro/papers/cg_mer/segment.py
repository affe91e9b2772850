"""Segments: from labels of frames to stretches of time, their gaps and overlaps, and to ELAN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mmrepro.errors import MMReproError

COLUMNS = ["start_s", "end_s", "label"]


def run_lengths(labels: ArrayLike, times: ArrayLike, pieces: ArrayLike | None = None) -> pd.DataFrame:
    """Join neighbouring frames of one label to segments.

    A segment ends where the next frame starts; the last of a piece lasts one median frame longer than
    its time stamp.

    Parameters
    ----------
    labels, times
        One a frame, shape (n,); times in seconds, rising.
    pieces
        A number a frame; a segment never crosses from one piece into the next.

    Returns
    -------
    DataFrame
        start_s, end_s, label.
    """
    names, stamps = np.asarray(labels), np.asarray(times, dtype=float)
    part = np.zeros(len(stamps), dtype=int) if pieces is None else np.asarray(pieces)
    if len(stamps) == 0:
        return pd.DataFrame(columns=COLUMNS)
    step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 0.0
    changed = (names[1:] != names[:-1]) | (part[1:] != part[:-1])
    first = np.r_[0, np.flatnonzero(changed) + 1]
    last = np.r_[first[1:] - 1, len(stamps) - 1]
    following = np.minimum(last + 1, len(stamps) - 1)
    joined = (following > last) & (part[following] == part[last])
    ends = np.where(joined, stamps[following], stamps[last] + step)
    return pd.DataFrame({"start_s": stamps[first], "end_s": ends, "label": names[first]})


def stretches(segments: pd.DataFrame) -> list[tuple[float, float, str]]:
    """Return segments as (start, end, label), for loops."""
    times = segments[["start_s", "end_s"]].to_numpy(float).tolist()
    return [(start, end, str(label)) for (start, end), label in zip(times, segments["label"], strict=True)]


def absorb_short(segments: pd.DataFrame, minimum_s: float) -> pd.DataFrame:
    """Give every segment shorter than `minimum_s` to its longer touching neighbour, shortest first.

    A short segment that touches no other stays: there is nobody to give it to.
    """
    rows = segments[COLUMNS].sort_values("start_s").to_dict("records")
    while True:
        short = [
            number
            for number, row in enumerate(rows)
            if row["end_s"] - row["start_s"] < minimum_s and _touching(rows, number)
        ]
        if not short:
            return merge_equal(pd.DataFrame(rows, columns=COLUMNS))
        number = min(short, key=lambda each: rows[each]["end_s"] - rows[each]["start_s"])
        neighbour = max(_touching(rows, number), key=lambda each: rows[each]["end_s"] - rows[each]["start_s"])
        rows[neighbour]["start_s"] = min(rows[neighbour]["start_s"], rows[number]["start_s"])
        rows[neighbour]["end_s"] = max(rows[neighbour]["end_s"], rows[number]["end_s"])
        del rows[number]


def _touching(rows: list[dict[Any, Any]], number: int) -> list[int]:
    beside = []
    if number > 0 and np.isclose(rows[number - 1]["end_s"], rows[number]["start_s"]):
        beside.append(number - 1)
    if number + 1 < len(rows) and np.isclose(rows[number]["end_s"], rows[number + 1]["start_s"]):
        beside.append(number + 1)
    return beside


def merge_equal(segments: pd.DataFrame) -> pd.DataFrame:
    """Join touching neighbours of one label."""
    rows: list[dict[Any, Any]] = []
    for row in segments.to_dict("records"):
        if rows and rows[-1]["label"] == row["label"] and np.isclose(rows[-1]["end_s"], row["start_s"]):
            rows[-1]["end_s"] = row["end_s"]
        else:
            rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def gaps(segments: pd.DataFrame, longer_than_s: float = 0.0) -> pd.DataFrame:
    """Return the unlabelled stretches between the first and the last segment: start_s, end_s."""
    ordered = segments.sort_values("start_s")
    reached = ordered["end_s"].cummax().shift()
    open_ = ordered["start_s"] - reached > max(longer_than_s, 1e-9)
    return pd.DataFrame({"start_s": reached[open_], "end_s": ordered["start_s"][open_]}).reset_index(
        drop=True
    )


def overlaps(segments: pd.DataFrame) -> pd.DataFrame:
    """Return where a segment starts before an earlier one has ended: start_s, end_s."""
    ordered = segments.sort_values("start_s")
    reached = ordered["end_s"].cummax().shift()
    inside = reached - ordered["start_s"] > 1e-9
    ends = np.minimum(reached[inside], ordered["end_s"][inside])
    return pd.DataFrame({"start_s": ordered["start_s"][inside], "end_s": ends}).reset_index(drop=True)


def write_elan(path: Path, tiers: dict[str, pd.DataFrame], media: str | None = None) -> None:
    """Write tiers of segments as an ELAN file (.eaf), times rounded to milliseconds.

    Raises
    ------
    MMReproError
        When segments of one tier overlap, which ELAN does not allow.
    """
    from pympi.Elan import Eaf

    document = Eaf(author="mmrepro")
    document.remove_tier("default")
    if media:
        document.add_linked_file(media, mimetype="video/mp4")
    for name, segments in tiers.items():
        crossing = overlaps(segments)
        if len(crossing):
            raise MMReproError(
                f"Tier {name!r}: segments overlap at {crossing['start_s'].iloc[0]:.3f} s, which ELAN forbids."
            )
        document.add_tier(name)
        for start, end, label in stretches(segments):
            document.add_annotation(name, round(start * 1000), round(end * 1000), label)
    document.to_file(str(path))


def read_elan(path: Path) -> dict[str, pd.DataFrame]:
    """Read the tiers of an ELAN file back: tier -> start_s, end_s, label."""
    from pympi.Elan import Eaf

    document = Eaf(str(path))
    return {
        name: pd.DataFrame(
            [
                (start / 1000, end / 1000, label)
                for start, end, label, *_ in sorted(document.get_annotation_data_for_tier(name))
            ],
            columns=COLUMNS,
        )
        for name in document.get_tier_names()
    }
