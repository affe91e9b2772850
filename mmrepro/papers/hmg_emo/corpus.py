"""A corpus of personal emotions: users, items with their modalities, and edges that each carry one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo import emotify, tracks

HANDCRAFTED = "hand-crafted"
Relation = tuple[str, str, str]


@dataclass(frozen=True)
class Corpus:
    """Everything that a model may be given, of Emotify and of IESN alike.

    Attributes
    ----------
    emotions
        Names of the k emotions.
    users
        Context features of each user, shape (u, d).
    items
        Modality -> features of each item, first dimension i; images have four dimensions.
    present
        Which modalities each item has, shape (i, modalities), in the order of `items`.
    modalities
        The modalities that the fused models read; the rest are for baselines and ablations.
    links
        Relations without an emotion, such as (language, of, user) -> index, shape (2, n).
    edges
        User and item of each answer, shape (2, e).
    labels
        Emotions of each answer, shape (e, k), 0 or 1.
    pair
        Number of the (user, item) pair of each answer, shape (e,): answers of one pair are never parted.
    reaction
        What a user said beside the emotion (liked, disliked), shape (e, r): never an input, but in the lab.
    user_names, item_names, item_groups
        How a reader knows a user, an item, and the group (genre) of an item.
    """

    emotions: tuple[str, ...]
    users: Tensor
    items: dict[str, Tensor]
    present: Tensor
    modalities: tuple[str, ...]
    links: dict[Relation, Tensor]
    edges: Tensor
    labels: Tensor
    pair: Tensor
    reaction: Tensor
    user_names: tuple[str, ...]
    item_names: tuple[str, ...]
    item_groups: tuple[str, ...]

    def __post_init__(self) -> None:
        for name, row, count in (("user", 0, len(self.users)), ("item", 1, self.item_count)):
            outside = (self.edges[row] < 0) | (self.edges[row] >= count)
            if outside.any():
                edge = int(outside.nonzero()[0])
                raise MMReproError(
                    f"Edge {edge} points to {name} {int(self.edges[row, edge])}, but there are {count} "
                    f"{name}s, 0 to {count - 1}; correct the edge or add the {name}."
                )
        for name, values in (("users", self.users), *self.items.items()):
            if values.is_floating_point() and not torch.isfinite(values).all():
                bad = int((~torch.isfinite(values.flatten(1)).all(1)).nonzero()[0])
                raise MMReproError(f"The features {name!r} hold a value that is no number, row {bad} first.")
            if name != "users" and len(values) != self.item_count:
                raise MMReproError(f"Modality {name!r} has {len(values)} rows for {self.item_count} items.")

    @property
    def item_count(self) -> int:
        """Number of items."""
        return len(self.present)

    def column(self, modality: str) -> int:
        """Return the column of a modality in `present`."""
        return list(self.items).index(modality)

    def without(self, modality: str, share: float = 1.0, seed: int = 0) -> Corpus:
        """Take a modality away from a share of the items, drawn at random."""
        gone = np.random.default_rng(seed).permutation(self.item_count)[: round(share * self.item_count)]
        present = self.present.clone()
        present[torch.from_numpy(gone), self.column(modality)] = False
        return replace(self, present=present)

    def without_context(self) -> Corpus:
        """Take away what is known of the users: their features and their links."""
        links = {kind: index for kind, index in self.links.items() if "user" not in kind}
        return replace(self, users=torch.zeros_like(self.users), links=links)

    def with_copies(self, rows: Tensor) -> Corpus:
        """Append copies of some answers as if they were new ones: a leak, for the lab alone."""
        fresh = self.pair.max() + 1 + torch.arange(len(rows))
        return replace(
            self,
            edges=torch.cat([self.edges, self.edges[:, rows]], 1),
            labels=torch.cat([self.labels, self.labels[rows]]),
            reaction=torch.cat([self.reaction, self.reaction[rows]]),
            pair=torch.cat([self.pair, fresh]),
        )

    def ungrouped(self) -> Corpus:
        """Treat every answer as a pair, so that repeats may be parted: a leak, for the lab alone."""
        return replace(self, pair=torch.arange(len(self.pair)))


def number_pairs(edges: Tensor) -> Tensor:
    """Number the distinct (user, item) pairs, shape (e,)."""
    pairs: Tensor = edges.unique(dim=1, return_inverse=True)[1]
    return pairs


def kept_tracks(known: tracks.Tracks, most: int | None) -> np.ndarray:
    """Return the rows of the tracks that a run keeps, evenly spaced."""
    count = len(known)
    return np.unique(np.linspace(0, count - 1, min(most or count, count)).round().astype(int))


def from_emotify(
    answers: emotify.Answers, known: tracks.Tracks, image_size: int, most: int | None = None
) -> Corpus:
    """Build the corpus of Emotify: listener profiles, songs, languages and genres.

    Raises
    ------
    MMReproError
        When an answer names a track that has no features.
    """
    ids = known.table["track"].to_numpy()
    unknown = ~answers.frame["track"].isin(ids)
    if unknown.any():
        track = answers.frame["track"][unknown].iloc[0]
        raise MMReproError(f"An answer is about track {track}, which info.csv does not list.")
    rows = kept_tracks(known, most)
    frame = answers.frame[answers.frame["track"].isin(ids[rows])]
    features, languages, _ = emotify.listener_features(answers)
    heard, users = np.unique(frame["listener"].to_numpy(), return_inverse=True)
    genre, genres = tracks.genre_features(known)
    items = {
        "tags": tracks.tag_features(known),
        "image": tracks.image_features(known, image_size),
        "genre": genre,
        HANDCRAFTED: tracks.standardised(known.handcrafted.to_numpy(dtype=float)),
    }
    people = answers.listeners.iloc[heard]
    edges = torch.from_numpy(np.stack([users, np.searchsorted(ids[rows], frame["track"].to_numpy())]))
    return Corpus(
        emotions=emotify.EMOTIONS,
        users=torch.from_numpy(features[heard]),
        items={name: torch.from_numpy(values[rows]) for name, values in items.items()},
        present=torch.ones(len(rows), len(items), dtype=torch.bool),
        modalities=("tags", "image", "genre"),
        links={
            ("language", "of", "user"): membership(languages[heard]),
            ("genre", "of", "item"): membership(genres[rows]),
        },
        edges=edges,
        labels=torch.from_numpy(frame[list(emotify.EMOTIONS)].to_numpy(dtype=np.float32)),
        pair=number_pairs(edges),
        reaction=torch.from_numpy(frame[["liked", "disliked"]].to_numpy(dtype=np.float32)),
        user_names=tuple(emotify.profile_names(people)),
        item_names=tuple(f"{known.table['genre'][row]} {ids[row]}" for row in rows),
        item_groups=tuple(known.table["genre"].iloc[rows]),
    )


def membership(groups: np.ndarray) -> Tensor:
    """Link each member to its group, shape (2, members): group above, member below."""
    return torch.stack([torch.from_numpy(groups.astype(np.int64)), torch.arange(len(groups))])


def describe(corpus: Corpus) -> Mapping[str, int]:
    """Count users, items, answers, pairs and links."""
    counts = {
        "users": len(corpus.users),
        "items": corpus.item_count,
        "answers (edges)": corpus.edges.shape[1],
        "user-item pairs": len(corpus.pair.unique()),
    }
    return counts | {f"links {' '.join(kind)}": index.shape[1] for kind, index in corpus.links.items()}
