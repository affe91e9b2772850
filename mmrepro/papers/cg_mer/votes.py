"""CREMA-D: the same clips judged by voice, by face and by both; votes as tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.data.local import LocalData
from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError
from mmrepro.evidence.agreement import Counts
from mmrepro.papers.cg_mer.schema import Corpus, validated

PANELS = ("voice", "face", "audio-visual")
"""How raters met a clip, in the order of the data set's presentations 1, 2 and 3."""

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
_LETTERS = list("ADFHNS")
_INTENDED = {"ANG": 0, "DIS": 1, "FEA": 2, "HAP": 3, "NEU": 4, "SAD": 5}
_ROWS_PER_PANEL = 100_000


@dataclass(frozen=True)
class Votes:
    """Votes on every clip by three panels.

    Attributes
    ----------
    clips
        One row a clip: clip, actor, sentence, level.
    intended
        The emotion the actor was told to show, an index into `EMOTIONS`, shape (n,).
    counts
        Panel -> votes, shape (n, 6).
    people
        Actors: actor, age, sex (F or M).
    """

    clips: pd.DataFrame
    intended: NDArray[np.int64]
    counts: dict[str, Counts]
    people: pd.DataFrame

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def actors(self) -> NDArray[np.str_]:
        """The actor of every clip, shape (n,)."""
        return self.clips["actor"].to_numpy(dtype=str)

    def take(self, rows: NDArray[np.int64]) -> Votes:
        """Keep some clips."""
        counts = {panel: votes[rows] for panel, votes in self.counts.items()}
        return Votes(self.clips.iloc[rows].reset_index(drop=True), self.intended[rows], counts, self.people)

    def thinned(self, most: int | None) -> Votes:
        """Keep at most `most` clips, evenly spaced, so that every actor stays."""
        if most is None or most >= len(self):
            return self
        return self.take(np.linspace(0, len(self) - 1, most).astype(np.int64))


def load_votes(source: LocalData) -> Votes:
    """Read the votes of every clip that all three panels judged.

    Raises
    ------
    MMReproError
        When votes do not add up to the stated number of responses, an emotion code or a presentation is
        unknown, an actor is missing from the demographics, or a clip stands twice in a panel.
    """
    frame = read_csv(source.path("cremad/tabulatedVotes.csv"), index_col=0)
    _check_votes(frame)
    frame["panel"] = [PANELS[number - 1] for number in frame.index // _ROWS_PER_PANEL]
    wide = {panel: part.set_index("fileName") for panel, part in frame.groupby("panel", sort=False)}
    names = sorted(set.intersection(*(set(part.index) for part in wide.values())))
    clips = pd.DataFrame({"clip": names})
    parts = clips["clip"].str.split("_", expand=True)
    clips = clips.assign(actor=parts[0], sentence=parts[1], level=parts[3])
    people = read_csv(source.path("cremad/VideoDemographics.csv"))
    people = pd.DataFrame(
        {"actor": people["ActorID"].astype(str), "age": people["Age"], "sex": people["Sex"].str[0]}
    )
    missing = set(clips["actor"]) - set(people["actor"])
    if missing:
        raise MMReproError(f"CREMA-D: actor {min(missing)} has clips but stands in no demographics row.")
    return Votes(
        clips,
        np.asarray(parts[2].map(_INTENDED), dtype=np.int64),
        {panel: wide[panel].loc[names, _LETTERS].to_numpy(np.int64) for panel in PANELS},
        people,
    )


def _check_votes(frame: pd.DataFrame) -> None:
    panels = frame.index.to_numpy() // _ROWS_PER_PANEL
    problems = {
        "is of an unknown presentation": ~np.isin(panels, [1, 2, 3]),
        "has votes that do not add up to numResponses": frame[_LETTERS].sum(axis=1) != frame["numResponses"],
        "has an unknown emotion code": ~frame["fileName"].str[9:12].isin(list(_INTENDED)),
        "stands twice in one panel": pd.DataFrame(
            {"panel": panels, "name": frame["fileName"].to_numpy()}
        ).duplicated(),
    }
    for problem, rows in problems.items():
        wrong = frame["fileName"][np.asarray(rows, dtype=bool)]
        if len(wrong):
            raise MMReproError(f"tabulatedVotes.csv: {wrong.iloc[0]} {problem} ({len(wrong)} row(s)).")


def votes_corpus(votes: Votes) -> Corpus:
    """Lay CREMA-D out as the five tables: a clip is a session of one, its panels are streams."""
    clips = votes.clips
    streams = clips.merge(pd.DataFrame({"modality": PANELS}), how="cross")
    streams["stream"] = streams["clip"] + "." + streams["modality"]
    cells = pd.concat(
        pd.DataFrame(votes.counts[panel], columns=list(EMOTIONS))
        .assign(stream=clips["clip"] + f".{panel}")
        .melt("stream", var_name="label", value_name="votes")
        for panel in PANELS
    )
    people = votes.people[votes.people["actor"].isin(clips["actor"])]
    return validated(
        {
            "sessions": pd.DataFrame({"session": clips["clip"], "language": "en", "minutes": np.nan}),
            "participants": people.rename(columns={"actor": "participant"})[["participant", "sex", "age"]],
            "streams": streams.rename(columns={"clip": "session", "actor": "participant"})[
                ["stream", "session", "participant", "modality"]
            ].assign(rate_hz=np.nan, seconds=np.nan),
            "annotations": cells[cells["votes"] > 0].assign(viewpoint="external"),
        },
        "CREMA-D",
    )
