import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence import agreement

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), example C: four observers, twelve
# units, five categories, with gaps; nominal alpha is 0.743.
NOMINAL = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
# Fleiss (1971) as worked through in textbooks: 14 raters, ten items, five categories; kappa is 0.210.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def counts_of(ratings):
    units = zip(*ratings, strict=True)
    return np.array([[list(unit).count(category) for category in range(1, 6)] for unit in units])


def test_alpha_is_that_of_krippendorffs_worked_example():
    assert agreement.krippendorff_alpha(counts_of(NOMINAL)) == pytest.approx(0.743, abs=0.0005)


def test_binary_example_of_two_observers_without_gaps():
    # Example A of the same paper: ten units, two observers, alpha 0.095.
    one, two = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    counts = np.array([[(a == c) + (b == c) for c in (0, 1)] for a, b in zip(one, two, strict=True)])
    assert agreement.krippendorff_alpha(counts) == pytest.approx(0.095, abs=0.0005)


def test_an_item_with_one_vote_changes_nothing():
    counts = counts_of(NOMINAL)
    more = np.vstack([counts, [[1, 0, 0, 0, 0]]])
    assert agreement.krippendorff_alpha(more) == agreement.krippendorff_alpha(counts)


def test_kappa_is_that_of_the_textbook():
    assert agreement.fleiss_kappa(np.array(FLEISS)) == pytest.approx(0.210, abs=0.0005)


def test_kappa_of_two_raters_by_hand():
    # They agree on three items of four; five of eight votes are for the first category: by chance on 17 / 32.
    counts = np.array([[2, 0], [0, 2], [2, 0], [1, 1]])
    assert agreement.fleiss_kappa(counts) == pytest.approx((3 / 4 - 17 / 32) / (1 - 17 / 32))


def test_adding_up_parts_is_alpha_of_the_resample():
    counts = counts_of(NOMINAL)[:9]
    drawn = np.array([0, 0, 3, 5, 7, 8, 1])
    parts = agreement.alpha_parts(counts)
    together = agreement.alpha_of(parts[drawn].sum(axis=0))
    assert together == pytest.approx(agreement.krippendorff_alpha(counts[drawn]))


def test_what_has_no_agreement_is_refused_in_a_sentence():
    with pytest.raises(MMReproError, match="no item has more than one"):
        agreement.krippendorff_alpha(np.eye(3, dtype=int))
    with pytest.raises(MMReproError, match="all votes name one category"):
        agreement.krippendorff_alpha(np.array([[3, 0], [4, 0]]))
    with pytest.raises(MMReproError, match="not 2 to 4; thin_votes"):
        agreement.fleiss_kappa(np.array([[2, 0], [2, 2]]))
    with pytest.raises(MMReproError, match="at least two, not 1 to 1"):
        agreement.fleiss_kappa(np.eye(2, dtype=int))


def test_thinning_keeps_that_many_votes_and_invents_none():
    counts = np.array([[5, 3, 0], [1, 1, 1], [9, 0, 2]])
    thin = agreement.thin_votes(counts, 4, np.random.default_rng(0))
    assert thin.sum(axis=1).tolist() == [4, 4]
    assert (thin <= counts[[0, 2]]).all()
    whole = agreement.thin_votes(counts, 3, np.random.default_rng(0))[1]
    assert whole.tolist() == [1, 1, 1]
    many = np.mean([agreement.thin_votes(counts, 4, np.random.default_rng(s)) for s in range(400)], axis=0)
    assert np.allclose(many[0], [2.5, 1.5, 0], atol=0.15)


def test_entropy_and_majority():
    counts = np.array([[4, 0], [2, 2], [1, 3]])
    assert agreement.vote_entropy(counts)[:2].tolist() == [0.0, 1.0]
    assert agreement.majority(counts).tolist() == [0, -1, 1]
