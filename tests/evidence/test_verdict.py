import typing

import numpy as np
import pytest

from mmrepro.evidence import claim as claims
from mmrepro.evidence import statistics
from mmrepro.evidence.record import metrics_frame
from mmrepro.evidence.verdict import Estimate, adjusted_p, decide, estimate, heading_mark, label
from tests.evidence.factory import claim, metrics, paired


def judge(made, tier="paper", **systems):
    """Verdict and reason through the real path: metrics, estimate, decision."""
    found = estimate(made, metrics_frame(metrics(**systems)), "numbers")
    return decide(made, found, tier)


def around(centre, spread, seeds=10):
    """Values with exactly this mean and this standard deviation."""
    steps = np.linspace(-1, 1, seeds)
    return centre + spread * steps / steps.std(ddof=1)


ORDER_CASES = [
    ({"gap": 2.0}, {}, "reproduced"),
    ({"gap": 2.0}, {"margin": 1.0}, "reproduced"),
    ({"gap": 2.0}, {"margin": 1.9}, "direction only"),
    ({"gap": 2.0}, {"margin": 5.0}, "direction only"),
    ({"gap": -2.0}, {}, "not reproduced"),
    ({"gap": -2.0}, {"margin": 1.0}, "not reproduced"),
    ({"gap": 0.1, "spread": 1.0}, {}, "inconclusive"),
    ({"gap": 0.1, "spread": 1.0}, {"margin": 0.5}, "inconclusive"),
    ({"gap": 0.0, "spread": 0.1}, {"margin": 1.0}, "not reproduced"),
    ({"gap": 2.0, "seeds": 4}, {}, "inconclusive"),
    ({"gap": 2.0, "seeds": 9}, {"min_seeds": 10}, "inconclusive"),
    ({"gap": 2.0, "seeds": 1}, {"min_seeds": 1}, "inconclusive"),
    ({"gap": 2.0, "seeds": 4}, {"min_seeds": 1}, "inconclusive"),  # 1/16 is the least p of four pairs
]


@pytest.mark.parametrize(("drawn", "declared", "expected"), ORDER_CASES)
def test_the_verdict_on_an_order(drawn, declared, expected):
    assert judge(claim(**declared), **paired(**drawn))[0] == expected


VALUE_CASES = [
    # Mean, deviation, margin around 50: agrees closely / too wide / a hair off but tight / far off.
    ((50.0, 0.5), 1.0, "reproduced"),
    ((50.0, 4.0), 1.0, "compatible"),
    ((50.5, 0.1), 1.0, "compatible"),
    ((55.0, 0.5), 1.0, "not reproduced"),
    ((50.0, 0.5), 0.0, "compatible"),
]


@pytest.mark.parametrize(("drawn", "margin", "expected"), VALUE_CASES)
def test_the_verdict_on_a_value(drawn, margin, expected):
    assert judge(claim("value", margin=margin), a=around(*drawn))[0] == expected


@pytest.mark.parametrize(("drawn", "margin", "expected"), VALUE_CASES)
def test_a_ratio_is_judged_as_a_value(drawn, margin, expected):
    base = np.linspace(1, 3, 10)
    made = claim("ratio", margin=margin)
    assert judge(made, a=around(*drawn) * base, b=base)[0] == expected


EQUAL_CASES = [
    (around(0.2, 0.5), "reproduced"),
    (around(1.0, 0.1), "inconclusive"),  # at the margin itself
    (around(0.2, 3.0), "inconclusive"),  # too few runs for their spread
    (around(3.0, 0.5), "not reproduced"),
    (around(3.0, 9.0), "inconclusive"),
    (around(0.0, 0.1, seeds=4), "inconclusive"),
]


@pytest.mark.parametrize(("drawn", "expected"), EQUAL_CASES)
def test_the_verdict_on_no_difference(drawn, expected):
    made = claim("equal", margin=1.0)
    assert judge(made, a=drawn)[0] == expected
    assert judge(made, a=-drawn)[0] == expected  # whichever way the difference is taken


def test_no_difference_is_shown_by_two_one_sided_tests():
    """The rule's edges by hand, with quantiles of Student's t from a printed table."""
    made = claim("equal", margin=1.0)
    reach = 1.833113 * 0.5 / np.sqrt(10)  # 90 %, 9 degrees of freedom
    assert judge(made, a=around(1.0 - reach - 0.001, 0.5))[0] == "reproduced"
    assert judge(made, a=around(1.0 - reach + 0.001, 0.5))[0] == "inconclusive"
    beyond = 2.262157 * 0.5 / np.sqrt(10)  # 95 %
    assert judge(made, a=around(1.0 + beyond + 0.001, 0.5))[0] == "not reproduced"
    assert judge(made, a=around(1.0 + beyond - 0.001, 0.5))[0] == "inconclusive"


def test_a_difference_at_the_margin_is_called_none_in_one_of_twenty():
    rng, made = np.random.default_rng(3), claim("equal", margin=1.0, min_seeds=10)
    words = [judge(made, a=1.0 + 0.3 * rng.normal(size=10))[0] for _ in range(300)]
    assert 0.02 <= words.count("reproduced") / len(words) <= 0.08  # 5 %, but for 300 draws
    assert words.count("not reproduced") / len(words) <= 0.05


