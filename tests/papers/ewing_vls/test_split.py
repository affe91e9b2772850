import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.ewing_vls import split, tiles


def some_bags(rows):
    """Bags without pixels, from (label, patient, block)."""
    listed = tuple(tiles.Tile(None, *row) for row in rows)
    nothing = np.empty(0)
    return tiles.Bags(listed, nothing, nothing, nothing, nothing, 0.0)


@pytest.fixture
def many():
    return some_bags(
        [(label, patient, f"B{number % 3}") for label in "xyz" for patient in "pqr" for number in range(6)]
    )


@pytest.mark.parametrize("protocol", split.PROTOCOLS)
def test_every_tile_is_tested_once_and_never_trained_on_in_its_fold(many, protocol):
    found = split.folds(many, protocol, 3, seed=0)
    assert sorted(np.concatenate([test for _, test in found]).tolist()) == list(range(54))
    assert all(not set(train) & set(test) for train, test in found)


def test_blocks_and_patients_stay_whole(many):
    for protocol, groups in (("slide blocks", many.blocks), ("patients left out", many.patients)):
        for train, test in split.folds(many, protocol, 3, seed=1):
            assert not set(groups[train]) & set(groups[test])
    assert len(split.folds(many, "patients left out", 5, 0)) == 3


def test_seeds_change_random_splits_and_not_that_of_patients(many):
    def tested(protocol, seed):
        return [test.tolist() for _, test in split.folds(many, protocol, 3, seed)]

    assert tested("tiles at random", 0) != tested("tiles at random", 1)
    assert tested("patients left out", 0) == tested("patients left out", 1)


def test_one_patient_on_both_sides_is_refused():
    with pytest.raises(MMReproError, match="Case-3 stands on both sides of a split; keep its tiles"):
        split.require_apart(["Case-3", "P9", "Case-3"], [0, 1], [2])
    split.require_apart(["Case-3", "P9", "Case-3"], [0, 2], [1])


def test_a_class_that_no_training_tile_shows_is_named():
    lonely = some_bags([("x", "p", "A"), ("x", "q", "A"), ("y", "p", "B"), ("y", "p", "C"), ("x", "q", "D")])
    with pytest.raises(MMReproError, match="No training tile shows y when tiles of p are left out"):
        split.folds(lonely, "patients left out", 2, 0)
