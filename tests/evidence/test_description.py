import math
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pytest
from rouge_score.rouge_scorer import _lcs_table

from mmrepro.errors import MMReproError
from mmrepro.evidence import description
from mmrepro.evidence.description import (
    OFFICIAL,
    DescriptionScore,
    autodq,
    event_matches,
    longest_common_subsequence,
    overall,
    tem,
)


@dataclass
class Words:
    """A judge for hand-worked cases: an event is entailed where it stands in the text, letter by letter."""

    denied: tuple[str, ...] = ()

    def against_text(self, events, text):
        return np.array([self._one(event, text) for event in events], dtype=np.int8)

    def between(self, events, others):
        return np.array([[self._one(a, b) for b in others] for a in events], dtype=np.int8).reshape(
            len(events), len(others)
        )

    def _one(self, event, text):
        return -1 if event in self.denied else int(event in text)


def test_autodq_of_a_case_worked_by_hand():
    # Reference a b c d; told a c x: recall 2 of 4, precision 2 of 3, F1 = 2 * 1/2 * 2/3 / (7/6) = 4/7.
    score = autodq(Words(), "a b c d", ["a", "b", "c", "d"], "a c x", ["a", "c", "x"])
    assert (score.recall, score.precision) == (0.5, pytest.approx(2 / 3))
    assert score.f1 == pytest.approx(4 / 7)
    assert score.recalled.tolist() == [1, 0, 1, 0]
    assert score.supported.tolist() == [1, 1, 0]


def test_a_contradiction_costs_what_an_omission_costs():
    omitted = autodq(Words(), "a b", ["a", "b"], "a", ["a"])
    denied = autodq(Words(denied=("b",)), "a b", ["a", "b"], "a", ["a"])
    assert denied.recalled.tolist() == [1, -1]
    assert denied.recall == omitted.recall == 0.5


def test_order_plays_no_part_in_autodq():
    one = autodq(Words(), "a b c", ["a", "b", "c"], "a b c", ["a", "b", "c"])
    other = autodq(Words(), "a b c", ["a", "b", "c"], "c b a", ["c", "b", "a"])
    assert one.f1 == other.f1 == 1.0


def test_a_description_that_tells_nothing_scores_zero_here_and_is_never_wrong_officially():
    ours = autodq(Words(), "a b", ["a", "b"], "", [])
    official = autodq(Words(), "a b", ["a", "b"], "", [], OFFICIAL)
    assert (ours.recall, ours.precision, ours.f1) == (0, 0, 0)
    assert (official.recall, official.precision, official.f1) == (0, 1, 0)


def test_a_reference_without_events_is_left_out_here_and_earns_one_officially():
    assert math.isnan(autodq(Words(), "", [], "a", ["a"]).recall)
    assert autodq(Words(), "", [], "a", ["a"], OFFICIAL).recall == 1


def score(recall, precision):
    none = np.zeros(0, dtype=np.int8)
    return DescriptionScore(none, none, recall, precision)


def test_overall_is_the_f1_of_means_of_category_means():
    # Category x: recall (1 + 0) / 2, precision (1 + 0.5) / 2; y: 0.2 and 0.4. Means 0.35 and 0.575.
    found = overall([score(1, 1), score(0, 0.5), score(0.2, 0.4)], ["x", "x", "y"])
    assert found.recall == pytest.approx(0.35)
    assert found.precision == pytest.approx(0.575)
    assert found.f1 == pytest.approx(2 * 0.35 * 0.575 / 0.925)


def test_a_recall_that_is_not_defined_leaves_its_precision_in():
    found = overall([score(float("nan"), 0.5), score(0.5, 1.0)], ["x", "x"])
    assert (found.recall, found.precision) == (0.5, 0.75)


def test_overall_needs_a_category_a_score():
    with pytest.raises(MMReproError, match="2 scores and 1 categories"):
        overall([score(1, 1), score(1, 1)], ["x"])
    with pytest.raises(MMReproError, match="0 scores"):
        overall([], [])


def test_both_scores_at_zero_give_zero():
    assert description.f1(0.0, 0.0) == 0.0


def brute_force(matches):
    rows, columns = matches.shape
    for size in range(min(rows, columns), 0, -1):
        for first in combinations(range(rows), size):
            for second in combinations(range(columns), size):
                if all(matches[row, column] for row, column in zip(first, second, strict=True)):
                    return size
    return 0


def test_the_longest_common_subsequence_is_that_of_trying_everything():
    rng = np.random.default_rng(0)
    for _ in range(60):
        matches = rng.random((rng.integers(1, 6), rng.integers(1, 6))) < 0.4
        pairs = longest_common_subsequence(matches)
        assert len(pairs) == brute_force(matches)
        assert all(matches[pair] for pair in pairs)
        assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))


def test_on_words_it_is_that_of_the_rouge_library():
    rng = np.random.default_rng(1)
    for _ in range(20):
        first, second = (list(rng.choice(list("abcd"), rng.integers(1, 12))) for _ in range(2))
        matches = np.array([[a == b for b in second] for a in first])
        assert len(longest_common_subsequence(matches)) == _lcs_table(first, second)[-1][-1]


def test_tem_of_cases_worked_by_hand():
    same, reversed_, dropped = (
        np.eye(4, dtype=bool),
        np.eye(4, dtype=bool)[::-1],
        np.eye(4, dtype=bool)[:, ::2],
    )
    assert tem(same) == 1
    assert tem(reversed_) == pytest.approx(1 / 4)
    assert tem(dropped) == pytest.approx(2 * 2 / (4 + 2))
    assert [tem(dropped, how) for how in ("recall", "max")] == [0.5, 0.5]
    assert [tem(dropped.T, how) for how in ("recall", "max")] == [1.0, 0.5]
    assert tem(np.zeros((3, 0), dtype=bool)) == tem(np.zeros((0, 0), dtype=bool)) == 0
    assert tem(np.zeros((0, 3), dtype=bool), "recall") == 0


def test_tem_never_exceeds_the_share_of_matched_events():
    rng = np.random.default_rng(2)
    for _ in range(50):
        matches = rng.random((5, 4)) < 0.3
        assert tem(matches) <= (matches.any(1).sum() + matches.any(0).sum()) / 9 + 1e-12


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(MMReproError, match="f1, recall, max"):
        tem(np.eye(2, dtype=bool), "min")


def test_events_match_where_one_of_the_two_entails_the_other():
    assert event_matches(Words(), ["a", "b"], ["a b", "c"]).tolist() == [[True, False], [True, False]]
    assert event_matches(Words(), ["a b"], ["a"]).tolist() == [[True]]
    assert event_matches(Words(), ["a"], []).shape == (1, 0)
