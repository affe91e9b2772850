import numpy as np
import pytest

from mmrepro.papers.ewing_vls.padding import filled_up, padding_scores, unmasked
from mmrepro.papers.ewing_vls.runs import pad

from .conftest import TINY

TRAINED = TINY.model_copy(update={"head_epochs": 60, "head_lr": 0.02})


@pytest.fixture
def bags(rng):
    """Bags whose class is told by the number of their patches and by nothing else."""
    sizes = np.tile([1, 6], 10)
    bag_of = np.repeat(np.arange(20), sizes)
    features = rng.normal(size=(sizes.sum(), 8)).astype(np.float32) + 3
    return pad(features, bag_of, 20), (sizes > 1).astype(int)


def scores(bags, settings=TINY, **choice):
    half = np.arange(20) < 10
    splits = [(np.flatnonzero(half), np.flatnonzero(~half)), (np.flatnonzero(~half), np.flatnonzero(half))]
    return padding_scores(*bags, splits, settings, seed=0, more=6, **choice)


def test_without_a_mask_the_size_of_a_bag_tells_its_class(bags):
    right, wrong = (scores(bags, TRAINED, kind="mean", masked=masked) for masked in (True, False))
    assert wrong["accuracy"] == 100
    assert right["accuracy"] < 90


@pytest.mark.parametrize("kind", ["mean", "max", "ABMIL", "TransMIL"])
def test_with_a_mask_empty_places_change_nothing(bags, kind):
    found = scores(bags, kind=kind, masked=True)
    assert found["answers changed"] == 0
    assert found["attention on padding"] == 0
    assert found["accuracy"] == found["accuracy, 6 places more"]


def test_without_a_mask_padding_is_attended_to(bags):
    found = scores(bags, kind="mean", masked=False)
    assert found["attention on padding"] == pytest.approx(100 * (5 / 6) / 2)


def test_full_bags_need_no_mask(bags, rng):
    full = pad(rng.normal(size=(60, 8)).astype(np.float32), np.repeat(np.arange(20), 3), 20)
    assert unmasked(full).mask.equal(full.mask)
    assert filled_up(full, 2).mask.sum() == full.mask.sum()
