import numpy as np
import pandas as pd
import pytest

from mmrepro.papers.paper import load_paper
from mmrepro.papers.space_operator import published
from mmrepro.papers.space_operator.logs import PublishedRow
from mmrepro.papers.space_operator.published import NAIVE, TUNED, ZERO_SHOT
from mmrepro.papers.space_operator.score import Approach


def run(scenario, agent, score):
    return PublishedRow(scenario, agent, Approach(30.0, 4.0, 200.0, 60.0), score)


@pytest.fixture
def table():
    return published.sheet(
        [
            run("PE1_E1_I1", "Naive", 100.0),
            run("PE1_E1_I1", "Simple LLM", 200.0),
            run("PE1_E1_I1", "Fine-Tuned 3 gpt", 10.0),
            run("PE1_E1_I1", "fine tuning + CoT", 1000.0),
            run("PE1_E1_I3", "naive", 50.0),
            run("PE1_E1_I3", "Finetuned hyper", 500.0),
        ]
    )


def test_runs_are_told_apart_by_kind(table):
    assert table["kind"].tolist() == [NAIVE, ZERO_SHOT, TUNED, TUNED, NAIVE, TUNED]
    assert table.loc[0, ["distance", "speed", "propellant_kg", "time"]].tolist() == [30, 4, 200, 60]
    assert table["variant"].tolist()[1] == "Simple LLM"


def test_gains_are_powers_of_ten_against_the_naive_run_of_the_same_scenario(table):
    gained = published.gains(table)
    assert gained["gain"].tolist() == pytest.approx([1.0, -1.0, -1.0])
    assert gained["scenario"].tolist() == ["PE1_E1_I1", "PE1_E1_I1", "PE1_E1_I3"]


def test_levels_differ_by_the_mean_gain(table):
    found = published.levels(table)
    assert found[NAIVE] == pytest.approx((2 + np.log10(50)) / 2)
    assert found[TUNED] == pytest.approx(((1 + 3) / 2 + np.log10(500)) / 2)
    gain, _ = published.mean_gain(published.gains(table), rounds=2)
    assert found[NAIVE] - found[TUNED] == pytest.approx(gain)


def test_the_best_of_many_wins_where_one_run_does(table):
    assert published.best_wins(published.gains(table)) == 1


def test_the_mean_gain_weighs_scenarios_alike(table):
    value, drawn = published.mean_gain(published.gains(table), rounds=4000)
    assert value == pytest.approx((0 + -1) / 2)
    # The first scenario's mean of two draws from 1 and -1 is 1, 0 or -1; the second's is always -1.
    kinds, counts = np.unique(np.round(drawn, 6), return_counts=True)
    assert kinds.tolist() == [-1.0, -0.5, 0.0]
    assert counts / 4000 == pytest.approx([0.25, 0.5, 0.25], abs=0.03)
    assert np.array_equal(drawn, published.mean_gain(published.gains(table))[1])


def test_a_scenario_tried_more_often_weighs_no_more():
    often = pd.DataFrame({"scenario": ["a"] * 9 + ["b"], "gain": [1.0] * 9 + [0.0]})
    value, drawn = published.mean_gain(often, rounds=10)
    assert value == 0.5 and set(drawn) == {0.5}


def test_spacegym_has_six_agents_and_three_evaders():
    table = published.spacegym_table()
    assert table.shape == (6, 3) and table.notna().all(axis=None)
    assert table.loc["lambert-mpc"].tolist() == [37.4, 34.3, 47.9]
    assert list(table.columns) == ["passive", "random", "heuristic"]


def test_the_reply_time_is_the_mean_of_six_replies():
    assert len(published.REPLY_TIMES) == 6
    assert abs(published.REPLY_TIME - sum(published.REPLY_TIMES) / 6) <= 0.005


def test_what_the_chapters_facts_say_is_what_is_flown():
    paper = load_paper("space-operator")
    assert paper.value_of("vision-language agent", "reply time") == published.REPLY_TIME
    assert paper.value_of("GPT-3.5 agent", "malformed replies") == 100 * published.MALFORMED
