import itertools

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.agents import LambertMPC, Navball
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.picture import picture
from mmrepro.papers.space_operator.prompt import telemetry, understood
from mmrepro.papers.space_operator.teacher import (
    Decisions,
    DemonstrationSettings,
    Recorder,
    _bursts,
    demonstrate,
    joined,
    majority,
    random_starts,
)

SMALL = DemonstrationSettings(size=32)


@pytest.fixture(scope="module")
def decisions():
    return demonstrate(150, 3, SMALL)


def test_demonstrations_have_the_size_asked_for(decisions):
    assert decisions.pictures.shape == (150, 32, 32, 3) and decisions.pictures.dtype == np.uint8
    assert len(decisions.lines) == len(decisions.replies) == 150
    assert all(understood(reply) for reply in decisions.replies)


def test_demonstrations_are_deterministic(decisions):
    again, other = demonstrate(150, 3, SMALL), demonstrate(150, 4, SMALL)
    assert np.array_equal(again.pictures, decisions.pictures)
    assert again[1:] == decisions[1:]
    assert other.lines != decisions.lines


def test_labels_are_the_navball_bots_however_the_craft_came_there(decisions):
    """Far away the bot burns right where the printed motion is to the left, beyond its dead zone."""
    checked = 0
    for line, reply in zip(decisions.lines, decisions.replies, strict=True):
        right, _, down = map(float, line.split()[1:4])
        burn = understood(reply)
        if abs(right) > 0.05:
            assert burn[1] == -np.sign(right)
            checked += 1
        if abs(down) > 0.05:
            assert burn[2] == -np.sign(down)
    assert checked > 50


def test_pictures_and_lines_are_of_the_same_moment():
    env = SpaceEnv()
    env.reset()
    recorder = Recorder(Navball(), 64)
    assert recorder.decisions().pictures.shape == (0, 64, 64, 3)
    for _ in range(3):
        recorder(env.flight)
        assert recorder.decisions().lines[-1] == telemetry(env.flight).line()
        assert np.array_equal(recorder.decisions().pictures[-1], picture(env.flight, 64))
        env.step((1, 1, 0, 0.5))
    assert len(recorder) == 3


def test_the_share_of_random_burns_is_as_asked():
    bursts = list(itertools.islice(_bursts(SMALL, np.random.default_rng(0)), 20_000))
    assert np.mean([burst is not None for burst in bursts]) == pytest.approx(SMALL.noise, abs=0.015)
    quiet = _bursts(DemonstrationSettings(noise=0.0), np.random.default_rng(0))
    assert set(itertools.islice(quiet, 1000)) == {None}


def test_starts_are_random_and_repeatable():
    starts = random_starts(5, 0)
    assert starts == random_starts(5, 0) != random_starts(5, 1)
    assert len({start["roll"] for start in starts}) == 5
    for start in starts:
        own, target = (np.array(each[:3]) for each in start["states"])
        assert 800 <= np.linalg.norm(own - target) <= 4000


def test_moments_are_joined_in_order(decisions):
    both = joined(decisions, decisions)
    assert both.pictures.shape[0] == len(both.lines) == len(both.replies) == 300
    assert both.lines[150:] == decisions.lines


def test_majority_by_hand():
    replies = ["none none up", "none none up", "forward left up", "none none down"]
    assert majority(Decisions(np.zeros((4, 0, 0, 3), np.uint8), [""] * 4, replies)) == 0.5


def test_a_teacher_without_words_is_refused():
    with pytest.raises(MMReproError, match="cannot be said in words"):
        demonstrate(5, 0, SMALL, LambertMPC())
