import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.description import OFFICIAL, autodq, f1, overall
from mmrepro.evidence.events import EventExtractor
from mmrepro.evidence.judge import OverlapJudge
from mmrepro.papers.tarsier2 import calibration, edits, scoring
from mmrepro.papers.tarsier2.captions import clauses
from mmrepro.papers.tarsier2.settings import JudgeSettings
from mmrepro.papers.tarsier2.truth import ExactJudge


@pytest.fixture(scope="module")
def judge():
    return OverlapJudge(0.6)


def exact(reference, text, rule=None):
    return autodq(ExactJudge(), reference, clauses(reference), text, clauses(text), rule)


def test_a_word_gives_way_to_its_opposite_with_its_ending():
    assert edits.flipped("The man walks up.", edits.LISTED) == "The woman walks up."
    assert edits.flipped("She raises it.", edits.LISTED) == "She lowers it."
    assert edits.flipped("It opens.", {"open": "close"}) == "It closes."
    assert edits.flipped("A dog barks.", edits.LISTED) is None


def test_other_words_say_the_same():
    assert edits.reworded("The man picks the ball up.") == "The guy grabs the ball up."


def test_the_two_lists_of_opposites_share_no_pair():
    assert not {(word, other) for word, other in edits.UNLISTED.items() if edits.LISTED.get(word) == other}


def test_one_event_less_or_more_is_in_the_middle():
    assert edits.without_one(["a", "b", "c"]) == ["a", "c"]
    assert edits.with_one_more(["a", "b"], "x") == ["a", "x", "b"]
    assert edits.told(["A runs.", "B jumps"]) == "A runs. B jumps."


def test_the_metric_sees_what_is_dropped_or_invented_and_not_the_order(judge, clips):
    table = scoring.sensitivity(judge, clips[:12]).set_index("edit")
    whole = table.loc[scoring.UNCHANGED]
    assert whole["F1"] == whole["TEM"] == 100
    assert table.loc[scoring.REVERSED, "F1"] == whole["F1"]
    assert table.loc[scoring.REVERSED, "TEM"] < whole["TEM"]
    assert table.loc[scoring.DROPPED, "recall"] < 100 == table.loc[scoring.DROPPED, "precision"]
    assert table.loc[scoring.INVENTED, "precision"] < 100 == table.loc[scoring.INVENTED, "recall"]
    empty = table.loc[scoring.EMPTY]
    assert empty["recall"] == empty["precision"] == empty["F1"] == 0
    assert empty["official precision"] == 100


def test_an_empty_or_missing_prediction_scores_zero_and_does_not_crash(judge, clips):
    scored = scoring.system_scores(judge, EventExtractor(), clips[:2], {clips[0].number: "  "})
    assert [(score.recall, score.precision) for score in scored] == [(0.0, 0.0)] * 2
    assert overall(scored, ["a", "b"]).f1 == 0
    official = scoring.system_scores(judge, EventExtractor(), clips[:1], {}, OFFICIAL)
    assert official[0].precision == 1.0


def test_a_bootstrap_is_centred_and_pairs_equal_systems():
    texts = ["red rises then blue grows", "red rises", "blue sinks", "red rises then blue sinks"] * 10
    scores = [exact("red rises then blue grows", text) for text in texts]
    kinds = ["a", "b"] * 20
    draws = scoring.bootstrap({"one": scores, "same": scores}, kinds, rounds=500)
    assert (draws["one"] == draws["same"]).all()
    assert draws["one"].mean() == pytest.approx(100 * overall(scores, kinds).f1, abs=2)


def test_orders_are_counted_by_pairs():
    published = {"a": 3.0, "b": 2.0, "c": 1.0}
    assert scoring.orders_as(published, {"a": 9, "b": 8, "c": 7}) == 3
    assert scoring.orders_as(published, {"a": 8, "b": 9, "c": 7}) == 2
    assert scoring.orders_as(published, {"a": 1, "b": 2, "c": 3}) == 0


def test_scores_join_as_hand_arithmetic_has_it():
    scores = [
        exact("red rises then blue grows", "red rises"),
        exact("red rises", "red rises then red grows"),
        exact("red rises", "blue grows"),
    ]
    joined = overall(scores, ["a", "a", "b"])
    recall, precision = (0.75 + 0) / 2, (0.75 + 0) / 2
    assert joined == (recall, precision, f1(recall, precision))


def test_a_judge_is_calibrated_on_some_clips_and_graded_on_others(clips):
    first, second = calibration.split_clips(clips, 20, 20)
    assert not {clip.number for clip in first} & {clip.number for clip in second}
    made, graded = calibration.calibrated(OverlapJudge(0.5), first, second)
    assert 0.2 <= made.threshold <= 0.9
    assert graded.area() > 0.9 and graded.accuracy(made.threshold) > 0.8
    assert len(graded.own) == sum(len(clip.events) for clip in second)


def test_a_threshold_separates_what_can_be_separated():
    graded = calibration.Graded(np.array([0.8, 0.9]), np.array([0.1, 0.3]))
    found = calibration.best_threshold(graded)
    assert 0.3 < found <= 0.8 and graded.accuracy(found) == 1 and graded.area() == 1


def test_a_veto_refuses_listed_opposites_only(clips):
    table = calibration.contradictions(OverlapJudge(0.5), clips[:20]).set_index("opposites")
    known = table.loc["known to the veto"]
    assert known["events"] > 0
    assert known["contradicted, veto"] < known["contradicted, plain"]
    unknown = table.loc["unknown to it"]
    assert unknown["contradicted, veto"] == unknown["contradicted, plain"]


def test_clips_without_company_cannot_grade_a_judge(clips, rng):
    with pytest.raises(MMReproError, match="No two clips share a category"):
        calibration.grade(OverlapJudge(0.5), clips[:1], rng)


@pytest.mark.loopback
def test_a_service_that_is_down_ends_in_one_sentence(clips, tmp_path):
    asked = JudgeSettings(kind="language", base_url="http://127.0.0.1:9/v1", model="none")
    judge, source = scoring.chosen_judge(asked, OverlapJudge(0.5), tmp_path)
    judge.endpoint.retries = source.endpoint.retries = 0
    with pytest.raises(MMReproError, match=r"does not answer.*run this again"):
        scoring.system_scores(judge, source, clips[:1], {clips[0].number: "A man walks."})
