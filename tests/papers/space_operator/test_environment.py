import warnings

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.score import pursuit_score

FORWARD = [1.0, 0.0, 0.0, 1.0]


def flown(env, action, steps=10_000, **begin):
    env.reset(**begin)
    for _ in range(steps):
        observation, reward, terminated, truncated, information = env.step(action)
        if terminated or truncated:
            break
    return observation, reward, terminated, truncated, information


def near(env, distance, closing=0.0):
    """Start with the pursuer behind the evader of I3, flying the same way."""
    _, evader = env.scenario.states(0.0)
    way = np.array(evader[3:]) / np.linalg.norm(evader[3:])
    pursuer = np.r_[np.array(evader[:3]) - distance * way, np.array(evader[3:]) + closing * way]
    return {"states": (pursuer, evader)}


@pytest.mark.parametrize("name", ["PE1_E2_I3", "PE1_E4_I1", "LBG1_LG0_I1", "LBG1_LG1_I2"])
def test_gymnasiums_checker_passes(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Positions have no bounds and a burn is no symmetric box: the game's own spaces.
        warnings.filterwarnings("ignore", message=".*(infinity|symmetric).*")
        check_env(SpaceEnv(name), skip_render_check=True)


def test_observations_hold_what_the_game_gives():
    env = SpaceEnv("PE1_E1_I3")
    observation, _ = env.reset()
    pursuer, evader = env.scenario.states(5.22)
    assert observation.tolist() == [5.22, 6685.0, 1200.0, *pursuer, *evader]
    observation, *_ = env.step([1, 0, 0, 10])
    assert observation[0] == pytest.approx(15.22)
    assert observation[1] == pytest.approx(6685.0 - 33.99, abs=0.01)
    assert observation[2] == pytest.approx((observation[1] - 1885.0) / 4)  # units of 4 kg
    observation, _ = SpaceEnv("LBG1_LG0_I2").reset()
    assert observation.shape == (21,)
    assert np.linalg.norm(observation[15:18] - observation[9:12]) == pytest.approx(654.5, abs=0.1)


def test_both_forms_of_an_action_fly_the_same():
    env = SpaceEnv("PE1_E1_I1")
    env.reset()
    one = env.step([0.5, -1, 0, 3])[0]
    env.reset()
    other = env.step({"burn_vec": np.array([0.5, -1, 0, 3]), "vec_type": 0, "ref_frame": 0})[0]
    assert one.tolist() == other.tolist()


def test_newtons_along_the_orbits_axes_push_along_the_velocity():
    env = SpaceEnv("PE1_E1_I3", rules=Rules(dt=0.02))
    env.reset()
    idle = env.step([0, 0, 0, 1])[0]
    env.reset()
    pushed = env.step({"burn_vec": [0, 4000, 0, 1], "vec_type": 1, "ref_frame": 2})[0]
    gained = pushed[6:9] - idle[6:9]
    assert gained @ idle[6:9] / np.linalg.norm(idle[6:9]) == pytest.approx(4000 / 6685, rel=1e-3)


def test_a_flight_times_out_at_240_s():
    _, reward, terminated, truncated, information = flown(SpaceEnv(), [0, 0, 0, 10])
    assert truncated and not terminated and not information["captured"]
    assert reward == -information["score"]["sampled"]
    assert information["closest_approach"]["true"].distance == pytest.approx(2618, abs=0.1)


def test_the_last_step_ends_at_the_timeout():
    env = SpaceEnv(rules=Rules(timeout=20.1))
    assert flown(env, FORWARD)[0][0] == pytest.approx(20.1)
    with pytest.raises(MMReproError, match="flight is over"):
        env.step(FORWARD)


def test_a_flight_does_not_care_how_space_is_turned():
    env = SpaceEnv("PE1_E3_I4")
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    states = np.array(env.scenario.states(5.22))
    turned = np.concatenate([states[:, :3] @ turn.T, states[:, 3:] @ turn.T], axis=1)
    one, other = (
        flown(env, [0.5, 1, -0.2, 2], options={"states": each})[-1]["closest_approach"]["true"]
        for each in (states, turned)
    )
    assert one == pytest.approx(other, rel=1e-6)


def test_a_capture_ends_the_flight_within_a_tick():
    env = SpaceEnv()
    _, _, terminated, truncated, information = flown(env, [0, 0, 0, 10], options=near(env, 200.0, 20.0))
    assert terminated and not truncated and information["captured"]
    assert 4.5 < information["closest_approach"]["true"].distance < 5
    assert env.flight.time == pytest.approx(5.22 + 9.75, abs=0.03)


def test_sampled_is_coarser_than_true_and_scores_follow():
    env = SpaceEnv()
    options = near(env, 500.0, 60.0)
    options["states"][0][2] += 50.0  # past the target, 50 m aside
    information = flown(env, [0, 0, 0, 3], options=options)[-1]
    sampled, true = (information["closest_approach"][kind] for kind in ("sampled", "true"))
    assert true.distance == pytest.approx(50, abs=0.5)
    assert sampled.distance > true.distance + 5
    assert information["score"] == {"sampled": pursuit_score(sampled), "true": pursuit_score(true)}


def test_the_true_closest_approach_hardly_depends_on_the_step():
    found = [
        flown(SpaceEnv(name, rules=Rules(dt=dt)), FORWARD)[-1]["closest_approach"]["true"]
        for name in ("PE1_E1_I1", "PE1_E1_I4")
        for dt in (0.25, 0.02)
    ]
    for coarse, fine in (found[:2], found[2:]):
        assert coarse.distance == pytest.approx(fine.distance, abs=0.1)
        assert coarse.time == pytest.approx(fine.time, abs=0.05)


def test_a_reply_takes_time_in_which_the_last_action_goes_on_burn_by_burn():
    env = SpaceEnv(reply_time=2.5)
    env.reset()
    first, second = env.step(FORWARD)[0], env.step([0, 0, 0, 1.0])[0]
    # 2.5 s of coasting, then one of burning; then three burns of a second until the reply is there.
    assert first[0] == pytest.approx(5.22 + 3.5) and second[0] == pytest.approx(5.22 + 3.5 + 4)
    rate = 8000 / (240 * 9.80665)
    assert 6685 - first[1] == pytest.approx(rate) and 6685 - second[1] == pytest.approx(4 * rate)


def test_coasting_while_waiting_burns_nothing():
    env = SpaceEnv(reply_time=2.5, waiting="coast")
    env.reset()
    env.step(FORWARD)
    later = env.step([0, 0, 0, 1.0])[0]
    assert later[0] == pytest.approx(5.22 + 7) and 6685 - later[1] == pytest.approx(8000 / (240 * 9.80665))


def test_a_gap_follows_each_burn():
    env = SpaceEnv(gap=0.04)
    env.reset()
    assert env.step([0, 0, 0, 0.5])[0][0] == pytest.approx(5.22 + 0.54)


def test_the_nose_keeps_pointing_at_the_target():
    env = SpaceEnv("PE1_E1_I1")
    env.reset()
    for _ in range(60):
        observation = env.step([0.3, 1, -1, 1])[0]
    toward = observation[9:12] - observation[3:6]
    assert np.array(env.flight.axes[0]) @ toward / np.linalg.norm(toward) == pytest.approx(1)
    assert np.array(env.flight.axes) @ np.array(env.flight.axes).T == pytest.approx(np.eye(3), abs=1e-12)


def test_the_third_evader_burns_only_near():
    env = SpaceEnv("PE1_E3_I3")
    assert flown(env, [0, 0, 0, 10])[-1]["opponent_propellant_kg"] == 0
    assert flown(env, [0, 0, 0, 1], 5, options=near(env, 150.0))[-1]["opponent_propellant_kg"] > 10


def test_chance_is_seeded():
    env = SpaceEnv("PE1_E2_I1")
    flights = [flown(env, [0, 0, 0, 10], seed=seed)[0].tolist() for seed in (1, 1, 2)]
    assert flights[0] == flights[1] != flights[2]


def test_the_guard_catches_an_idle_bandit_and_the_open_one_does_not():
    caught = flown(SpaceEnv("LBG1_LG1_I2"), [0, 0, 0, 10])
    assert caught[2] and caught[-1]["caught"] and caught[-1]["guard_approach"]["true"].distance < 5
    free = flown(SpaceEnv("LBG1_LG0_I2"), [0, 0, 0, 10])
    assert free[3] and free[-1]["guard_approach"]["true"].distance == pytest.approx(1963.5, abs=1)
    lady, guard = (free[-1][key]["true"].distance for key in ("closest_approach", "guard_approach"))
    assert free[-1]["score"]["true"] == pytest.approx(lady**2 + 1e6 / (guard + 0.1))


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"reply_time": -1.0}, "reply time of -1 s"),
        ({"reply_time": float("nan")}, "reply time"),
        ({"gap": -0.1}, "gap of -0.1 s"),
        ({"waiting": "sleep"}, "'hold' or 'coast'"),
        ({"name": "PE1_E7_I3"}, "no scenario"),
        ({"name": "LBG1_LG5_I2"}, "obfuscated"),
    ],
)
def test_a_bad_setting_gets_one_sentence(settings, told):
    with pytest.raises(MMReproError, match=told):
        SpaceEnv(**settings)


