import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmrepro.papers.space_operator import evaluation
from mmrepro.papers.space_operator.agents import Inactive, Naive, Navball, fly
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.evaluation import DRAWN, GAME
from mmrepro.papers.space_operator.logs import PublishedRow, read_published
from mmrepro.papers.space_operator.score import Approach, pursuit_score
from mmrepro.papers.space_operator.teacher import GAP, random_starts


def test_game_starts_differ_by_roll_alone():
    starts = evaluation.game_starts(5, 1)
    assert all(set(start) == {"roll"} and -np.pi <= start["roll"] <= np.pi for start in starts)
    assert len({start["roll"] for start in starts}) == 5
    assert starts == evaluation.game_starts(5, 1) != evaluation.game_starts(5, 2)


@pytest.mark.parametrize(("count", "game", "drawn"), [(6, 3, 3), (5, 3, 2)])
def test_mixed_starts_are_half_the_games(count, game, drawn):
    placed = evaluation.mixed_starts(count, 4)
    assert [place for place, _ in placed] == [GAME] * game + [DRAWN] * drawn
    assert ["states" in start for _, start in placed] == [False] * game + [True] * drawn


def test_a_row_is_what_the_environment_reports():
    ended = fly(SpaceEnv(gap=GAP), Naive())
    found = evaluation.row(ended)
    assert found["score"] == pursuit_score(ended["closest_approach"]["sampled"])
    assert 10 ** found["log10 score"] == pytest.approx(found["score"])
    assert found["true"] <= found["sampled"]
    assert found["propellant_kg"] == ended["closest_approach"]["sampled"].propellant_kg
    assert found["propellant_kg"] < ended["propellant_kg"] and not found["captured"]


def test_every_agent_flies_every_scenario_from_the_same_starts():
    starts = random_starts(2, 3)
    scenes = {"passive": evaluation.scene("PE1_E1_I3"), "evading": evaluation.scene("PE1_E3_I3")}
    table = evaluation.agent_table([Inactive(), Navball()], scenes, starts)
    assert len(table) == 8 and not table.duplicated(["agent", "scenario", "start"]).any()
    one = table.query("agent == 'navball' and scenario == 'evading' and start == 1").iloc[0]
    alone = fly(SpaceEnv("PE1_E3_I3", gap=GAP), Navball(), seed=1, options=starts[1])
    assert one["true"] == alone["closest_approach"]["true"].distance


def test_differences_are_paired_by_start_in_any_order():
    rows = [("a", 0, 5.0), ("a", 1, 7.0), ("b", 0, 1.0), ("b", 1, 10.0)]
    table = pd.DataFrame(rows, columns=["agent", "start", "score"]).sample(frac=1, random_state=1)
    assert evaluation.paired(table, "agent", "a", "b", "score").tolist() == [4, -3]


def test_the_naive_table_compares_only_naive_runs():
    real = Approach(40.0, 100.0, 200.0, 50.0)
    found = evaluation.naive_table(
        [PublishedRow("PE1_E1_I4", "Naive", real, 1.0), PublishedRow("PE1_E1_I4", "Simple LLM", real, 1.0)]
    )
    assert found["quantity"].tolist() == ["distance", "speed", "propellant", "time"]
    assert found["real"].tolist() == list(real) and found["unit"].tolist() == ["m", "m/s", "kg", "s"]
    ours = fly(SpaceEnv("PE1_E1_I4", gap=GAP), Naive())["closest_approach"]["true"]
    assert found["ours"].tolist() == list(ours)
    assert found["deviation"].to_numpy() == pytest.approx(100 * (np.array(ours) / real - 1))


@pytest.mark.skipif(not os.environ.get("MMREPRO_MIRROR"), reason="needs the authors' sheets")
def test_the_naive_table_is_near_the_real_runs():
    sheets = Path(os.environ["MMREPRO_MIRROR"]) / "space-operator/results/kspdg_results_tidy.csv"
    found = evaluation.naive_table(read_published(sheets))
    told = found[found["scenario"].isin(["PE1_E1_I1", "PE1_E1_I3", "PE1_E1_I4"])]
    assert len(told) == 12
    assert told.loc[told["quantity"] != "distance", "deviation"].abs().max() < 10
    assert (told["ours"] - told["real"])[told["quantity"] == "distance"].abs().max() < 43.4


def test_late_reads_change_what_is_sampled_and_not_what_is_true():
    found = evaluation.misread(Navball(), evaluation.game_starts(3, 0), 0.5)
    exact, late = found[~found["late"]], found[found["late"]]
    assert exact["start"].tolist() == late["start"].tolist() == [0, 1, 2]
    assert exact["true"].tolist() == late["true"].tolist()
    assert (exact["sampled"].to_numpy() != late["sampled"].to_numpy()).any()
    assert (exact["sampled"] >= exact["true"]).all()


def test_shares_of_malformed_replies_are_flown_on_the_same_luck():
    starts = random_starts(2, 6)
    found = evaluation.malformed_table(Navball(), [0.0, 0.5, 1.0], starts, evaluation.scene("PE1_E1_I3"))
    assert found["share"].tolist() == [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]
    assert found[found["share"] == 0]["score"].tolist() == [
        ended["score"]["sampled"]
        for ended in (fly(SpaceEnv(gap=GAP), Navball(), n, starts[n]) for n in (0, 1))
    ]
    assert (found[found["share"] == 1]["propellant_kg"] == 0).all()
    alone = evaluation.malformed_table(Navball(), [0.5], starts, evaluation.scene("PE1_E1_I3"))
    assert alone["score"].tolist() == found[found["share"] == 0.5]["score"].tolist()


def test_means_are_over_starts_by_system_and_seed():
    table = pd.DataFrame(
        {"system": ["b", "b", "a", "b"], "seed": [0, 0, 0, 1], "score": [1.0, 3.0, 7.0, 9.0], "true": 0.0}
    )
    assert evaluation.means(table, ["score"]) == [
        {"system": "b", "seed": 0, "metric": "score", "value": 2.0},
        {"system": "a", "seed": 0, "metric": "score", "value": 7.0},
        {"system": "b", "seed": 1, "metric": "score", "value": 9.0},
    ]