@pytest.mark.parametrize(("seeds", "expected"), [(4, "inconclusive"), (5, "reproduced")])
def test_fewer_seeds_than_declared_are_indicative_only(seeds, expected):
    verdict, reason = judge(claim("value", margin=1.0), a=around(50.0, 0.1, seeds))
    assert verdict == expected
    assert ("indicative only" in reason) == (expected == "inconclusive")


@pytest.mark.parametrize(
    ("value", "expected"), [(50.4, "reproduced"), (49.5, "reproduced"), (50.6, "not reproduced")]
)
@pytest.mark.parametrize("kind", ["value", "count"])
def test_one_deterministic_number_is_held_to_the_margin(kind, value, expected):
    assert judge(claim(kind, margin=0.5), a=[value])[0] == expected


def test_a_count_over_seeds_is_held_to_the_margin_alone():
    assert judge(claim("count", margin=1.0), a=[49, 51])[0] == "reproduced"
    assert judge(claim("count", paper_value=3), a=[2, 2, 2])[0] == "not reproduced"


def test_what_was_not_measured_is_not_testable():
    assert judge(claim(), a=[1.0, 2.0])[0] == "not testable"
    assert judge(claim(), other=[1.0])[0] == "not testable"
    lone = metrics(a=[1, 2, 3]) + [row.model_copy(update={"seed": row.seed + 9}) for row in metrics(b=[1, 2])]
    assert estimate(claim(), metrics_frame(lone), "numbers") is None  # no seed measured both
    assert estimate(claim(), metrics_frame([]), "numbers") is None


def test_every_word_of_the_verdict_is_reached():
    reached = {judge(claim(**given), **paired(**drawn))[0] for drawn, given, _ in ORDER_CASES}
    reached |= {judge(claim("value", margin=margin), a=around(*drawn))[0] for drawn, margin, _ in VALUE_CASES}
    reached.add(judge(claim())[0])
    assert reached == set(typing.get_args(claims.Verdict))


@pytest.mark.parametrize("tier", ["stand-in", "synthetic"])
@pytest.mark.parametrize(
    ("made", "systems"),
    [
        (claim(), paired(gap=2.0)),
        (claim("value", margin=1.0), {"a": around(50.0, 0.5)}),
        (claim("value", margin=1.0), {"a": around(50.0, 4.0)}),
        (claim("count"), {"a": [50.0]}),
        (claim("equal", margin=1.0), {"a": around(0.0, 0.5)}),
        (claim("ratio", margin=1.0), {"a": around(50.0, 0.5), "b": np.ones(10)}),
    ],
)
def test_other_data_show_no_more_than_the_direction(tier, made, systems):
    verdict, reason = judge(made, tier, **systems)
    assert verdict == "direction only"
    assert reason.endswith(f"{tier} data cannot show more")
    assert judge(made, "closed-form", **systems)[0] in ("reproduced", "compatible")


@pytest.mark.parametrize("tier", claims.TIERS)
def test_the_tier_never_lifts_a_verdict(tier):
    assert judge(claim(), tier, **paired(gap=-2.0))[0] == "not reproduced"
    assert judge(claim(), tier, **paired(gap=0.1, spread=1.0))[0] == "inconclusive"


def test_the_interval_over_clusters_must_be_cleared_as_well():
    found = estimate(claim(), metrics_frame(metrics(**paired(gap=2.0))), "numbers")
    assert decide(claim(), found, "paper")[0] == "reproduced"
    wide = found.model_copy(update={"cluster_interval": (-1.0, 5.0)})
    verdict, reason = decide(claim(), wide, "paper")
    assert verdict == "inconclusive"
    assert "over clusters of test items" in reason


def test_refuting_needs_every_interval_below_the_margin():
    found = estimate(claim(), metrics_frame(metrics(**paired(gap=-2.0))), "numbers")
    assert (
        decide(claim(), found.model_copy(update={"cluster_interval": (-4.0, 1.0)}), "paper")[0]
        == "inconclusive"
    )
    assert (
        decide(claim(), found.model_copy(update={"cluster_interval": (-4.0, -1.0)}), "paper")[0]
        == "not reproduced"
    )


def test_many_orders_read_together_need_a_smaller_p():
    found = estimate(claim(), metrics_frame(metrics(**paired(gap=2.0, seeds=5))), "numbers")
    assert found.p_value == pytest.approx(1 / 32)
    assert decide(claim(), found, "paper")[0] == "reproduced"
    together = adjusted_p({"T1": found, "T2": found, "T3": None})
    assert together == pytest.approx({"T1": 1 / 16, "T2": 1 / 16})
    assert decide(claim(), found, "paper", together["T1"])[0] == "inconclusive"


