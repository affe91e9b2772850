"""IESN, for readers who were given it: tables and images become the same corpus as the stand-in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mmrepro.data.local import LocalData
from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo.corpus import HANDCRAFTED, Corpus, Relation, number_pairs
from mmrepro.papers.hmg_emo.frozen import FrozenEncoders
from mmrepro.papers.hmg_emo.supplied import read_table, refuse_missing

# Mikels' eight, which IESN's keywords are mapped to.
EMOTIONS = ("amusement", "awe", "contentment", "excitement", "anger", "disgust", "fear", "sadness")
TABLES = {
    "edges.csv": ("user", "image", "emotion"),
    "users.csv": ("user", "group"),
    "links.csv": ("user", "friend"),
    "texts.csv": ("image", "text"),
}
HOW_TO_ASK = (
    "IESN is sent on request: write to Sicheng Zhao (address on sites.google.com/site/schzhao) with your "
    "name, affiliation and supervisor; then lay it out as data_manifests/hmg-emo.yml describes"
)


def load_iesn(source: LocalData, encoders: FrozenEncoders) -> Corpus:
    """Read the copy of IESN that ``MMREPRO_IESN`` points to.

    ``MMREPRO_IESN`` names ``edges.csv`` (user, image, emotion: one row an answer). Beside it lie
    ``users.csv`` (user, group: one row a membership, the group may be empty), ``links.csv`` (user, friend),
    ``texts.csv`` (image, text: what its owner wrote) and the folder ``images`` with ``<image>.jpg``. The
    archive's own layout is not published, so this one is ours.

    Parameters
    ----------
    encoders
        Turn images and texts into features, once; they are kept on disk.

    Raises
    ------
    MMReproError
        When a table, column or image is missing (the sentence says how to ask for IESN), or when an edge
        points to an unknown user or image.
    """
    folder = source.folder
    tables = {name: read_table(folder, name, columns, HOW_TO_ASK) for name, columns in TABLES.items()}
    edges, texts = tables["edges.csv"], tables["texts.csv"]
    images = pd.Index(texts["image"].drop_duplicates())
    users = pd.Index(tables["users.csv"]["user"].drop_duplicates())
    pictures = [folder / "images" / f"{name}.jpg" for name in images]
    refuse_missing(pictures, HOW_TO_ASK)
    ends = _numbered(edges, "edges.csv", user=users, image=images)
    written = texts.groupby("image", sort=False)["text"].agg(" ".join).reindex(images)
    items = {
        "image": encoders.images(pictures),
        "text": encoders.texts(written.tolist()),
        HANDCRAFTED: encoders.colours(pictures),
    }
    present = torch.ones(len(images), len(items), dtype=torch.bool)
    present[:, 1] = torch.tensor((written.str.strip() != "").tolist())
    friends = _numbered(tables["links.csv"], "links.csv", user=users, friend=users)
    return Corpus(
        emotions=EMOTIONS,
        users=_degrees(friends, len(users)),
        items=items,
        present=present,
        modalities=("image", "text"),
        links={("user", "befriends", "user"): friends, **_groups(tables["users.csv"], users)},
        edges=ends,
        labels=_labels(edges["emotion"]),
        pair=number_pairs(ends),
        reaction=torch.zeros(len(edges), 0),
        user_names=tuple(users),
        item_names=tuple(images),
        item_groups=("images",) * len(images),
    )


def _labels(named: pd.Series[str]) -> Tensor:
    """Turn the emotion of each answer into a row of zeros and a one, (answers, 8)."""
    unknown = sorted(set(named) - set(EMOTIONS))
    if unknown:
        raise MMReproError(
            f"edges.csv names the emotion {unknown[0]!r}; it must be one of {', '.join(EMOTIONS)}."
        )
    return torch.eye(len(EMOTIONS))[torch.tensor([EMOTIONS.index(each) for each in named])]


def _numbered(frame: pd.DataFrame, name: str, **known: pd.Index[str]) -> Tensor:
    """Number two columns by what is known; an unknown one is told with its line."""
    rows = []
    for column, index in known.items():
        places = index.get_indexer(pd.Index(frame[column]))
        if (places < 0).any():
            line = int(np.flatnonzero(places < 0)[0])
            kind = "image" if column == "image" else "user"
            raise MMReproError(
                f"{name}, line {line + 2}: the {kind} {frame[column].iloc[line]!r} is in no row of "
                f"{'texts.csv' if kind == 'image' else 'users.csv'}; add it there or drop the line."
            )
        rows.append(torch.from_numpy(places.astype(np.int64)))
    return torch.stack(rows)


def _groups(memberships: pd.DataFrame, users: pd.Index[str]) -> dict[Relation, Tensor]:
    named = memberships[memberships["group"] != ""]
    if named.empty:
        return {}
    groups = pd.Categorical(named["group"]).codes.astype(np.int64)
    ends: Sequence[np.ndarray] = (groups, users.get_indexer(pd.Index(named["user"])).astype(np.int64))
    return {("group", "of", "user"): torch.from_numpy(np.stack(ends))}


def _degrees(friends: Tensor, count: int) -> Tensor:
    """Return a constant and the logarithm of how many friends each user has, (users, 2)."""
    degree = torch.bincount(friends[0], minlength=count)
    return torch.stack([torch.ones(count), torch.log1p(degree)], 1)
