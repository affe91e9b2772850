import numpy as np
import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import fusion, panel, votes

VOTES = "cremad/tabulatedVotes.csv"


@pytest.fixture
def rated(sample):
    return votes.load_votes(sample("cremad"))


def edited(spoilt, change):
    def apply(folder):
        frame = pd.read_csv(folder / VOTES, index_col=0)
        change(frame).to_csv(folder / VOTES)

    return spoilt("cremad", apply)


def test_votes_are_read_panel_by_panel(rated, sample):
    raw = pd.read_csv(sample("cremad").path(VOTES), index_col=0)
    row = raw.loc[300_007]
    place = rated.clips.index[rated.clips["clip"] == row["fileName"]][0]
    assert rated.counts["audio-visual"][place].tolist() == row[list("ADFHNS")].tolist()
    assert votes.EMOTIONS[rated.intended[place]][:3].upper() == row["fileName"][9:12]
    assert set(rated.people["sex"]) == {"F", "M"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.assign(A=f["A"] + (f.index == 100_001)), "votes that do not add up to numResponses"),
        (lambda f: f.assign(fileName=f["fileName"].str.replace("ANG", "JOY")), "unknown emotion code"),
        (lambda f: f.set_index(f.index + 400_000), "unknown presentation"),
        (lambda f: pd.concat([f, f.loc[[100_001]]]), "stands twice in one panel"),
        (lambda f: f.assign(fileName=f["fileName"].str.replace("1001_", "1999_")), "1999 has clips but"),
    ],
)  # fmt: skip
def test_a_broken_vote_table_is_refused_by_name(spoilt, change, sentence):
    with pytest.raises(MMReproError, match=sentence):
        votes.load_votes(edited(spoilt, change))


def test_a_lfs_pointer_in_place_of_votes_is_told(spoilt):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 131\n"
    source = spoilt("cremad", lambda folder: (folder / VOTES).write_bytes(pointer))
    with pytest.raises(MMReproError, match="Git LFS pointer"):
        votes.load_votes(source)


def test_thinning_keeps_actors(rated):
    thin = rated.thinned(60)
    assert len(thin) == 60
    assert len(set(thin.actors)) == len(set(rated.actors))
    assert len(rated.thinned(10_000)) == len(rated)


def test_the_corpus_keeps_every_vote(rated):
    corpus = votes.votes_corpus(rated)
    assert corpus.annotations["votes"].sum() == sum(counts.sum() for counts in rated.counts.values())
    assert corpus.sizes()["streams"] == 3 * len(rated)


def hand_made(voice, face, intended, actors):
    clips = pd.DataFrame(
        {"clip": [f"{a}_{n}" for n, a in enumerate(actors)], "actor": actors, "sentence": "x", "level": "XX"}
    )
    people = pd.DataFrame({"actor": sorted(set(actors)), "age": 30, "sex": "F"})
    counts = {"voice": np.array(voice), "face": np.array(face), "audio-visual": np.array(face)}
    return votes.Votes(clips, np.array(intended), counts, people)


VOICE = [[3, 1, 0, 0, 0, 0], [0, 2, 2, 0, 0, 0], [0, 0, 1, 0, 3, 0]]
FACE = [[4, 0, 0, 0, 0, 0], [0, 4, 0, 0, 0, 0], [0, 0, 0, 4, 0, 0]]


def test_recognition_and_alpha_are_those_of_the_counts():
    rated = hand_made(VOICE, FACE, [0, 1, 4], ["a", "a", "b"])
    sums = panel.actor_sums(rated)
    assert sums.recognition()[:2] == pytest.approx([100 * 8 / 12, 100 * 8 / 12])
    for number, name in enumerate(votes.PANELS):
        assert sums.alpha()[number] == pytest.approx(panel.agreement.krippendorff_alpha(rated.counts[name]))
    twice_a = sums.recognition(np.array([[2.0, 0.0]]))
    assert twice_a[0, 0] == pytest.approx(100 * 5 / 8)


def test_drawing_actors_is_measuring_their_clips_again(rated):
    sums = panel.actor_sums(rated)
    weights = np.zeros((1, len(sums.actors)))
    weights[0, [0, 3]] = [2, 1]
    rows = [np.flatnonzero(rated.actors == sums.actors[number]) for number in (0, 0, 3)]
    counts = rated.counts["voice"][np.concatenate(rows)]
    assert sums.alpha(weights)[0, 0] == pytest.approx(panel.agreement.krippendorff_alpha(counts))


def test_a_tie_has_no_majority():
    rated = hand_made(VOICE, FACE, [0, 1, 4], ["a", "a", "b"])
    table = panel.majority_table(rated).set_index("panel")
    assert table.loc["voice", "ties (%)"] == pytest.approx(100 / 3)
    assert table.loc["voice", "majority names the intended (%)"] == 100
    assert table.loc["voice", "fewest"] == 4


def test_confusion_rows_add_up_to_a_hundred(rated):
    maps = panel.confusion(rated)
    assert np.allclose(maps.sum(axis=2), 100)
    rated = hand_made(VOICE, FACE, [0, 1, 4], ["a", "a", "b"])
    assert panel.confusion(rated)[0, 0, :2].tolist() == [75, 25]


def test_emotions_that_do_not_occur_are_left_out():
    table = panel.emotion_table(hand_made(VOICE, FACE, [0, 1, 4], ["a", "a", "b"]))
    assert set(table["emotion"]) == {"anger", "disgust", "neutral"}
    voice = table[(table["panel"] == "voice") & (table["emotion"] == "disgust")].iloc[0]
    assert voice["recognition (%)"] == 50
    assert voice["agreeing pairs (%)"] == pytest.approx(100 / 3)


def test_alpha_does_not_rise_with_raters_but_the_majority_does(rated):
    curve = panel.rater_curve(rated, (2, 6), 4)
    mean = curve.groupby(["panel", "raters"])[["alpha", "majority"]].mean()
    for name in votes.PANELS:
        assert abs(mean.loc[(name, 6), "alpha"] - mean.loc[(name, 2), "alpha"]) < 0.06
    assert mean.loc[("audio-visual", 6), "majority"] > mean.loc[("audio-visual", 2), "majority"] + 10


def test_fixed_rules_on_a_case_by_hand():
    answers = fusion.fixed_fusion(hand_made(VOICE, FACE, [0, 1, 4], ["a", "a", "b"]))
    assert answers["voice"].tolist()[0] == 0
    assert answers["face"].tolist() == [0, 1, 3]
    assert answers["average"].tolist()[:2] == [0, 1]


def test_learned_fusion_beats_chance_and_sees_no_test_actor(rated):
    fused = fusion.fuse(rated, (0, 1), 3, ("face, learned",))
    table = fused.table().set_index("system")
    assert table.loc["voice + face, learned", "value"] > 50
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all()
    assert set(fused.answers["face, learned"]) == {0, 1}
    assert set(fused.answers["voice, learned"]) == {0}
    gap = fused.gap(("face", "voice"))
    assert gap.n_seeds == len(set(rated.actors)) and gap.basis == "items"
    means = (fused.correct("face") - fused.correct("voice")).mean()
    assert gap.value == pytest.approx(means)  # every actor has as many clips
