"""The verdict rule exactly at its edges, and the words that come with it."""

import pytest

from mmrepro.evidence import statistics
from mmrepro.evidence.record import metrics_frame
from mmrepro.evidence.verdict import ALPHA, Estimate, decide, estimate
from tests.evidence.factory import claim, metrics


def verdict(made, **found):
    return decide(
        made, Estimate(value=found.pop("value", 1.0), n_seeds=found.pop("n_seeds", 5), **found), "paper"
    )


ORDERS = [
    # Margin, interval, p: the interval must clear the margin, and p must be below 5 %.
    (0.0, (0.1, 2.0), 0.04, "reproduced"),
    (0.0, (0.1, 2.0), ALPHA, "inconclusive"),
    (0.0, (0.0, 2.0), 0.04, "inconclusive"),
    (0.5, (0.5, 2.0), 0.04, "direction only"),
    (0.5, (0.2, 2.0), 0.04, "direction only"),
    (0.5, (0.0, 2.0), 0.04, "inconclusive"),
    (0.5, (-1.0, 0.5), 0.9, "inconclusive"),
    (0.5, (-1.0, 0.4), 0.9, "not reproduced"),
]


@pytest.mark.parametrize(("margin", "interval", "p_value", "expected"), ORDERS)
def test_an_order_at_its_edges(margin, interval, p_value, expected):
    assert verdict(claim(margin=margin), interval=interval, p_value=p_value)[0] == expected


def test_an_order_needs_both_an_interval_and_a_p():
    assert verdict(claim(), interval=(0.1, 2.0)) == ("inconclusive", "no interval could be computed")
    assert verdict(claim(), p_value=0.01) == ("inconclusive", "no interval could be computed")


def test_two_seeds_are_the_least_that_decide_an_order():
    made = claim(min_seeds=1)
    assert verdict(made, interval=(0.1, 2.0), p_value=0.01, n_seeds=2)[0] == "reproduced"
    assert verdict(made, interval=(0.1, 2.0), p_value=0.01, n_seeds=1)[0] == "inconclusive"


@pytest.mark.parametrize(
    ("value", "count", "told"),
    [
        (0.6, 1, "indicative only, for the claim: 1 seed, at least 5 needed"),
        (0.5, 4, "indicative only: 4 seeds, at least 5 needed"),
        (0.4, 2, "indicative only, against the claim: 2 seeds, at least 5 needed"),
    ],
)
def test_too_few_seeds_say_which_way_they_point(value, count, told):
    assert verdict(claim(margin=0.5), value=value, n_seeds=count) == ("inconclusive", told)


def test_clusters_are_named_where_they_count():
    found = {"interval": (0.1, 2.0), "p_value": 0.01}
    alone = "the 95 % interval over 5 seeds lies above 0 (Holm-adjusted p = 0.01)"
    both = "the 95 % intervals over 5 seeds and over clusters of test items "
    assert verdict(claim(), **found)[1] == alone
    undecided = verdict(claim(), interval=(-0.1, 2.0), p_value=0.2)[1]
    assert undecided == "the 95 % interval over 5 seeds does not decide (Holm-adjusted p = 0.2)"
    assert verdict(claim(), cluster_interval=(0.2, 1.0), **found)[1].startswith(f"{both}lie above 0 (")
    assert verdict(claim(), cluster_interval=(-0.2, 1.0), **found)[1].startswith(f"{both}do not decide (")
    assert verdict(claim(), interval=(0.1, 2.0), p_value=0.06, cluster_interval=(0.2, 1.0)) == (
        "inconclusive",
        f"{both}lie above 0, but chance is not ruled out (Holm-adjusted p = 0.06)",
    )
    assert verdict(claim(margin=0.05), interval=(0.1, 2.0), p_value=0.1) == (
        "direction only",
        "the 95 % interval over 5 seeds lies above 0.05, but chance is not ruled out (Holm-adjusted p = 0.1)",
    )
    assert verdict(claim(margin=0.5), cluster_interval=(0.2, 1.0), **found)[1].startswith(
        f"{both}lie above 0, but the difference is not shown to exceed 0.5 ("
    )


def test_what_was_not_measured_says_so():
    assert decide(claim(), None, "paper") == ("not testable", "nothing was measured for it in this run")


