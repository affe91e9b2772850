from dataclasses import replace

import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.hmg_emo import corpus as module
from mmrepro.papers.hmg_emo.graph import degrees, group_sizes

from .conftest import tiny_corpus


@pytest.mark.parametrize(
    ("edge", "sentence"),
    [((7, 0), "Edge 1 points to user 7, but there are 3 users, 0 to 2"), ((0, 2), "Edge 1 points to item 2"),
     ((-1, 0), "points to user -1")],
)  # fmt: skip
def test_an_edge_to_nobody_is_refused(edge, sentence):
    with pytest.raises(MMReproError, match=sentence):
        tiny_corpus([(0, 0), edge], [[1, 0], [0, 1]])


def test_features_that_are_no_numbers_are_refused(tiny):
    spoilt = tiny.items["tags"].clone()
    spoilt[1, 2] = torch.nan
    with pytest.raises(MMReproError, match="'tags' hold a value that is no number, row 1 first"):
        replace(tiny, items=tiny.items | {"tags": spoilt})
    with pytest.raises(MMReproError, match="'users'"):
        replace(tiny, users=tiny.users * torch.inf)


def test_a_modality_of_other_length_is_refused(tiny):
    with pytest.raises(MMReproError, match="'tags' has 5 rows for 2 items"):
        replace(tiny, items=tiny.items | {"tags": torch.zeros(5, 5)})


def test_an_answer_about_an_unknown_track_is_refused(read):
    answers, tracks = read
    known = replace(tracks, table=tracks.table.assign(track=tracks.table["track"] + 1000))
    with pytest.raises(MMReproError, match=r"An answer is about track \d+, which info.csv does not list"):
        module.from_emotify(answers, known, 16)


def test_answers_keep_their_song_their_listener_and_their_emotions(read, corpus):
    answers, _ = read
    kept = {int(name.split()[1]) for name in corpus.item_names}
    frame = answers.frame[answers.frame["track"].isin(kept)].reset_index(drop=True)
    assert len(frame) == corpus.edges.shape[1]
    for row in (0, 57, len(frame) - 1):
        user, item = corpus.edges[:, row].tolist()
        assert corpus.item_names[item] == f"{frame['genre'][row]} {frame['track'][row]}"
        assert f"{frame['age'][row]:.0f} years, {frame['language'][row]}" in corpus.user_names[user]
        assert corpus.labels[row].tolist() == frame.loc[row, list(corpus.emotions)].tolist()
        assert corpus.reaction[row].tolist() == frame.loc[row, ["liked", "disliked"]].tolist()


def test_songs_are_kept_evenly(read):
    rows = module.kept_tracks(read[1], 40)
    assert len(rows) == 40 and rows[0] == 0 and rows[-1] == 399
    assert set(np.diff(rows)) <= {10, 11}
    assert len(module.kept_tracks(read[1], None)) == 400


def test_modalities_are_taken_from_the_share_that_is_asked_for(corpus):
    half = corpus.without("image", 0.5, seed=1)
    assert int((~half.present).sum()) == round(corpus.item_count / 2)
    assert half.present[:, corpus.column("tags")].all()
    assert corpus.present.all()
    assert not corpus.without("tags").present[:, corpus.column("tags")].any()


def test_without_context_nothing_is_known_of_users(corpus):
    bare = corpus.without_context()
    assert not bare.users.any()
    assert list(bare.links) == [("genre", "of", "item")]


def test_copies_are_new_pairs_with_the_old_content(tiny):
    more = tiny.with_copies(torch.tensor([2, 0]))
    assert more.edges[:, 5:].T.tolist() == [[1, 1], [0, 0]]
    assert more.labels[5:].tolist() == tiny.labels[[2, 0]].tolist()
    assert not set(more.pair[5:].tolist()) & set(tiny.pair.tolist())


def test_pairs_groups_and_degrees_are_counted(tiny):
    assert tiny.pair[0] == tiny.pair[4] and len(tiny.pair.unique()) == 4
    assert group_sizes(tiny) == {"language": 1}
    users, items = degrees(tiny)
    assert users.tolist() == [2, 2, 1] and items.tolist() == [3, 2]
    counts = module.describe(tiny)
    assert (
        counts["answers (edges)"] == 5
        and counts["user-item pairs"] == 4
        and counts["links language of user"] == 3
    )
