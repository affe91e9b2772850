from functools import partial

import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator.agents import Inactive, Navball, fly
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.latency import sweep
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
    assert row["sampled"] == ended["closest_approach"]["sampled"].distance
    assert (table["true"] <= table["sampled"]).all()


def test_waiting_leaves_fewer_decisions(table):
    most = table.groupby("reply_time")["decisions"].max()
    assert most.is_monotonic_decreasing and most[5.0] <= 240 / 5


def test_holding_spends_what_coasting_does_not(table):
    burnt = table.pivot(index=["reply_time", "start"], columns="waiting", values="propellant_kg")
    more = (burnt["hold"] - burnt["coast"]).unstack("reply_time")
    assert (more[0.0] == 0).all() and (more[[2.0, 5.0]] > 0).all(axis=None)


def test_who_does_nothing_loses_nothing_by_waiting():
    idle = sweep(partial(fly_each, Inactive(), STARTS[:1]), [0.0, 5.0])
    assert idle["true"].to_numpy() == pytest.approx(idle["true"].iloc[0], rel=1e-3)


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
