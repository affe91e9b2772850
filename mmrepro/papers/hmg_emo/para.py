"""PARA, for readers who have it: what each of 438 people felt at photographs, with who they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mmrepro.data.local import LocalData
from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo.corpus import HANDCRAFTED, Corpus, membership, number_pairs
from mmrepro.papers.hmg_emo.frozen import FrozenEncoders
from mmrepro.papers.hmg_emo.supplied import read_table, refuse_missing

ANSWERS, PEOPLE = "PARA-Images.csv", "PARA-UserInfo.csv"
GROUPS = ("age", "gender", "EducationalLevel", "artExperience", "photographyExperience")
TRAITS = tuple(f"personality-{trait}" for trait in "EANOC")  # of the Big Five
COLUMNS = {
    ANSWERS: ("sessionId", "imageName", "userId", "imgEmotion", "semantic"),
    PEOPLE: ("userId", *GROUPS, *TRAITS),
}
HOW_TO_GET = (
    "PARA comes from cv-datasets.institutecv.com once its terms are accepted; unpack it as "
    "data_manifests/hmg-emo.yml describes"
)


def load_para(source: LocalData, encoders: FrozenEncoders) -> Corpus:
    """Read the copy of PARA whose ``annotation/PARA-Images.csv`` the variable ``MMREPRO_PARA`` names.

    An answer is a row of that table: a person, a photograph, and one emotion. Photographs lie in
    ``imgs/<session>/<name>`` next to the folder ``annotation``. The emotions are those that the file names.

    Parameters
    ----------
    encoders
        Turn photographs into features, once; they are kept on disk.

    Raises
    ------
    MMReproError
        When a table, column, value or photograph is missing (the sentence says how to get PARA), when an
        answer names an unknown person, or when a person's trait is no number.
    """
    answers, people = (_table(source.folder, name) for name in (ANSWERS, PEOPLE))
    names = answers["sessionId"] + "/" + answers["imageName"]
    numbers, photographs = pd.factorize(names)
    scenes = answers.groupby(numbers, sort=True)["semantic"].first()
    paths = [source.folder.parent / "imgs" / name for name in photographs]
    refuse_missing(paths, HOW_TO_GET)
    labels, emotions = _labels(answers["imgEmotion"])
    edges = torch.from_numpy(np.stack([_people(answers["userId"], people["userId"]), numbers]))
    items = {
        "image": encoders.images(paths),
        "scene": torch.from_numpy(pd.get_dummies(scenes).to_numpy(np.float32)),
        HANDCRAFTED: encoders.colours(paths),
    }
    return Corpus(
        emotions=emotions,
        users=_context(people),
        items=items,
        present=torch.ones(len(paths), len(items), dtype=torch.bool),
        modalities=("image", "scene"),
        links={
            ("age", "of", "user"): membership(pd.factorize(people["age"])[0]),
            ("scene", "of", "item"): membership(pd.factorize(scenes)[0]),
        },
        edges=edges,
        labels=labels,
        pair=number_pairs(edges),
        reaction=torch.zeros(len(answers), 0),
        user_names=tuple(people["userId"]),
        item_names=tuple(photographs),
        item_groups=tuple(scenes),
    )


def _table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table whose cells are all filled."""
    frame = read_table(folder, name, COLUMNS[name], HOW_TO_GET)
    wanted = frame[list(COLUMNS[name])]
    lines, columns = np.nonzero((wanted.isna() | (wanted == "")).to_numpy())
    if len(lines):
        raise MMReproError(
            f"{folder / name}, line {lines[0] + 2}: {wanted.columns[columns[0]]} is empty; is the file "
            f"whole? {HOW_TO_GET}."
        )
    return frame


def _labels(named: pd.Series[str]) -> tuple[Tensor, tuple[str, ...]]:
    """Turn the emotion of each answer into a row of zeros and a one; return their names too."""
    codes, emotions = pd.factorize(named, sort=True)
    return torch.eye(len(emotions))[torch.from_numpy(codes)], tuple(emotions)


def _people(answered: pd.Series[str], known: pd.Series[str]) -> np.ndarray:
    """Number the people of the answers by the rows of the table of people."""
    rows = pd.Index(known).get_indexer(pd.Index(answered))
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        line = int(unknown[0])
        raise MMReproError(
            f"{ANSWERS}, line {line + 2}: the user {answered.iloc[line]!r} is in no row of {PEOPLE}; add it "
            "there or drop the line."
        )
    return rows.astype(np.int64)


def _context(people: pd.DataFrame) -> Tensor:
    """Describe each person by the groups they belong to and standardised traits, (people, features)."""
    traits = people[list(TRAITS)].apply(pd.to_numeric, errors="coerce")
    bad = np.flatnonzero(traits.isna().any(axis=1))
    if len(bad):
        raise MMReproError(f"{PEOPLE}, line {bad[0] + 2}: a trait is no number; correct or drop the line.")
    spread = traits.std(ddof=0).replace(0, 1)
    parts = [pd.get_dummies(people[list(GROUPS)]), (traits - traits.mean()) / spread]
    return torch.from_numpy(pd.concat(parts, axis=1).to_numpy(np.float32))
