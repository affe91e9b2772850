import pytest

from mmrepro.papers.facetrack_mm.arms import exhaustive_caption
from mmrepro.papers.facetrack_mm.evaluation import exact_scores
from mmrepro.papers.facetrack_mm.scene import EXPRESSIONS, told_events


def told(repeats):
    return told_events(exhaustive_caption(repeats))


def test_telling_everything_often_enough_holds_every_script_in_its_order(clips):
    longest = max(len(told_events(text)) for text in clips.captions())
    for text in clips.captions():
        assert exact_scores(told_events(text), told(longest), "recall")[2] == 1


def test_telling_everything_once_holds_a_script_told_backwards_only_in_part():
    backwards = list(EXPRESSIONS)[::-1][:2]
    assert exact_scores(backwards, told(1), "recall")[2] == 0.5
    assert exact_scores(backwards, told(2), "recall")[2] == 1


@pytest.mark.parametrize("normalise", ["f1", "max"])
def test_scores_that_count_what_is_told_fall_with_every_repeat(normalise):
    script = list(EXPRESSIONS)[:3]
    once, often = (exact_scores(script, told(repeats), normalise)[2] for repeats in (1, 4))
    assert often < once < 1
