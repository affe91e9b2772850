from functools import partial

import pandas as pd
import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator.agents import Inactive, Navball, fly
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.latency import cost_of_waiting, hold_minus_coast, sweep
from mmrepro.papers.space_operator.policy import Operator
from mmrepro.papers.space_operator.rollout import fly_each, rollout
from mmrepro.papers.space_operator.teacher import GAP, random_starts

STARTS = random_starts(2, 5)
NAVBALL = partial(fly_each, Navball(), STARTS)


@pytest.fixture(scope="module")
def table():
    return sweep(NAVBALL, [0.0, 2.0, 5.0])


def test_a_row_a_flight(table):
    assert len(table) == 3 * 2 * 2
    assert not table.duplicated(["reply_time", "waiting", "start"]).any()


def test_rows_are_what_the_environment_reports(table):
    env = SpaceEnv("PE1_E1_I3", gap=GAP, reply_time=2.0, waiting="coast")
    ended = fly(env, Navball(), seed=1, options=STARTS[1])
    row = table.query("reply_time == 2 and waiting == 'coast' and start == 1").iloc[0]
    assert row["score"] == ended["score"]["sampled"] and row["decisions"] == ended["decisions"]
    assert row["distance"] == ended["closest_approach"]["sampled"].distance
    true = sweep(partial(fly_each, Navball(), STARTS[:1]), [2.0], kind="true")
    assert (true["distance"].to_numpy() <= table.query("reply_time == 2 and start == 0")["distance"]).all()


def test_waiting_leaves_fewer_decisions(table):
    most = table.groupby("reply_time")["decisions"].max()
    assert most.is_monotonic_decreasing and most[5.0] <= 240 / 5


def test_holding_spends_what_coasting_does_not(table):
    burnt = hold_minus_coast(table, "propellant_kg")
    assert burnt.shape == (2, 3) and (burnt[0.0] == 0).all()
    assert (burnt[[2.0, 5.0]] > 0).to_numpy().all()


def test_differences_are_paired_by_hand():
    rows = [
        (seconds, waiting, start, score)
        for seconds, waiting, scores in [
            (0.0, "hold", (10, 20)),
            (0.0, "coast", (10, 20)),
            (5.0, "hold", (13, 50)),
            (5.0, "coast", (19, 25)),
        ]
        for start, score in enumerate(scores)
    ]
    shuffled = pd.DataFrame(rows, columns=["reply_time", "waiting", "start", "score"]).sample(
        frac=1, random_state=0
    )
    assert hold_minus_coast(shuffled)[5.0].tolist() == [-6, 25]
    assert cost_of_waiting(shuffled)[5.0].tolist() == [3, 30]
    assert cost_of_waiting(shuffled, "coast")[5.0].tolist() == [9, 5]
    assert cost_of_waiting(shuffled)[0.0].tolist() == [0, 0]


def test_who_does_nothing_loses_nothing_by_waiting():
    idle = sweep(partial(fly_each, Inactive(), STARTS[:1]), [0.0, 5.0], kind="true")
    assert idle["score"].to_numpy() == pytest.approx(idle["score"].iloc[0], rel=1e-3)


def test_an_operator_is_swept_like_an_agent():
    torch.manual_seed(0)
    operator = Operator("text", DecoderSettings(width=32, depth=1, num_heads=2))
    found = sweep(partial(rollout, operator, STARTS), [0.0, 4.0], rules=Rules(timeout=20.0))
    assert len(found) == 8 and found["score"].notna().all()


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ([-1.0], "-1 s makes no sense"),
        ([float("nan")], "nan s makes no sense"),
        ([], "at least one"),
        ([1.0, 1.0], "each given once"),
    ],
)
def test_bad_reply_times_are_refused(times, told):
    with pytest.raises(MMReproError, match=told):
        sweep(NAVBALL, times)


def test_the_cost_needs_flights_without_waiting(table):
    with pytest.raises(MMReproError, match="reply time of 0"):
        cost_of_waiting(table[table["reply_time"] > 0])
