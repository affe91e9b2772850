import itertools
import math

import numpy as np
import pytest

from mmrepro.papers.space_operator.craft import Craft
from mmrepro.papers.space_operator.opponents import (
    NO_BURN,
    NormalBurn,
    Passive,
    ProgradeBurn,
    PursuingGuard,
    RandomBursts,
)

CRAFT = Craft((750000.0, 0.0, 0.0, 0.0, 2170.0, 0.0))


def far(x=0.0, y=1000.0, u=0.0, v=0.0):
    return Craft((750000.0 + x, y, 0.0, u, 2170.0 + v, 0.0))


def test_the_passive_one_never_burns():
    assert Passive().burn(CRAFT, far(), 1.0, 0.0, 0.25) == NO_BURN


def test_the_third_evader_burns_along_the_normal_within_200_m():
    force, cost = NormalBurn().burn(CRAFT, far(), 199.0, 0.0, 0.25)
    assert force == pytest.approx((0, 0, 8000)) and cost == pytest.approx(3.399, abs=1e-3)
    assert NormalBurn().burn(CRAFT, far(), 201.0, 0.0, 0.25) == NO_BURN


def test_the_fourth_evader_burns_a_fifth_along_its_velocity():
    assert ProgradeBurn().burn(CRAFT, far(), 5000.0, 0.0, 0.25)[0] == pytest.approx((0, 1600, 0))


def test_random_bursts_begin_in_range_last_up_to_two_seconds_and_are_half_empty():
    policy = RandomBursts(np.random.default_rng(0))
    assert policy.burn(CRAFT, far(), 2300.0, 0.0, 0.25) == NO_BURN
    forces = [policy.burn(CRAFT, far(), 2000.0, 0.02 * tick, 0.02)[0] for tick in range(50_000)]
    changes = sum(one != other for one, other in itertools.pairwise(forces))
    # A thousand seconds of bursts of a second on average, of which a quarter follows an empty one unseen.
    assert 600 < changes < 900
    idle = sum(force == (0.0, 0.0, 0.0) for force in forces) / len(forces)
    assert 0.4 < idle < 0.6
    assert max(math.hypot(*force) for force in forces) < math.hypot(8000, 4000, 4000)


def test_the_guard_stops_turns_burns_and_coasts():
    guard = PursuingGuard()
    drifting = far(u=5.0)
    force, _ = guard.burn(CRAFT, drifting, 1000.0, 0.0, 0.25)
    assert force == pytest.approx((8000, 0, 0))  # along the drift, to fly with the bandit
    assert guard.burn(CRAFT, far(u=0.1), 1000.0, 1.0, 0.25) == NO_BURN  # slow enough: turns
    assert guard.burn(CRAFT, far(), 1000.0, 1.5, 0.25) == NO_BURN  # still turning
    assert guard.burn(CRAFT, far(), 1000.0, 2.0, 0.25)[0] == pytest.approx((0, 8000, 0))  # at the bandit
    assert guard.burn(CRAFT, far(v=-10.5), 1000.0, 9.0, 0.25) == NO_BURN  # fast enough: coasts
    assert guard.burn(CRAFT, far(u=-9.0, v=-10.5), 1000.0, 9.5, 0.25)[0] != NO_BURN[0]  # off by 40 degrees


def test_the_guard_does_not_overshoot_when_it_stops():
    force, _ = PursuingGuard().burn(CRAFT, far(u=0.25), 1000.0, 0.0, 0.25)
    assert math.hypot(*force) / CRAFT.mass * 0.25 == pytest.approx(0.25)
