import numpy as np
import pytest
import torch

from mmrepro.papers.instructcell import rivals

RNG = np.random.default_rng(1)
LABELS = np.repeat(["a", "b"], [60, 40])
COUNTS = RNG.poisson(np.where(LABELS == "a", 2.0, 9.0)[:, None] * np.ones((100, 5))).astype(float)


def test_the_majority_is_always_answered():
    assert set(rivals.majority(COUNTS, LABELS, COUNTS[:3])) == {"a"}


@pytest.mark.parametrize("name", ["logistic regression", "15 neighbours"])
def test_plain_classifiers_tell_clear_types_apart(name):
    found = rivals.CLASSIFIERS[name](COUNTS, LABELS, COUNTS)
    assert np.mean(found == LABELS) > 0.95


def test_the_latent_of_counts_tells_types_apart_and_sees_no_test_label():
    rates = np.ones((300, 20))
    labels = np.repeat(["a", "b"], 150)
    rates[labels == "a", :5] = 12
    counts = torch.from_numpy(RNG.poisson(rates + 0.5)).float()
    order = RNG.permutation(300)
    train, test = order[:240], order[240:]
    found = rivals.latent_classifier(counts, train, labels[train], test, seed=0, epochs=20)
    assert np.mean(found == labels[test]) > 0.8


def test_samplers_give_the_wanted_types_or_any():
    wanted = np.array(["b"] * 30)
    own = rivals.resampled(COUNTS, LABELS, wanted, np.random.default_rng(0))
    real = {tuple(row) for row in COUNTS[LABELS == "b"]}
    assert {tuple(row) for row in own} <= real
    anyone = rivals.shuffled(COUNTS, LABELS, wanted, np.random.default_rng(0))
    assert {tuple(row) for row in anyone} - real


def test_genes_drawn_alone_have_the_types_mean_and_variance():
    spread = RNG.negative_binomial(2, 0.2, size=(4000, 3)).astype(float)  # mean 8, variance 40
    labels = np.repeat("a", 4000)
    drawn = rivals.independent_genes(spread, labels, labels, np.random.default_rng(0))
    assert np.allclose(drawn.mean(0), 8, rtol=0.1) and np.allclose(drawn.var(0), 40, rtol=0.2)
    assert np.array_equal(drawn, np.round(drawn))


def test_the_number_of_genes_gives_a_deeper_library_away():
    deep = RNG.poisson(np.where(LABELS == "a", 0.3, 2.0)[:, None] * np.ones((100, 60))).astype(float)
    assert np.mean(rivals.gene_number(deep, LABELS, deep) == LABELS) > 0.95