EQUALS = [
    # The 90 % interval may touch the margin; the 95 % interval must leave it.
    ((-1.0, 0.5), (-1.2, 0.7), "reproduced"),
    ((-0.5, 1.0), (-0.7, 1.2), "reproduced"),
    ((-0.5, 1.1), (-0.7, 1.2), "inconclusive"),
    ((1.1, 2.0), (1.0, 2.1), "inconclusive"),
    ((1.1, 2.0), (1.01, 2.1), "not reproduced"),
    ((-2.0, -1.1), (-2.1, -1.0), "inconclusive"),
    ((-2.0, -1.1), (-2.1, -1.01), "not reproduced"),
]


@pytest.mark.parametrize(("equivalence", "interval", "expected"), EQUALS)
def test_no_difference_at_its_edges(equivalence, interval, expected):
    made = claim("equal", margin=1.0)
    assert verdict(made, equivalence=equivalence, interval=interval)[0] == expected
    assert verdict(made, equivalence=equivalence, interval=interval, n_seeds=4)[0] == "inconclusive"


@pytest.mark.parametrize("kind", ["equal", "value"])
def test_no_verdict_comes_of_half_the_intervals(kind):
    made, one = claim(kind, margin=100.0), (49.0, 51.0)
    for found in ({"equivalence": one}, {"interval": one, "prediction": one}):
        assert verdict(made, **found)[0] == "inconclusive"


VALUES = [
    # The paper's 50 in a new run's interval, edges included; our mean within the margin, edge included.
    ((50.0, 60.0), (50.5, 51.0), "reproduced"),
    ((40.0, 50.0), (49.0, 49.5), "reproduced"),
    ((50.1, 60.0), (50.5, 51.0), "compatible"),
    ((40.0, 60.0), (50.5, 51.1), "compatible"),
    ((50.1, 60.0), (50.5, 51.1), "not reproduced"),
]


@pytest.mark.parametrize(("prediction", "equivalence", "expected"), VALUES)
def test_a_value_at_its_edges(prediction, equivalence, expected):
    word, reason = verdict(claim("value", margin=1.0), prediction=prediction, equivalence=equivalence)
    assert word == expected
    assert f"a new run's 95 % interval is {prediction[0]:.4g} to {prediction[1]:.4g}" in reason


def test_negative_values_are_told_with_a_minus_sign():
    made = claim("value", margin=1.0, paper_value=-5.5)
    _, agrees = verdict(made, value=-5.0, basis="exact")
    _, beyond = verdict(made, prediction=(-9.0, -7.0), equivalence=(-8.2, -7.8))
    assert agrees == "agrees with −5.5 within 1"
    assert beyond == "a new run's 95 % interval is −9 to −7, without −5.5"


def test_the_p_of_an_order_is_that_of_the_difference_beyond_the_margin():
    ours, theirs = [3.0, 2.0, 4.0, 1.5, 2.5], [1.0, 1.0, 1.0, 1.0, 1.0]
    found = estimate(claim(margin=1.2), metrics_frame(metrics(a=ours, b=theirs)), "numbers")
    beyond = [one - other - 1.2 for one, other in zip(ours, theirs, strict=True)]
    assert found.p_value == pytest.approx(statistics.sign_flip_p(beyond))
    assert found.p_value > statistics.sign_flip_p([each + 1.2 for each in beyond])


@pytest.mark.parametrize(("kind", "systems"), [("order", {"b": [1.0, 2.0]}), ("value", {})])
def test_two_seeds_have_an_interval(kind, systems):
    found = estimate(claim(kind), metrics_frame(metrics(a=[2.0, 4.0], **systems)), "numbers")
    assert (found.n_seeds, found.basis) == (2, "seeds")
    assert found.interval is not None


def test_a_cap_never_lifts_a_tier():
    made = claim("count", datasets=(), tier_at_most="paper")
    assert made.tier_in({}) == "closed-form"


def test_a_share_is_held_to_its_own_reference():
    from scipy import stats

    _, p_value = statistics.proportion_difference(0.8, 0.7, 20)
    assert p_value == pytest.approx(float(stats.binom.sf(15, 20, 0.7)))


def test_the_level_of_the_interval_over_clusters_counts():
    values, clusters = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0] * 4, list(range(24))
    wide, narrow = (statistics.cluster_interval(values, clusters, level) for level in (0.95, 0.5))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert (wide[1] - wide[0]) / (narrow[1] - narrow[0]) == pytest.approx(1.96 / 0.674, rel=0.1)
