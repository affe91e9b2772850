import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.tarsier2.arms import Told
from mmrepro.papers.tarsier2.winner import CHOSEN_ON, best_f1


def told(share):
    """A candidate whose recall and precision of each video are `share`."""
    values = np.asarray(share, dtype=float)
    return Told("any", 0, [""] * len(values), values, values, values, np.ones(len(values), dtype=int))


@pytest.fixture
def equals(rng):
    """Candidates that are all right by the toss of a coin."""
    return [told(rng.integers(0, 2, size=60)) for _ in range(20)]


def test_among_equals_the_best_is_lucky_where_it_was_chosen_and_nowhere_else(rng):
    draws = [[told(rng.integers(0, 2, size=60)) for _ in range(20)] for _ in range(30)]
    honest, flattered = (np.mean([best_f1(each, half, rounds=40) for each in draws]) for half in CHOSEN_ON)
    assert abs(honest - 50) < 2
    assert flattered > 60


def test_one_candidate_alone_gains_nothing_from_being_chosen(equals):
    assert best_f1(equals[:1], "tested half") == best_f1(equals[:1], "held-back half")


def test_fewer_candidates_flatter_less(equals):
    assert best_f1(equals[:3], "tested half") < best_f1(equals, "tested half")


def test_a_candidate_that_is_better_by_far_is_chosen_either_way(equals):
    best = told(np.ones(60))
    assert [best_f1([*equals, best], half) for half in CHOSEN_ON] == [100, 100]


def test_who_is_never_right_scores_zero():
    assert best_f1([told(np.zeros(6))], "tested half") == 0


def test_another_half_and_no_candidate_are_refused(equals):
    with pytest.raises(MMReproError, match="held-back half or tested half"):
        best_f1(equals, "training half")
    with pytest.raises(MMReproError, match="no candidate"):
        best_f1([], "tested half")
