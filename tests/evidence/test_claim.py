import pytest
from pydantic import ValidationError

from tests.evidence.factory import claim


@pytest.mark.parametrize(("kind", "count"), [("order", 2), ("ratio", 2), ("value", 1), ("count", 1)])
def test_a_claim_names_as_many_systems_as_its_kind_compares(kind, count):
    assert len(claim(kind).systems) == count
    wrong = ("a", "b") if count == 1 else ("a",)
    with pytest.raises(
        ValidationError, match=f"systems must name {count} for kind '{kind}', not {len(wrong)}"
    ):
        claim(kind, systems=wrong)


@pytest.mark.parametrize("kind", ["value", "ratio", "count"])
def test_only_an_order_does_without_the_papers_number(kind):
    assert claim("order").paper_value is None
    with pytest.raises(ValidationError, match=f"paper_value is missing; kind '{kind}' compares"):
        claim(kind, paper_value=None)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"margin": -1}, "greater than or equal to 0"),
        ({"min_seeds": 0}, "greater than or equal to 1"),
        ({"id": "first"}, "match pattern"),
        ({"kind": "trend"}, "'value', 'order', 'equal', 'ratio' or 'count'"),
        ({"tier_at_most": "rumour"}, "'paper', 'closed-form', 'stand-in' or 'synthetic'"),
        ({"margins": 1}, "Extra inputs"),
    ],
)
def test_what_no_claim_may_say(given, told):
    with pytest.raises(ValidationError, match=told):
        claim(**{"kind": "order", **given})


def test_a_claim_does_not_change_after_it_was_declared():
    with pytest.raises(ValidationError, match="frozen"):
        claim().margin = 3


def test_the_first_data_set_that_a_run_has_tests_the_claim():
    made = claim(datasets=("best", "second"))
    assert made.dataset_in({"best", "second"}) == "best"
    assert made.dataset_in({"second"}) == "second"
    assert made.dataset_in({"other"}) is None


@pytest.mark.parametrize(
    ("datasets", "cap", "tiers", "expected"),
    [
        (("x",), None, {"x": "paper"}, "paper"),
        (("x",), None, {"x": "synthetic"}, "synthetic"),
        (("x", "y"), None, {"y": "stand-in", "x": "paper"}, "paper"),
        (("x",), "stand-in", {"x": "paper"}, "stand-in"),
        (("x",), "stand-in", {"x": "synthetic"}, "synthetic"),
        ((), None, {"x": "stand-in"}, "closed-form"),
        ((), "synthetic", {"x": "paper"}, "synthetic"),
        (("x",), None, {}, "synthetic"),
    ],
)
def test_the_tier_is_that_of_the_data_used_and_can_only_be_lowered(datasets, cap, tiers, expected):
    assert claim(datasets=datasets, tier_at_most=cap).tier_in(tiers) == expected
