import numpy as np
import pandas as pd
import pytest

from mmrepro.papers.paper import load_paper
from mmrepro.papers.tarsier2 import arms, evaluation
from tests.papers.tarsier2.conftest import TINY


def test_every_system_tells_every_test_video(runs):
    assert [run.seed for run in runs] == [0, 1]
    for run in runs:
        systems = [told.system for told in run.told]
        assert len(systems) == len(set(systems)) == 10
        for told in run.told:
            assert len(told.texts) == len(told.recall) == len(told.order) == TINY.test_videos


def test_the_same_seed_gives_the_same_run(runs):
    again = arms.run_seed(TINY, 1)
    for one, other in zip(runs[1].told, again.told, strict=True):
        assert one.texts == other.texts
    pd.testing.assert_frame_equal(runs[1].losses, again.losses)
    pd.testing.assert_frame_equal(runs[1].preferences, again.preferences)


def test_seeds_share_the_test_videos_and_no_others():
    one, other = (arms._Learner(TINY, seed) for seed in (0, 1))
    assert one.test.scenes == other.test.scenes
    assert one.early.scenes != other.early.scenes
    told = [scene for bank in (one.early, one.tuning, one.fresh) for scene in bank.scenes]
    assert not any(scene in told for scene in one.test.scenes)


def test_arms_of_preferences_have_equally_many_pairs(runs):
    for run in runs:
        assert run.preferences.groupby("system")["pairs"].first().nunique() == 1
        assert (run.preferences.groupby("system").size() == TINY.preference.steps).all()


def test_plain_words_are_fewer_than_grounded_ones():
    assert 0.4 < arms._Learner(TINY, 0)._words_share() < 0.8


def test_pairs_are_counted_by_kind(runs):
    counted = runs[0].yields
    assert (counted["kept"] <= counted["differ"]).all() and (counted["differ"] <= counted["videos"]).all()
    hard = counted[counted["source"] == arms.SPOILT]
    assert hard["videos"].sum() == TINY.preference_videos


def test_claims_of_systems_find_their_rows(runs):
    rows = pd.DataFrame(evaluation.score_rows(runs))
    rows = pd.concat([rows, pd.DataFrame(evaluation.gain_rows(rows) + evaluation.yield_rows(runs))])
    measured = set(zip(rows["metric"], rows["system"], strict=True))
    for claim in load_paper("tarsier2").claims:
        if claim.tier_at_most == "synthetic":
            assert {(claim.metric, system) for system in claim.systems} <= measured, claim.id


def test_f1_is_that_of_the_means(runs):
    rows = pd.DataFrame(evaluation.score_rows(runs)).set_index(["system", "seed", "metric"])["value"]
    for told in runs[0].told:
        recall, precision = told.recall.mean(), told.precision.mean()
        expected = 200 * recall * precision / (recall + precision) if recall + precision else 0
        assert rows[told.system, 0, "F1"] == pytest.approx(expected)


def fake(seed, system, recall):
    values = np.asarray(recall, float)
    return arms.Told(system, seed, [""] * len(values), values, values, values, np.ones(len(values), int))


def test_intervals_over_videos_hold_the_difference_and_shrink_to_nothing_for_equals():
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2, 300).astype(float)
    better = np.maximum(base, rng.integers(0, 2, 300))
    claims = [claim for claim in load_paper("tarsier2").claims if claim.id in ("T6a", "T6b")]
    told = [fake(0, arms.DPO, better), fake(0, arms.TUNED, base), fake(0, arms.MORE, better)]
    run = arms.SeedRun(0, told, pd.DataFrame(), pd.DataFrame(), pd.DataFrame())
    found = evaluation.video_intervals([run], claims)
    assert found["T6a"][0] < 100 * (better.mean() - base.mean()) < found["T6a"][1]
    assert found["T6b"] == (0, 0)


def test_differences_are_taken_within_a_seed(runs):
    rows = pd.DataFrame(evaluation.score_rows(runs))
    changes = evaluation.difference_rows(rows, arms.TUNED)
    wide = rows.pivot_table(index=["metric", "seed"], columns="system", values="value")
    one = changes.query("system == @arms.DPO and metric == 'F1' and seed == 1")["value"].item()
    assert one == pytest.approx(wide.loc[("F1", 1), arms.DPO] - wide.loc[("F1", 1), arms.TUNED])
