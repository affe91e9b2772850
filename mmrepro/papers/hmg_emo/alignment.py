"""Do rows belong together? Features to tracks by genre and loudness, answers to tracks by what is felt."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo.emotify import Answers
from mmrepro.papers.hmg_emo.tracks import TAGS, Tracks

_TAG_OF_GENRE = {"classical": "classical", "techno": "electronic", "rock": "rock"}
_LEAST_CORRELATION = 0.2  # within a genre; a wrong row order gives about 0


def check_features(tracks: Tracks) -> pd.DataFrame:
    """Assert that features belong to the tracks they stand beside, and return what was compared.

    Returns
    -------
    DataFrame
        Columns check, genre, value: the tag of a genre against other genres, correlations with loudness.

    Raises
    ------
    MMReproError
        When a check fails, which says that the rows are not those of ``info.csv``.
    """
    means = np.nanmean(tracks.tags, axis=1)
    genre, loudness = tracks.table["genre"].to_numpy(), tracks.table["loudness"].to_numpy()
    rows: list[tuple[str, str, float]] = []
    for tag, home in _TAG_OF_GENRE.items():
        scores = means[:, TAGS.index(tag)]
        gap = scores[genre == home].mean() - scores[genre != home].mean()
        rows.append((f"tag {tag!r}: mean log-probability above that of other genres", home, float(gap)))
    level = {"tag 'loud'": means[:, TAGS.index("loud")], "RMS energy": tracks.handcrafted["rms_mean"]}
    level["mel image brightness"] = tracks.images.mean(axis=(1, 2))
    for name, values in level.items():
        for home in np.unique(genre):
            found = np.corrcoef(np.asarray(values)[genre == home], loudness[genre == home])[0, 1]
            rows.append((f"{name}: correlation with loudness", home, float(found)))
    return _all_hold(
        pd.DataFrame(rows, columns=["check", "genre", "value"]),
        "Features are not in the order of info.csv",
        "Give the feature file with its rows in the order of info.csv (1, 10, 100, 11...).",
    )


def check_answers(answers: Answers, tracks: Tracks) -> pd.DataFrame:
    """Assert that answers are about the tracks whose features they will be predicted from.

    Genre cannot show whether the right song of a genre was taken; calmness can, where songs are slow.

    Returns
    -------
    DataFrame
        As `check_features`: within each genre, the correlation of calmness with the tag ``slow``.

    Raises
    ------
    MMReproError
        When an answer names another genre than its track has, or a correlation is missing.
    """
    known = tracks.table.set_index("track")["genre"]
    frame = answers.frame[answers.frame["track"].isin(known.index)]
    differing = frame[frame["genre"] != frame["track"].map(known)]
    if len(differing):
        row = differing.iloc[0]
        raise MMReproError(
            f"An answer says that track {row['track']} is {row['genre']}, but its features are of "
            f"{known[row['track']]}: answers and features number tracks differently; go by genre and file."
        )
    calm = frame.groupby("track")["calmness"].mean()
    slow = pd.Series(np.nanmean(tracks.tags, axis=1)[:, TAGS.index("slow")], index=known.index)
    rows = []
    for home, members in calm.groupby(known.reindex(calm.index)):
        found = np.corrcoef(members, slow[members.index])[0, 1]
        rows.append(("calmness of the answers: correlation with the tag 'slow'", str(home), float(found)))
    return _all_hold(
        pd.DataFrame(rows, columns=["check", "genre", "value"]),
        "Answers are not about the tracks beside them",
        "Number tracks by genre and sound file in both.",
    )


def _all_hold(table: pd.DataFrame, problem: str, remedy: str) -> pd.DataFrame:
    least = np.where(table["check"].str.contains("correlation"), _LEAST_CORRELATION, 0.0)
    failed = table[~(table["value"] > least)]
    if len(failed):
        check, home, value = failed.iloc[0]
        raise MMReproError(f"{problem}: {check}, genre {home}, is {value:.2f}. {remedy}")
    return table