def test_an_estimate_over_items_is_decided_without_seeds():
    made = claim(min_seeds=5)
    found = Estimate(value=0.1, interval=(0.05, 0.15), p_value=1e-4, n_seeds=4662, basis="items")
    verdict, reason = decide(made, found, "paper")
    assert verdict == "reproduced"
    assert "4662 items" in reason


def test_an_order_over_items_without_an_interval_does_not_decide():
    assert decide(claim(), Estimate(value=1.0, n_seeds=9, basis="items"), "paper") == (
        "inconclusive",
        "no interval could be computed",
    )


def test_a_ratio_to_zero_is_no_number():
    assert estimate(claim("ratio"), metrics_frame(metrics(a=[1, 2, 3], b=[1, 0, 1])), "numbers") is None


def test_only_the_claims_own_rows_count():
    rows = metrics(**paired(gap=2.0)) + metrics(dataset="other", **paired(gap=-50.0))
    rows += metrics(metric="loss", **paired(gap=-50.0))
    assert estimate(claim(), metrics_frame(rows), "numbers").value == pytest.approx(2.0)


def test_a_closed_form_is_found_among_rows_without_data():
    rows = metrics(dataset=None, a=[50.0]) + metrics(a=[9.0])
    found = estimate(claim("value", datasets=()), metrics_frame(rows), None)
    assert (found.value, found.basis) == (50.0, "exact")


def test_pairs_are_joined_by_seed_not_by_place():
    rows = metrics(a=[1, 2, 3], b=[1, 2, 3])
    shuffled = [rows[index] for index in (4, 0, 5, 2, 3, 1)]
    assert estimate(claim(), metrics_frame(shuffled), "numbers").interval == (0.0, 0.0)


def _verdicts_on(made, draws):
    """Decide every row of paired differences.

    The sign-flip test is run where the interval clears the margin; elsewhere it cannot change the word.
    """
    for row in draws:
        low, high = statistics.mean_interval(row)
        p_value = statistics.sign_flip_p(row - made.margin) if low > made.margin else 1.0
        found = Estimate(value=row.mean(), interval=(low, high), p_value=p_value, n_seeds=len(row))
        yield decide(made, found, "paper")[0]


def test_no_difference_is_called_reproduced_in_at_most_one_of_twenty():
    draws = np.random.default_rng(20250131).normal(size=(2000, 10))
    verdicts = list(_verdicts_on(claim(min_seeds=10), draws))
    # The interval alone errs in 2.5 % of the draws to either side.
    assert 0.01 <= verdicts.count("reproduced") / len(verdicts) <= 0.05
    assert 0.01 <= verdicts.count("not reproduced") / len(verdicts) <= 0.05


def test_a_true_difference_at_the_margin_is_called_reproduced_in_at_most_one_of_twenty():
    draws = 1.0 + np.random.default_rng(7).normal(size=(400, 10))
    verdicts = list(_verdicts_on(claim(min_seeds=10, margin=1.0), draws))
    assert verdicts.count("reproduced") / len(verdicts) <= 0.05


def test_the_short_cut_of_the_simulations_gives_the_verdicts_of_the_whole_path():
    made = claim(min_seeds=10)
    draws = np.random.default_rng(5).normal(0.5, 1, size=(30, 10))
    whole = [judge(made, a=row, b=np.zeros(10))[0] for row in draws]
    assert whole == list(_verdicts_on(made, draws))
    assert {"reproduced", "inconclusive"} <= set(whole)


def test_values_agree_when_they_should_and_rarely_when_they_should_not():
    rng = np.random.default_rng(11)
    made = claim("value", margin=1.0, min_seeds=10)

    def share(centre, word):
        frames = (metrics_frame(metrics(a=centre + rng.normal(0, 0.5, 10))) for _ in range(60))
        return np.mean([decide(made, estimate(made, each, "numbers"), "paper")[0] == word for each in frames])

    assert share(50.0, "reproduced") > 0.9  # power: deviation half the margin
    assert share(51.0, "reproduced") <= 0.15  # two one-sided tests at the edge: 5 %, here of 60
    assert share(53.0, "not reproduced") > 0.9


@pytest.mark.parametrize(
    ("verdicts", "mark"),
    [
        ([("reproduced", "paper"), ("compatible", "closed-form")], "[Re]"),
        ([("reproduced", "paper"), ("inconclusive", "paper")], "[Re?]"),
        ([("reproduced", "paper"), ("not reproduced", "paper")], "[¬Re]"),
        ([("not reproduced", "closed-form"), ("not testable", "synthetic")], "[¬Re]"),
        ([("not reproduced", "stand-in")], "[Re?]"),
        ([("direction only", "stand-in")], "[Re?]"),
        ([("not testable", "synthetic")], "[Re?]"),
        ([], "[Re?]"),
    ],
)
def test_the_mark_of_a_chapter(verdicts, mark):
    assert heading_mark(verdicts) == mark


def test_other_data_are_named_with_the_verdict():
    assert label("reproduced", "paper") == "reproduced"
    assert label("inconclusive", "closed-form") == "inconclusive"
    assert label("not reproduced", "stand-in") == "not reproduced (stand-in data)"
    assert label("not testable", "synthetic") == "not testable"
