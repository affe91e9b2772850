import math

import numpy as np
import pytest

from mmrepro.papers.space_operator.score import Approach, Watch, guarded_score, pursuit_score

STILL = (0.0,) * 6


def moving(x, offset=3.0, speed=10.0):
    return (x, offset, 0.0, speed, 0.0, 0.0)


def test_the_score_of_pursuit_by_hand():
    # (0.1 * 20)^2 + (0.5 * 8)^1.5 + (0.1 * 160)^1.25 + 0.01 * 100
    assert pursuit_score(Approach(20.0, 8.0, 160.0, 100.0)) == pytest.approx(4 + 8 + 32 + 1)


def test_the_score_of_pursuit_on_a_run_that_the_game_published():
    row = Approach(235.2028250841451, 77.87944143686991, 651.595703125, 200.80000000002892)
    assert pursuit_score(row) == pytest.approx(983.3304428262093, rel=1e-12)


def test_the_score_with_a_guard_by_hand():
    assert guarded_score(10.0, 99.9) == pytest.approx(100 + 1e4)
    assert guarded_score(0.0, 0.0) == pytest.approx(1e7)


def test_a_watch_finds_a_pass_between_two_moments():
    watch = Watch()
    watch.see(STILL, moving(-6.0), 10.0, 1.0)
    watch.see(STILL, moving(4.0), 11.0, 2.0)
    assert watch.closest == pytest.approx((3.0, 10.0, 1.6, 10.6))
    assert watch.distance == pytest.approx(5.0)


def test_sampling_sees_only_its_moments():
    watch = Watch(between=False)
    watch.see(STILL, moving(-6.0), 10.0, 1.0)
    watch.see(STILL, moving(4.0), 11.0, 2.0)
    assert watch.closest == (5.0, 10.0, 2.0, 11.0)


def test_the_closest_of_several_passes_stays():
    rng = np.random.default_rng(0)
    paths = [(rng.uniform(-9, -1), rng.uniform(1, 9), rng.uniform(2, 8)) for _ in range(20)]
    watch = Watch()
    for before, after, offset in paths:
        watch.see(STILL, moving(before, offset), 0.0, 0.0)
        watch.see(STILL, moving(after, offset), 1.0, 0.0)
    assert watch.closest.distance == pytest.approx(min(offset for *_, offset in paths))


def test_nothing_seen_is_no_approach():
    assert math.isinf(Watch().closest.distance)
