import math
import os
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.craft import thrust
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.logs import (
    LoggedState,
    PromptRow,
    read_decisions,
    read_prompts,
    read_published,
    read_states,
)
from mmrepro.papers.space_operator.orbit import position, propagate
from mmrepro.papers.space_operator.replay import ReplayedMoment, check_replay, replay
from mmrepro.papers.space_operator.validation import (
    check_burns,
    closing_errors,
    evader_offsets,
    expected_prompt,
    late_share,
    read_times,
    save_file_offsets,
    score_errors,
)
from mmrepro.papers.space_operator.vector import norm, subtract

MIRROR = os.environ.get("MMREPRO_MIRROR")
real = pytest.mark.skipif(not MIRROR, reason="MMREPRO_MIRROR is not set, so there are no real data here")
FOLDER = Path(MIRROR or ".") / "space-operator"
LOGS = FOLDER / "kspdg_logs"
TICK = 0.02


def made_log(roll, exhaust=1.0, late=0.0):
    """Fly lateral burns and log them as the game does, the evader every third time a tick ahead."""
    env = SpaceEnv("PE1_E1_I3")
    env.reset(options={"roll": roll})
    log = []
    for number in range(30):
        throttle = ((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0))[number // 10]
        pursuer, evader = env.flight.states()
        ahead = TICK * (number % 3 == 2)
        mass = 6685 - exhaust * env.flight.agent.used_kg
        log.append(
            LoggedState(
                throttle, env.flight.time, mass, 0.0, propagate(pursuer, late), propagate(evader, ahead)
            )
        )
        env.flight.burn(thrust(throttle), 0.5)
    return log


def test_reads_are_found_moment_by_moment():
    found = read_times(made_log(0.3))
    assert [each.late for each in found] == [number % 3 == 2 for number in range(30)]
    ahead = [float(number % 3 == 2) for number in range(30)]
    assert [each.evader for each in found] == pytest.approx(ahead, abs=1e-3)
    assert max(abs(each.pursuer) for each in found) < 0.1  # a burn is no tick


def test_ticks_are_found_and_taken_out():
    found = evader_offsets(made_log(0.3))
    assert [each.ticks for each in found] == [(0, 1, -1)[number % 3] for number in range(29)]
    assert max(each.left for each in found) < 1e-3
    assert max(each.raw for each in found) == pytest.approx(43.4, abs=0.1)


def test_craft_read_at_different_ticks_are_counted():
    log = made_log(0.3)
    assert late_share(log) == pytest.approx(10 / 30)
    aligned = [
        LoggedState(one.throttle, one.time, one.mass, 0.0, one.pursuer, propagate(one.evader, -ahead))
        for one, ahead in zip(log, [TICK * (number % 3 == 2) for number in range(30)], strict=True)
    ]
    assert late_share(aligned) == 0


@pytest.mark.parametrize("degrees", [-120.0, 20.0, 37.0])
def test_burns_tell_the_roll(degrees):
    check = check_burns(made_log(math.radians(degrees)))
    assert check.roll_degrees == pytest.approx(degrees, abs=0.2) and check.roll_spread < 0.2
    assert check.gained == pytest.approx(check.expected, rel=1e-3)
    assert check.along_nose < 0.005 and check.count == 27


def test_a_wrong_exhaust_speed_shows():
    check = check_burns(made_log(0.3, exhaust=1.1))
    assert check.expected == pytest.approx(1.1 * check.gained, rel=0.01)


def test_a_late_start_shows_in_the_save_files_check():
    pursuer, evader = save_file_offsets(made_log(0.3, late=0.005))
    assert pursuer.left == pytest.approx(0.005 * 2170, rel=0.01) and evader.left < 1e-6


def test_a_replay_is_summed_up():
    moments = [
        ReplayedMoment(1.0, (100.0, 5.0, 9.0), (98.0, 5.5, 9.0)),
        ReplayedMoment(2.0, (100.0, 5.0, 9.0), (56.0, 5.0, 9.2)),
        ReplayedMoment(3.0, (100.0, 5.0, 9.0), (120.0, 5.0, 9.0)),
    ]
    check = check_replay(moments)
    assert (check.moments, check.worst_distance, check.last_distance, check.worst_speed) == (3, 44, 20, 0.5)
    assert check.worst_propellant == pytest.approx(0.2) and check.near_whole_ticks == pytest.approx(2 / 3)


def test_closing_follows_from_a_prompt_by_hand():
    def prompt(time, lady):
        return PromptRow(time, (0.6, 0.8, 0.0), lady, 10.0, True, 500.0)

    assert closing_errors([prompt(0.0, 100.0), prompt(5.0, 60.0)]) == pytest.approx([0.0])
    assert closing_errors([prompt(0.0, 100.0), prompt(5.0, 70.0), prompt(50.0, 0.0)]) == pytest.approx([10.0])


def test_a_table_without_a_column_is_told(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("time,vehicle_mass\n1,2\n")
    for reader, column in (
        (read_states, "throttles"),
        (read_decisions, "distance_m"),
        (read_published, "scenario"),
        (read_prompts, "mission_time_s"),
    ):
        with pytest.raises(MMReproError, match=f"log.csv lacks the column '{column}'"):
            reader(path)


@pytest.fixture(scope="module")
def logs():
    return [read_states(path) for path in sorted(LOGS.glob("*keyboard*.csv"))]


@real
def test_save_files_lead_to_logged_states(logs):
    assert len(logs) == 3
    offsets = [save_file_offsets(log) for log in logs]
    for pursuer, evader in offsets[:2]:
        assert pursuer.left < 0.1 and evader.left < 0.25
    # The third log begins later, after a breath of burning.
    assert offsets[2][0].left < 0.3 and offsets[2][1].left < 0.5
    assert [(one.ticks, other.ticks) for one, other in offsets] == [(0, 0), (-1, -1), (-1, -1)]
    for log in logs:
        apart = norm(subtract(position(log[0].pursuer), position(log[0].evader)))
        assert apart == pytest.approx(2617.996, abs=0.01)


@real
def test_the_logged_evader_flies_as_two_bodies_do(logs):
    offsets = evader_offsets(logs[2])
    assert len(offsets) == 45 and median(each.left for each in offsets) < 0.005
    assert max(each.left for each in offsets) < 0.1
    assert all(each.raw > 40 for each in offsets if each.ticks)
    assert late_share(logs[2]) == pytest.approx(13 / 46)
    assert all(before.time < after.time for before, after in pairwise(logs[2]))


@real
def test_real_burns_obey_the_model_of_the_engines(logs):
    check = check_burns(logs[2])
    assert check.count > 20 and check.gained == pytest.approx(check.expected, rel=2e-3)
    assert check.along_nose < 0.004
    assert check.roll_degrees == pytest.approx(37.0, abs=0.1) and check.roll_spread < 0.1


@real
def test_the_real_models_flight_is_followed():
    decisions = read_decisions(LOGS / "pe1_i3_llm_agent_log_parsed.csv")
    assert len(decisions) == 40
    check = check_replay(replay(decisions))
    assert check.moments >= 30 and check.last_distance < 10 and check.worst_distance < 60
    assert check.worst_speed < 0.75 and check.worst_propellant < 1.0
    # With the craft rolled the other way the same actions lead elsewhere.
    assert check_replay(replay(decisions, roll=-0.65)).last_distance > 5 * check.last_distance


@real
def test_our_score_gives_the_authors_rows():
    errors = sorted(score_errors(read_published(FOLDER / "results/kspdg_results_tidy.csv")))
    assert len(errors) == 39 and errors[36] < 1e-6 and errors[38] < 5e-5


@real
def test_real_prompts_hold_together():
    prompts = read_prompts(LOGS / "vlm_run_20250108_transcribed.csv")
    assert len(prompts) == 7
    for prompt in prompts:
        assert norm(prompt.prograde) == pytest.approx(1, abs=1e-6)
        assert (prompt.prograde[1] > 0) == prompt.approaching
    # No more than what a tick between the two readings of position explains.
    assert all(abs(error) < 44 for error in closing_errors(prompts))


def test_a_prompt_of_the_games_guarded_start():
    # Read off the console in the authors' video of December 2025, of LBG1_I2 before any burn.
    prompt = expected_prompt("LBG1_LG0_I2", 10.22)
    assert prompt.lady == pytest.approx(2617.98, abs=0.05)
    assert prompt.guard == pytest.approx(1963.51, abs=0.05)
    assert prompt.speed == pytest.approx(7.57, abs=0.01)
    assert prompt.prograde == pytest.approx((-0.6085, -0.0004, 0.7935), abs=0.01)