@pytest.mark.parametrize("rule", [{"dt": 0.0}, {"timeout": float("inf")}, {"capture": -1.0}])
def test_a_bad_rule_gets_one_sentence(rule):
    with pytest.raises(MMReproError, match=f"{next(iter(rule))} is"):
        Rules(**rule)


def test_misuse_gets_one_sentence():
    env = SpaceEnv()
    with pytest.raises(MMReproError, match="reset"):
        env.step(FORWARD)
    with pytest.raises(MMReproError, match="six finite numbers"):
        env.reset(options={"states": [[1.0, 2.0]]})
    env.reset()
    before = env.observation().tolist()
    with pytest.raises(MMReproError, match="four finite numbers"):
        env.step([1, 0, float("nan"), 1])
    assert env.observation().tolist() == before


def test_a_late_read_can_look_nearer_than_the_craft_ever_came():
    env = SpaceEnv("PE1_E1_I3", late_reads=1.0)
    pursuer, evader = near(env, -500.0)["states"]  # the agent is ahead of its target
    env.reset(options={"states": (pursuer, evader)})
    closest = env.step([0, 0, 0, 1])[-1]["closest_approach"]
    assert closest["true"].distance == pytest.approx(500, abs=1)
    assert closest["sampled"].distance == pytest.approx(500 - 2170 * 0.02, abs=1)
    with pytest.raises(MMReproError, match=r"share of 1\.5 of the reads"):
        SpaceEnv(late_reads=1.5)
