import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.instructcell import neighbours
from mmrepro.papers.instructcell.neighbours import Choice, Space

RNG = np.random.default_rng(0)


def two_clouds(count=40, apart=50.0):
    labels = np.repeat(["a", "b"], count)
    return RNG.normal(size=(2 * count, 3)) + apart * (labels == "b")[:, None], labels


def test_clear_clouds_have_only_neighbours_of_their_own():
    places, labels = two_clouds()
    assert neighbours.self_knn(places, labels, (5, 10)) == 1
    assert neighbours.predicted_knn(places, labels, places, labels, (5,)) == 1


def test_a_line_of_alternating_labels_has_known_neighbours():
    # On a line the nearest of each point is the one beside it, of the other label.
    places, labels = np.array([[0.0], [1.0], [2.1], [3.3]]), np.array(["a", "b", "a", "b"])
    assert neighbours.self_knn(places, labels, (1,)) == 0


def test_written_cells_of_the_wrong_type_are_found_out():
    places, labels = two_clouds()
    swapped = np.where(labels == "a", "b", "a")
    assert neighbours.predicted_knn(places, swapped, places, labels, (5,)) == 0


def test_more_neighbours_than_cells_is_refused():
    with pytest.raises(MMReproError, match="4 cells are too few for 5 neighbours"):
        neighbours.self_knn(np.zeros((4, 2)), np.array(list("abab")))


def test_the_kernel_distance_is_zero_to_itself_and_grows_with_distance():
    places, _ = two_clouds(apart=0)
    near, far = (neighbours.kernel_distance(places + shift, places) for shift in (0.5, 5.0))
    assert neighbours.kernel_distance(places, places) == pytest.approx(0, abs=1e-12)
    assert 0 < near < far < 6.01  # three kernels, each at most two apart


def test_the_kernel_distance_agrees_with_a_loop():
    one, two = RNG.normal(size=(7, 2)), RNG.normal(size=(9, 2))
    gaps = np.sort(np.linalg.norm(two[:, None] - two[None], axis=-1), axis=1)
    gamma = 1 / np.median(gaps[:, 8]) ** 2

    def mean(a, b, width):
        return np.mean([[np.exp(-width * ((x - y) ** 2).sum()) for y in b] for x in a])

    expected = sum(
        mean(one, one, width) + mean(two, two, width) - 2 * mean(one, two, width)
        for width in (gamma / 2, gamma, 2 * gamma)
    )
    assert neighbours.kernel_distance(one, two) == pytest.approx(expected)


def test_the_space_is_that_of_the_text_or_that_of_the_code():
    real = RNG.poisson(3, size=(30, 8)).astype(float)
    expressed = np.log1p(real / real.sum(1, keepdims=True) * 1e4)
    text = Space(real, Choice(components=2))(real)
    assert np.allclose(text.mean(0), 0, atol=1e-8)  # centred
    left, values, _ = np.linalg.svd(expressed - expressed.mean(0), full_matrices=False)
    assert np.allclose(np.abs(text), np.abs(left[:, :2] * values[:2]))
    code = Space(real, Choice("svd", "10", components=2))(real)
    left, values, _ = np.linalg.svd(expressed / np.log(10), full_matrices=False)
    assert np.allclose(np.abs(code), np.abs(left[:, :2] * values[:2]), atol=1e-6)


def test_cells_of_other_depth_lie_where_their_shares_put_them():
    real = RNG.poisson(3, size=(30, 8)).astype(float) + 1
    space = Space(real)
    assert np.allclose(space(real), space(7 * real))
