from functools import partial

import numpy as np
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator.agents import Navball, fly
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.eye import Eye
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.picture import blanked
from mmrepro.papers.space_operator.policy import Operator
from mmrepro.papers.space_operator.prompt import telemetry, told
from mmrepro.papers.space_operator.rollout import IN_TURN, corrected, rollout
from mmrepro.papers.space_operator.teacher import random_starts

TINY = DecoderSettings(width=32, depth=1, num_heads=2)
SHORT = partial(SpaceEnv, "PE1_E1_I3", gap=0.04, rules=Rules(timeout=20.0))
STARTS = random_starts(3, 0)


def operator(senses="text"):
    torch.manual_seed(0)
    return Operator(senses, TINY, Eye(32, 32))


class Oracle(Operator):
    """Says what it was told to say for each line of telemetry."""

    def __init__(self, answer):
        super().__init__("text", TINY)
        self.answer = answer

    def reply(self, pictures, lines, *, free=False):
        return [self.answer(line) for line in lines]


def test_an_operator_that_replies_as_the_teacher_flies_as_the_teacher():
    """The closed loop adds nothing of its own: every flight of a batch ends as `agents.fly` ends it."""
    answers = {}

    def note(flight):
        answers[telemetry(flight).line()] = told(Navball().act(flight))

    together = rollout(Oracle(lambda line: answers[line]), STARTS, watch=note)
    for number, (start, ended) in enumerate(zip(STARTS, together, strict=True)):
        alone = fly(IN_TURN(), Navball(0.5), seed=number, options=start)
        assert ended["decisions"] == alone["decisions"] and ended["malformed"] == 0
        assert ended["score"] == alone["score"] and ended["closest_approach"] == alone["closest_approach"]


@pytest.mark.parametrize(("waiting", "used"), [("hold", True), ("coast", False)])
def test_malformed_replies_are_held_or_coasted(waiting, used):
    calls = []

    def answer(line):
        calls.append(line)
        return "forward none none" if len(calls) == 1 else "what?"

    (ended,) = rollout(Oracle(answer), STARTS[:1], partial(SHORT, waiting=waiting))
    assert ended["malformed"] == ended["decisions"] - 1 > 10
    once = 0.5 * 3.399  # kg of one burn
    assert ended["propellant_kg"] == pytest.approx(once * (ended["decisions"] if used else 1), rel=0.05)


@pytest.mark.parametrize("senses", ["text", "picture", "both"])
def test_a_real_operator_flies_to_the_end_and_again_the_same(senses):
    model = operator(senses)
    first, again = rollout(model, STARTS, SHORT), rollout(model, STARTS, SHORT)
    assert first == again
    assert all(ended["closest_approach"]["true"].distance > 0 for ended in first)


def test_company_does_not_change_a_flight():
    model = operator("both")
    assert rollout(model, STARTS[:1], SHORT) == rollout(model, STARTS, SHORT)[:1]


def test_the_operator_sees_what_a_control_leaves_and_only_if_it_looks():
    seen = []

    def look(pictures):
        seen.append(pictures.shape)
        return blanked(pictures)

    rollout(operator("picture"), STARTS, SHORT, look=look)
    assert seen[0] == (3, 32, 32, 3)
    count = len(seen)
    rollout(operator("text"), STARTS, SHORT, look=look)
    assert len(seen) == count


def test_dagger_notes_the_teacher_where_the_operator_goes():
    found = corrected(operator(), STARTS, Navball(), SHORT, size=32)
    flown = rollout(operator(), STARTS, SHORT)
    assert len(found.lines) == sum(ended["decisions"] for ended in flown)
    assert found.pictures.shape == (len(found.lines), 32, 32, 3)
    right = np.array([float(line.split()[1]) for line in found.lines])
    says_left = np.array([reply.split()[1] == "left" for reply in found.replies])
    assert says_left[right > 0.05].all() and not says_left[right < -0.05].any()


def test_a_share_of_the_replies_is_spoilt():
    flown = rollout(operator(), STARTS, SHORT, spoilt=0.3)
    assert flown == rollout(operator(), STARTS, SHORT, spoilt=0.3)
    share = sum(ended["malformed"] for ended in flown) / sum(ended["decisions"] for ended in flown)
    assert 0.1 < share < 0.5


def test_replies_that_take_time_leave_fewer():
    in_turn, late = (rollout(operator(), STARTS, partial(SHORT, reply_time=each)) for each in (0.0, 5.0))
    assert all(one["decisions"] > 3 * two["decisions"] for one, two in zip(in_turn, late, strict=True))


def test_no_start_is_refused():
    with pytest.raises(MMReproError, match="at least one"):
        rollout(operator(), [])
