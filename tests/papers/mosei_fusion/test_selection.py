import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.mosei_fusion.data import Split
from mmrepro.papers.mosei_fusion.evaluation import Runs
from mmrepro.papers.mosei_fusion.selection import winner


def runs_of(*right):
    """Make the runs of one system, a seed each, that answer rightly where told; 40 speakers in order."""
    count = len(right[0])
    speakers = np.repeat(np.arange(40), count // 40).astype(str)
    test = Split({}, np.zeros(count, dtype=np.int64), speakers, np.full(count, ""))
    answers = {seed: np.eye(2)[1 - np.asarray(each, dtype=int)] for seed, each in enumerate(right)}
    return Runs(test, {"early": answers})


@pytest.fixture
def guessers():
    """Thirty runs that toss a coin for each of 400 examples: none is better than another."""
    return runs_of(*np.random.default_rng(1).integers(0, 2, (30, 400)))


def test_among_guessers_only_the_winner_of_its_own_test_looks_good(guessers):
    honest, flattered, partly = (
        winner(guessers, ["early"], each) for each in ("other speakers", "same speakers", "all speakers")
    )
    assert honest["winner"] == pytest.approx(50, abs=1.5)
    assert honest["all runs"] == flattered["all runs"] == pytest.approx(50, abs=1)
    # The largest of 30 normal deviates lies 2.04 deviations up; a share of 200 tosses deviates by 3.5 points.
    assert flattered["winner"] == pytest.approx(50 + 2.04 * 3.54, abs=1.5)
    assert honest["winner"] < partly["winner"] < flattered["winner"]


def test_where_one_run_is_truly_better_the_choice_costs_nothing():
    truly = runs_of(np.ones(80), np.zeros(80), np.zeros(80))
    found = [winner(truly, ["early"], each) for each in ("other speakers", "same speakers")]
    assert [each["winner"] for each in found] == [100, 100]
    assert found[0]["all runs"] == pytest.approx(100 / 3)


def test_a_single_run_has_nothing_to_win():
    alone = runs_of(np.arange(80) % 2)
    found = {winner(alone, ["early"], each)["winner"] for each in ("other speakers", "same speakers")}
    assert found == {50}


def test_the_choice_repeats_itself_and_leaves_the_random_state_alone(guessers):
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    assert winner(guessers, ["early"], "same speakers") == winner(guessers, ["early"], "same speakers")
    assert np.array_equal(before, np.random.get_state()[1])


def test_an_unknown_choice_and_a_single_speaker_are_refused(guessers):
    with pytest.raises(MMReproError, match="cannot be chosen on 'the moon'; take one of 'other speakers'"):
        winner(guessers, ["early"], "the moon")
    guessers.test.speakers[:] = "ann"
    with pytest.raises(MMReproError, match="one speaker; two are needed"):
        winner(guessers, ["early"], "other speakers")
