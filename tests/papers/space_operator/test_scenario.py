import json
import os
from pathlib import Path

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.orbit import position, velocity
from mmrepro.papers.space_operator.scenario import ORBITS, START, random_start, scenario
from mmrepro.papers.space_operator.vector import norm, subtract

MIRROR = os.environ.get("MMREPRO_MIRROR")


def apart(states, one, other):
    return norm(subtract(position(states[one]), position(states[other])))


def test_names_are_the_games():
    assert scenario("PE1_E3_I3") == scenario("pe1_e3_i3")
    assert scenario("LBG1_LG1_I2").guarded


def test_pursuit_i3_and_the_guarded_start_are_as_far_apart_as_the_game_says():
    states = scenario("PE1_E1_I3").states(START)
    assert apart(states, 0, 1) == pytest.approx(2618.0, abs=0.01)
    assert norm(subtract(velocity(states[0]), velocity(states[1]))) == pytest.approx(7.57, abs=0.01)
    states = scenario("LBG1_LG0_I2").states(START)
    assert apart(states, 0, 2) == pytest.approx(1963.5, abs=0.1)
    assert apart(states, 1, 2) == pytest.approx(654.5, abs=0.1)


@pytest.mark.parametrize(
    "name, told",
    [
        ("PE1_E5_I3", "did you mean"),
        ("PE1_E1_I9", "did you mean"),
        ("", "valid names"),
        ("LBG1_LG5_I2", "obfuscated"),
        ("LBG1_LG2_I1", "LG2"),
    ],
)
def test_an_unknown_scenario_is_told(name, told):
    with pytest.raises(MMReproError, match=told):
        scenario(name)


def test_random_starts_keep_to_their_ranges():
    rng = np.random.default_rng(1)
    for _ in range(50):
        pursuer, evader = random_start(rng)
        assert 800 <= norm(subtract(position(pursuer), position(evader))) <= 4000
        assert norm(subtract(velocity(pursuer), velocity(evader))) <= 15


@pytest.mark.skipif(not MIRROR, reason="MMREPRO_MIRROR is not set, so there are no real data here")
def test_orbits_are_those_of_the_save_files():
    saved = json.loads((Path(MIRROR) / "space-operator/kspdg_scenarios/initial_orbits.json").read_text())
    assert set(saved) == set(ORBITS)
    order = ("Pursuer", "Bandit"), ("Evader", "Lady"), ("Guard", "Bodyguard")
    for name, orbits in ORBITS.items():
        for elements, names in zip(orbits, order, strict=False):
            told = next(saved[name][each]["orbit"] for each in names if each in saved[name])
            mine = (
                elements.semi_major_axis,
                elements.eccentricity,
                elements.inclination,
                elements.periapsis,
                elements.node,
                elements.mean_anomaly,
                elements.epoch,
            )
            assert mine == pytest.approx(
                tuple(told[key] for key in ("SMA", "ECC", "INC", "LPE", "LAN", "MNA", "EPH")), rel=1e-14
            )
