"""How often intervals and verdicts err, by simulation, where the truth is known.

Rates are held to what they promise give or take four binomial standard errors: a correct rule then fails
here once in thirty thousand draws of the seed, and the seed is fixed.
"""

import math

import numpy as np
import pytest

from mmrepro.evidence import statistics
from mmrepro.evidence.record import metrics_frame
from mmrepro.evidence.resampling import bootstrap_interval, draw_weights, order_over_units, value_from_draws
from mmrepro.evidence.verdict import Estimate, adjusted_p, decide, estimate
from tests.evidence.factory import claim, metrics

DRAWS = 1000


def slack(rate, draws=DRAWS):
    return 4 * math.sqrt(rate * (1 - rate) / draws)


def at_most(rate, found, draws=DRAWS):
    return found <= rate + slack(rate, draws)


def normal(centre, spread, shape, seed):
    return np.random.default_rng(seed).normal(centre, spread, shape)


def skewed(centre, spread, shape, seed):
    """Gamma noise of skewness one: seeds that now and then fail."""
    return centre - spread * (np.random.default_rng(seed).gamma(4, 0.5, shape) - 2)


def over_seeds(row):
    """Estimate a value as the metrics of a record would: `test_the_short_cut_is_the_whole_path` compares."""
    return Estimate(
        value=row.mean(),
        interval=statistics.mean_interval(row),
        equivalence=statistics.mean_interval(row, level=0.90),
        prediction=statistics.prediction_interval(row),
        n_seeds=len(row),
    )


def words(made, draws):
    return [decide(made, over_seeds(row), "paper")[0] for row in draws]


def test_the_short_cut_is_the_whole_path():
    for made in (claim("value", margin=1.0), claim("equal", margin=51.0)):
        for row in normal(50.4, 0.6, (3, 6), 1):
            frame = metrics_frame(metrics(a=row))
            whole, short = estimate(made, frame, "numbers"), over_seeds(row)
            assert whole.n_seeds == short.n_seeds
            for name in ("value", "interval", "equivalence", "prediction"):
                assert getattr(whole, name) == pytest.approx(getattr(short, name), rel=1e-12)


@pytest.mark.parametrize(
    ("noise", "seeds", "level"), [(normal, 3, 0.95), (normal, 10, 0.90), (skewed, 5, 0.95)]
)
def test_the_interval_of_a_mean_holds_the_truth_as_often_as_it_says(noise, seeds, level):
    intervals = [statistics.mean_interval(row, level) for row in noise(7.0, 2.0, (DRAWS, seeds), seeds)]
    held = np.mean([low <= 7.0 <= high for low, high in intervals])
    lost = 0.0 if noise is normal else 0.02  # what skewness of one costs few seeds
    assert abs(held - level) <= slack(level) + lost


def test_the_interval_over_clusters_holds_the_truth_as_often_as_it_says():
    draws, clusters, size = 250, 40, 6
    rng = np.random.default_rng(clusters)
    speakers = rng.normal(size=(draws, clusters, 1)) + rng.normal(size=(draws, clusters, size))
    membership = np.repeat(np.arange(clusters), size)
    intervals = [statistics.cluster_interval(each.ravel(), membership) for each in speakers]
    held = np.mean([low <= 0 <= high for low, high in intervals])
    assert 0.93 - slack(0.95, draws) <= held <= 0.97 + slack(0.95, draws)


def test_bootstrap_draws_over_people_hold_the_truth_as_often_as_they_say():
    draws, people = 1000, 60
    weights = draw_weights(people, people, 500) / people
    values = normal(3.0, 1.0, (draws, people), 4)
    found = [value_from_draws(row.mean(), weights @ row, people) for row in values]
    held = np.mean([each.interval[0] <= 3.0 <= each.interval[1] for each in found])
    assert abs(held - 0.95) <= slack(0.95, draws)


@pytest.mark.parametrize("people", [8, 20])
def test_bootstrap_draws_over_few_people_hold_the_truth_as_often_as_they_say(people):
    draws = 1000
    weights = draw_weights(people, people, 4000) / people
    values = normal(3.0, 1.0, (draws, people), 5)
    held = np.mean(
        [low <= 3.0 <= high for low, high in (bootstrap_interval(weights @ row, people) for row in values)]
    )
    assert 0.93 <= held <= 0.97


def test_a_value_at_the_margin_is_called_reproduced_in_at_most_one_of_twenty():
    found = words(claim("value", margin=1.0, min_seeds=5), normal(51, 0.3, (DRAWS, 8), 11))
    assert at_most(0.05, np.mean([word == "reproduced" for word in found]))


def test_a_value_that_is_the_papers_is_called_not_reproduced_in_at_most_one_of_twenty():
    found = words(claim("value", margin=0.0, min_seeds=5), normal(50, 0.5, (DRAWS, 8), 12))
    assert at_most(0.05, np.mean([word == "not reproduced" for word in found]))


@pytest.mark.parametrize(("noise", "seeds"), [(normal, 5), (skewed, 10)])
def test_no_difference_is_shown_wrongly_in_at_most_one_of_twenty(noise, seeds):
    made = claim("equal", margin=1.0, min_seeds=5)
    found = words(made, noise(1.0, 0.3, (DRAWS, seeds), seeds))
    lost = 0.0 if noise is normal else 0.02
    assert at_most(0.05 + lost, np.mean([word == "reproduced" for word in found]))
    assert at_most(0.025 + lost, np.mean([word == "not reproduced" for word in found]))


def test_none_of_many_orders_is_called_reproduced_in_more_than_one_chapter_of_twenty():
    """Six orders read together, none of them true: Holm's adjustment holds the chapter to 5 %."""
    chapters, seeds = 120, 8
    made = {f"T{number}": claim(id=f"T{number}", min_seeds=5) for number in range(1, 7)}
    wrong = 0
    for draw in normal(0, 1, (chapters, len(made), seeds), 21):
        found = {key: order_over_units(row) for key, row in zip(made, draw, strict=True)}
        together = adjusted_p(found)
        verdicts = [decide(each, found[key], "paper", together[key])[0] for key, each in made.items()]
        wrong += "reproduced" in verdicts
    assert at_most(0.05, wrong / chapters, chapters)


def test_a_true_difference_is_found():
    draws, made = 100, claim(min_seeds=5)
    found = [decide(made, order_over_units(row), "paper")[0] for row in normal(1.0, 0.7, (draws, 10), 3)]
    assert np.mean([word == "reproduced" for word in found]) > 0.9
    equal = words(claim("equal", margin=1.0), normal(0.0, 0.7, (draws, 10), 3))
    assert np.mean([word == "reproduced" for word in equal]) > 0.9
