import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.judge import Relation
from mmrepro.papers.tarsier2 import captions
from mmrepro.papers.tarsier2.renderer import Event, draw_scenes
from mmrepro.papers.tarsier2.truth import ExactJudge

EVENTS = (Event("red", "moves left", 0, 3), Event("blue", "grows", 5, 7))


def test_events_are_told_in_three_ways():
    assert captions.describe(EVENTS) == "red moves left then blue grows"
    assert captions.describe_grounded(EVENTS) == "<0> <3> red moves left then <5> <7> blue grows"
    brief = {captions.describe_briefly(EVENTS, np.random.default_rng(seed)) for seed in range(20)}
    assert brief == {"red moves left", "blue grows"}


def test_what_is_told_is_read_back(rng):
    for scene in draw_scenes(50, rng):
        clauses = [event.clause for event in scene.events]
        assert captions.clauses(captions.describe(scene.events)) == clauses
        grounded = captions.describe_grounded(scene.events)
        assert captions.clauses(grounded) == clauses
        assert captions.spans(grounded) == [(event.first, event.last) for event in scene.events]


def test_every_word_is_in_the_vocabulary(rng):
    known = set(captions.words())
    for scene in draw_scenes(100, rng):
        assert set(captions.describe_grounded(scene.events).split()) <= known


def test_a_clause_told_twice_counts_once_and_nothing_is_no_clause():
    assert captions.clauses("red rises then red rises then blue") == ["red rises", "blue"]
    assert captions.clauses("") == []
    assert captions.clauses("then then") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<5> <3> red rises", "from frame 5 to 3"),
        ("<5> <12> red rises", "0 to 11"),
        ("<5> red rises", "1 frame tags"),
    ],
)
def test_frames_out_of_range_are_refused(text, reason):
    with pytest.raises(MMReproError, match=reason):
        captions.spans(text)


def test_the_exact_judge_knows_itself_its_opposite_and_the_rest():
    relations = ExactJudge().between(
        ["red rises", "blue flashes"], ["red rises", "red sinks", "blue rises", "blue flashes"]
    )
    same, denied, other = Relation.ENTAILMENT, Relation.CONTRADICTION, Relation.NEUTRAL
    assert relations.tolist() == [[same, denied, other, other], [other, other, other, same]]
    told = ExactJudge().against_text(["red rises", "red grows", "blue grows"], "red rises then red shrinks")
    assert told.tolist() == [same, denied, other]
    assert ExactJudge().against_text(["red rises"], "").tolist() == [other]
    assert ExactJudge().between([], ["red rises"]).shape == (0, 1)
