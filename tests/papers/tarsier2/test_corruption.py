import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.tarsier2 import corruption
from mmrepro.papers.tarsier2.corruption import CORRUPTIONS, corrupt, stretched


def draws(kind, count=12, number=200):
    rng = np.random.default_rng(0)
    return [corrupt(kind, count, rng) for _ in range(number)]


def test_switching_moves_two_clips_of_a_quarter_and_nothing_else():
    for places in draws("clip-switching"):
        assert sorted(places) == list(range(12))
        moved = (places.reshape(4, 3) != np.arange(12).reshape(4, 3)).all(axis=1)
        assert moved.sum() == 2
        assert (np.diff(places.reshape(4, 3), axis=1) == 1).all()


def test_switching_leaves_frames_beyond_four_equal_clips_at_the_end():
    for places in draws("clip-switching", count=14, number=30):
        assert places[-2:].tolist() == [12, 13]


def test_reversing_turns_one_run_of_half_the_frames_or_more():
    lengths = set()
    for places in draws("clip-reversing"):
        assert sorted(places) == list(range(12))
        moved = np.flatnonzero(places != np.arange(12))
        run = places[moved[0] : moved[-1] + 1]
        assert (np.diff(run) == -1).all()
        lengths.add(len(run))
    assert lengths == set(range(6, 13))


def test_cropping_stretches_one_half_over_all_frames():
    for places in draws("clip-cropping"):
        assert len(places) == 12
        assert (np.diff(places) >= 0).all()
        assert places[-1] - places[0] == 5


def test_down_sampling_drops_half_and_keeps_the_order():
    for places in draws("down-sampling"):
        assert len(places) == 6
        assert (np.diff(places) > 0).all()


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("count", [4, 5, 7, 16])
def test_every_way_keeps_within_the_video(kind, count):
    for places in draws(kind, count, 40):
        assert 0 <= places.min() <= places.max() < count
        assert len(stretched(places, count)) == count


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_fewer_frames_than_clips_are_refused(kind, count, rng):
    with pytest.raises(MMReproError, match=f"of {count} frames cannot be spoilt; it needs at least 4"):
        corrupt(kind, count, rng)


def test_an_unknown_way_is_named_with_the_nearest(rng):
    with pytest.raises(MMReproError, match="clip-switching"):
        corrupt("clip-switch", 12, rng)


def test_stretching_repeats_evenly():
    assert corruption.stretched(np.array([3, 5, 9]), 6).tolist() == [3, 3, 5, 5, 9, 9]
