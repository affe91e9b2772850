"""Emotify's answers: who heard what, and which emotions they ticked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError

EMOTIONS = (
    "amazement", "solemnity", "tenderness", "nostalgia", "calmness", "power", "joyful_activation", "tension",
    "sadness",
)  # fmt: skip
PROFILE = ["age", "gender", "language", "mood"]
MOST_TICKED = 3  # emotions a listener was allowed to tick
PLAUSIBLE_AGES = (8, 90)  # years; the file has a few at its edges, such as 5 and 99
_COLUMNS = ["track", "genre", *EMOTIONS, "mood", "liked", "disliked", "age", "gender", "language"]
_LARGEST_LANGUAGES = 12


@dataclass(frozen=True)
class Answers:
    """The answers that are kept, and what was set aside.

    Attributes
    ----------
    frame
        One row an answer: track, genre, the nine emotions (0 or 1), mood (1 to 5), liked, disliked, age
        (NaN where implausible), gender (0 or 1), language, and `listener`, the number of its profile.
    unusable
        Answers without an emotion or with more than three.
    implausible_ages
        Kept answers whose age was set to unknown.
    """

    frame: pd.DataFrame
    unusable: int
    implausible_ages: int

    @property
    def listeners(self) -> pd.DataFrame:
        """One row a profile, in the order of its number: age, gender, language, mood."""
        first = self.frame.drop_duplicates("listener").sort_values("listener")
        return first[PROFILE].reset_index(drop=True)

    @property
    def exact_repeats(self) -> int:
        """Count answers that equal an earlier one in every column."""
        return int(self.frame.duplicated().sum())

    @property
    def repeated_pairs(self) -> int:
        """Count answers of a profile to a song that it has answered before."""
        return int(self.frame.duplicated(["listener", "track"]).sum())


def load_answers(
    path: Path,
    label_rows: Literal["drop", "refuse"] = "drop",
    ages: Literal["unknown", "refuse"] = "unknown",
) -> Answers:
    """Read ``data.csv`` of Emotify.

    The file has no listener id: who has the same age, gender, mother tongue and mood is one *profile*.

    Raises
    ------
    MMReproError
        For other columns or values than documented; for a track of two genres; for unusable answers or
        implausible ages where these are refused.
    """
    frame = read_csv(path, skipinitialspace=True).rename(columns=str.strip)
    frame = frame.rename(columns={"track id": "track", "mother tongue": "language"})
    _check_columns(frame, path)
    ticked = frame[list(EMOTIONS)].sum(axis=1)
    usable = ticked.between(1, MOST_TICKED)
    if label_rows == "refuse" and not usable.all():
        raise MMReproError(
            f"{path.name}: {int((~usable).sum())} answers tick no emotion or more than {MOST_TICKED}, line "
            f"{_line(~usable)} first; choose label_rows='drop' to leave them out."
        )
    odd = ~frame["age"].between(*PLAUSIBLE_AGES)
    if ages == "refuse" and odd.any():
        raise MMReproError(
            f"{path.name}: {int(odd.sum())} ages are not between {PLAUSIBLE_AGES[0]} and "
            f"{PLAUSIBLE_AGES[1]}, line {_line(odd)} first; choose ages='unknown' to keep their answers."
        )
    kept = frame.assign(age=frame["age"].where(~odd), language=frame["language"].str.strip())[usable]
    kept = kept.reset_index(drop=True)
    kept["listener"] = kept.groupby(PROFILE, sort=False, dropna=False).ngroup()
    return Answers(kept, int((~usable).sum()), int(odd[usable].sum()))


def _check_columns(frame: pd.DataFrame, path: Path) -> None:
    missing = [name for name in _COLUMNS if name not in frame]
    if missing:
        raise MMReproError(f"{path.name} lacks the column {missing[0]!r}, which Emotify's data.csv has.")
    for name, allowed in (("mood", range(1, 6)), ("gender", (0, 1)), *((each, (0, 1)) for each in EMOTIONS)):
        wrong = ~frame[name].isin(allowed)
        if wrong.any():
            raise MMReproError(
                f"{path.name}, line {_line(wrong)}: {name} is {frame[name][wrong].iloc[0]}; "
                f"it must be one of {', '.join(map(str, allowed))}."
            )
    if not pd.api.types.is_numeric_dtype(frame["age"]) or frame["language"].isna().any():
        raise MMReproError(f"{path.name}: every answer needs a number as age and a mother tongue.")
    genres = frame.groupby("track")["genre"].nunique()
    if (genres > 1).any():
        raise MMReproError(
            f"{path.name}: track {genres[genres > 1].index[0]} has two genres; it must have one."
        )


def _line(wrong: pd.Series) -> int:
    """Return the line of the file, counted from 1, on which the first wrong row stands."""
    return int(np.flatnonzero(wrong)[0]) + 2


def language_groups(languages: pd.Series) -> pd.Series:
    """Keep the twelve largest mother tongues by name and call the rest ``other``."""
    largest = languages.value_counts().index[:_LARGEST_LANGUAGES]
    return languages.where(languages.isin(largest), "other")


def listener_features(answers: Answers) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Turn profiles into numbers.

    Returns
    -------
    tuple
        Features, shape (listeners, 8 + languages): age in decades from 32 years, whether it is unknown,
        gender, mood and language one-hot; the number of each profile's language group; their names.
    """
    people = answers.listeners
    spoken = language_groups(people["language"])
    names = sorted(spoken.unique())
    groups = np.asarray(pd.Categorical(spoken, categories=names).codes, dtype=np.int64)
    columns = [
        ((people["age"] - 32) / 10).fillna(0).to_numpy(),
        people["age"].isna().to_numpy(),
        people["gender"].to_numpy(),
        *(people["mood"].to_numpy() == mood for mood in range(1, 6)),
        *(groups == number for number in range(len(names))),
    ]
    return np.column_stack(columns).astype(np.float32), groups, names


def profile_names(people: pd.DataFrame) -> list[str]:
    """Spell profiles for readers, as in ``28 years, Dutch, mood 4``."""
    ages = people["age"].map(lambda age: "age unknown" if np.isnan(age) else f"{age:.0f} years")
    return list(ages + ", " + people["language"] + ", mood " + people["mood"].astype(str))


def co_occurrence(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how often (%) the emotion of the column is ticked where that of the row is."""
    ticks = frame[list(EMOTIONS)].to_numpy(dtype=float)
    shares = 100 * (ticks.T @ ticks) / np.maximum(ticks.sum(0)[:, None], 1)
    return pd.DataFrame(shares, index=list(EMOTIONS), columns=list(EMOTIONS))
