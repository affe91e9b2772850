import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.instructcell.selection import fold_accuracy


@pytest.fixture
def cells(rng):
    """Pure noise, of far more genes than cells, and labels that have nothing to do with it."""
    return rng.normal(size=(60, 3000)), rng.permutation(np.repeat(["sensitive", "resistant"], 30))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_choosing_on_all_cells_finds_in_noise_what_is_not_there(cells):
    honest, leaking = (fold_accuracy(*cells, where, genes=20) for where in ("training cells", "all cells"))
    assert abs(honest - 50) < 20
    assert leaking > honest + 25


def test_without_a_choice_of_genes_nothing_leaks(cells, rng):
    expression, labels = cells
    narrow = expression[:, :10]
    assert fold_accuracy(narrow, labels, "all cells", 10) == fold_accuracy(
        narrow, labels, "training cells", 10
    )


def test_a_gene_that_tells_the_labels_apart_is_found_by_both(cells):
    expression, labels = cells
    expression[:, 7] = 9 * (labels == "resistant")
    for where in ("training cells", "all cells"):
        assert fold_accuracy(expression, labels, where, genes=1) == 100


def test_genes_that_no_cell_expresses_are_chosen_last(cells):
    expression, labels = cells
    expression[:, 1:] = 0
    expression[:, 0] = labels == "resistant"
    assert fold_accuracy(expression, labels, "training cells", genes=1) == 100


def test_an_unknown_choice_is_refused(cells):
    with pytest.raises(MMReproError, match="training cells or all cells"):
        fold_accuracy(*cells, "test cells", genes=5)
