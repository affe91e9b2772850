from functools import partial

import numpy as np
import pandas as pd
import pytest

from mmrepro.papers.space_operator import arms, environment, evaluation, eye, runs
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.prompt import understood
from mmrepro.papers.space_operator.settings import Settings
from mmrepro.training.parallel import workers

LEARNED = {*arms.SENSES, arms.MORE, arms.CORRECTED}
OTHERS = {arms.BLANKED, arms.SHUFFLED, arms.SLOW, arms.TEACHER}


@pytest.fixture(scope="module", autouse=True)
def short_flights():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "Rules", partial(Rules, timeout=30.0))
        yield


@pytest.fixture(scope="module")
def settings():
    return Settings(
        seeds=(3,), decisions=24, held_out=8, size=32, width=16, depth=1, num_heads=2, epochs=1,
        batch_size=8, starts=2, corrected_starts=2, corrected_epochs=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def seeing():
    return eye.teach(eye.ReaderSettings(32, 32, 16, epochs=1), 0, "cpu").eye


@pytest.fixture(scope="module")
def ran(settings, seeing):
    with workers(1) as each:
        (run,) = runs.run_seeds(settings, seeing, each)
    return run


def test_every_system_flies_every_start(ran):
    passive = ran.flights[ran.flights["evader"] == "passive"]
    assert set(passive["system"]) == LEARNED | OTHERS
    counts = passive.groupby("system")["start"].apply(list)
    assert all(starts == [0, 1] for starts in counts)
    assert passive.groupby("start")["place"].unique().str[0].tolist() == [evaluation.GAME, evaluation.DRAWN]


def test_the_evading_target_is_flown_from_the_games_start(ran):
    chased = ran.flights[ran.flights["evader"] == "evading"]
    assert set(chased["system"]) == {arms.BOTH, arms.TEACHER}
    assert set(chased["place"]) == {evaluation.GAME}


def test_flights_hold_what_they_are_worth(ran):
    columns = ["system", "seed", "place", "evader", "start", "score", "log10 score", "sampled", "true"]
    assert list(ran.flights.columns) == [*columns, "propellant_kg", "captured", "malformed"]
    assert (ran.flights["seed"] == 3).all() and ran.flights.notna().all(axis=None)
    assert ran.flights["log10 score"].to_numpy() == pytest.approx(np.log10(ran.flights["score"]))
    assert (ran.flights["malformed"] == 0).all()  # replies are held to their axes


def test_agreement_has_a_floor(ran):
    values = {row["system"]: row["value"] for row in ran.replies if row["metric"] == "agreement"}
    assert set(values) == LEARNED | {arms.COMMON}
    assert all(0 <= value <= 100 for value in values.values())
    held = pd.Series(ran.held.replies)
    assert values[arms.COMMON] == pytest.approx(100 * held.value_counts().iloc[0] / len(held))


def test_replies_that_may_be_of_any_word_are_read(ran):
    values = {row["system"]: row["value"] for row in ran.replies if row["metric"] == "malformed"}
    assert set(values) == LEARNED
    said = ran.operators[arms.TEXT].reply(ran.held.pictures, ran.held.lines, free=True)
    wrong = sum(understood(reply) is None for reply in said)
    assert values[arms.TEXT] == pytest.approx(100 * wrong / len(said))


def test_history_and_operators_are_by_system(ran):
    assert set(ran.history["system"]) == set(arms.SENSES) and ran.history["loss"].notna().all()
    assert set(ran.operators) == LEARNED
    assert all(each.device.type == "cpu" for op in ran.operators.values() for each in op.parameters())
    assert len(ran.held.lines) == 8


def test_the_same_seed_gives_the_same_tables(ran, settings, seeing):
    again = runs.run_seed((settings, seeing, 3))
    assert again.flights.equals(ran.flights) and again.replies == ran.replies
    assert again.history.reset_index(drop=True)["loss"].equals(ran.history.reset_index(drop=True)["loss"])


def test_moments_to_learn_from_and_held_out_ones_differ(settings):
    learned, held = runs.demonstrations(settings, 0)
    assert (len(learned.lines), len(held.lines)) == (24, 8)
    assert not set(learned.lines) & set(held.lines)
