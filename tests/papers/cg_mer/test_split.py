import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import recall_score

from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import baseline, leak, split
from mmrepro.papers.cg_mer.speech import Utterances

SPEAKERS = np.repeat(list("abcdef"), 6)


def test_a_speaker_on_both_sides_is_refused():
    with pytest.raises(
        MMReproError, match="The speaker 'a' is in the training and the test part of one fold"
    ):
        split.Fold(np.arange(1, 36), np.array([0]), SPEAKERS)
    with pytest.raises(MMReproError, match="split by session"):
        split.Fold(np.arange(1, 36), np.array([0]), SPEAKERS, "session")


def test_a_row_on_both_sides_is_refused_even_where_speakers_may_leak():
    with pytest.raises(MMReproError, match="Row 3 is in the training and the test part"):
        split.LeakyFold(np.arange(5), np.array([3, 7]))


@pytest.mark.parametrize("folds", [None, 2, 3])
def test_grouped_folds_test_every_row_once_and_keep_groups_whole(folds):
    parts = split.grouped_folds(SPEAKERS, folds=folds, seed=1)
    assert len(parts) == (folds or 6)
    split.check_cover(parts, len(SPEAKERS))
    for part in parts:
        assert not set(SPEAKERS[part.train]) & set(SPEAKERS[part.test])


def test_seeds_draw_other_folds_of_groups():
    one, two = (split.grouped_folds(SPEAKERS, folds=2, seed=seed)[0].test.tolist() for seed in (0, 1))
    assert one != two


def test_too_few_groups_are_refused():
    with pytest.raises(MMReproError, match=r"1 speaker\(s\) cannot be split into 2 folds"):
        split.grouped_folds(np.full(9, "a"))
    with pytest.raises(MMReproError, match=r"6 actor\(s\) cannot be split into 10 folds"):
        split.grouped_folds(SPEAKERS, "actor", folds=10)


def test_random_folds_leak_and_cannot_be_called_a_fold():
    parts = split.random_folds(np.tile([0, 1], 18), 3, 0)
    split.check_cover(parts, 36)
    assert set(SPEAKERS[parts[0].train]) & set(SPEAKERS[parts[0].test])
    with pytest.raises(MMReproError, match="one fold"):
        split.Fold(parts[0].train, parts[0].test, SPEAKERS)


def test_folds_that_miss_a_row_are_refused():
    with pytest.raises(MMReproError, match="every row exactly once"):
        split.check_cover(split.grouped_folds(SPEAKERS)[1:], len(SPEAKERS))


def speakers_and_labels(leaky=True):
    """Make features that tell the speaker's own labels only: nothing of it holds for a new speaker."""
    rng = np.random.default_rng(0)
    speakers = np.repeat([f"s{number}" for number in range(6)], 40)
    labels = np.tile(np.repeat(["no", "yes"], 20), 6)
    sign = np.where(labels == "yes", 1.0, -1.0) * np.where(np.char.str_len(speakers) > 0, 1, 1)
    flip = {f"s{number}": (1 if number % 2 else -1) for number in range(6)}
    own = np.array([flip[name] for name in speakers])
    one_hot = (speakers[:, None] == np.unique(speakers)).astype(float) * 3
    features = np.column_stack([one_hot, one_hot * (sign * own)[:, None], rng.normal(size=(240, 2))])
    return Utterances(np.arange(240).astype(str), labels, speakers, np.tile(["t1", "t2"], 120), features)


def test_a_leak_is_found_where_there_is_one():
    rows = speakers_and_labels()
    answers = leak.speech_answers(rows, (0, 1), 5, "word")
    scores = answers.scores().query("metric == 'UAR'").groupby("system")["value"].mean()
    assert scores[leak.RANDOM] > 90
    assert scores["by speaker"] < 75
    gap = answers.gap((leak.RANDOM, "by speaker"), rows.speakers, "UAR", margin=5)
    assert gap.n_seeds == 6 and gap.basis == "items" and gap.value > 20


def test_weighted_recall_is_the_unweighted_average_recall():
    rng = np.random.default_rng(0)
    labels, answers = rng.choice(list("aaab"), 200), rng.choice(list("ab"), 200)
    expected = recall_score(labels, answers, average="macro") * 100
    assert baseline.recall_shares(labels, answers).mean() == pytest.approx(expected)
    assert baseline.score(labels, answers)["UAR"] == pytest.approx(expected)


def test_answers_come_from_models_that_did_not_see_the_fold():
    labels = np.repeat(["a", "b"], 18)
    folds = split.grouped_folds(np.repeat(["one", "two"], 18))
    answers = baseline.cross_answers(
        lambda: DummyClassifier(strategy="most_frequent"), np.zeros((36, 1)), labels, folds
    )
    assert (answers != labels).all()


def test_gesture_answers_have_three_splits_and_threads_change_nothing():
    from mmrepro.papers.cg_mer.gesture import GestureSet

    rng = np.random.default_rng(0)
    phases = np.tile(["Rest", "Hold"], 60)
    frames = GestureSet(
        rng.normal(size=(120, 5)) + (phases == "Rest")[:, None], phases,
        np.repeat(["a1", "a2", "b1", "b2"], 30), np.repeat(["a", "b"], 60),
    )  # fmt: skip
    one, two = (leak.gesture_answers(frames, (3,), 10, 3, threads) for threads in (1, 2))
    assert list(one.by_split) == ["random rows", "by session", "by person"]
    for name in one.by_split:
        assert (one.by_split[name][3] == two.by_split[name][3]).all()
    assert leak.majority_share(phases) == 50


def test_standardising_by_speaker_takes_the_speaker_out():
    rows = speakers_and_labels()
    found = baseline.standardised_by(rows.features, rows.speakers)
    for name in np.unique(rows.speakers):
        assert np.allclose(found[rows.speakers == name].mean(0), 0, atol=1e-8)


def gaps_by_unit(shared):
    """Give 5 people 200 rows each: their gaps are the person's own where `shared`, else each row's own."""
    people = np.repeat(np.arange(5), 200)
    # Right in 100, 150, 200, 50 and 0 of a person's rows, or in the same share of all, row after row.
    share = np.array([0.5, 0.75, 1, 0.25, 0])[people] if shared else np.full(1000, 0.5)
    right = (np.tile(np.arange(200), 5) % 4 + 0.5) / 4 < share
    labels = np.full(1000, "x")
    answers = leak.Answers(labels, {"a": {0: np.where(right, "x", "y")}, "b": {0: np.full(1000, "y")}})
    ways = {"people": people, "rows": np.arange(1000)}
    return leak.gap_intervals(answers, ("a", "b"), ways).set_index("counted")


def test_counting_rows_of_few_people_gives_an_interval_that_is_too_narrow():
    found = gaps_by_unit(shared=True)
    assert found["units"].to_dict() == {"people": 5, "rows": 1000}
    assert found["gap"].tolist() == pytest.approx([50, 50])
    # By people: t of 4 degrees of freedom, deviation 39.5, over the root of 5.
    assert found.loc["people", "high"] == pytest.approx(50 + 2.776 * 39.53 / 5**0.5, abs=0.1)
    widths = found["high"] - found["low"]
    assert widths["people"] > 10 * widths["rows"]


def test_the_interval_over_people_is_not_wide_for_its_own_sake():
    found = gaps_by_unit(shared=False)
    widths = found["high"] - found["low"]
    assert widths["people"] == 0 < widths["rows"]
