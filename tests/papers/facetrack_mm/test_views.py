import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.facetrack_mm.views import SIZE, face_views, whole_views


def test_whole_views_are_means_of_the_pixels_they_stand_for():
    frames = np.arange(96 * 96, dtype=np.uint8).reshape(1, 1, 96, 96)
    one = whole_views(frames, 1)
    assert one.shape == (1, 1, 1, SIZE, SIZE)
    by_hand = frames[0, 0].astype(float).reshape(32, 3, 32, 3).mean(axis=(1, 3))
    assert np.abs(one[0, 0, 0] - by_hand).max() <= 0.5


def test_parts_are_left_to_right_then_top_to_bottom():
    frames = np.zeros((1, 2, 96, 96), np.uint8)
    frames[..., :48, :48], frames[..., :48, 48:] = 10, 20
    frames[..., 48:, :48], frames[..., 48:, 48:] = 30, 40
    assert whole_views(frames, 2).mean(axis=(3, 4))[0, 0].tolist() == [20, 30]
    assert whole_views(frames, 4).mean(axis=(3, 4))[0, 1].tolist() == [10, 20, 30, 40]


def test_a_crop_shows_the_box_and_its_surroundings():
    frames = np.zeros((1, 1, 96, 96), np.uint8)
    frames[0, 0, 30:50, 40:60] = 200
    crop = face_views(frames, np.array([[[40.0, 30.0, 60.0, 50.0]]]))[0, 0, 0]
    assert crop.shape == (SIZE, SIZE)
    assert crop[16, 16] == 200
    assert crop[0].max() == crop[-1].max() == 0  # the margin
    assert 0.6 < (crop == 200).mean() < 0.9


def test_a_crop_does_not_care_where_the_face_is():
    frames = np.zeros((2, 1, 96, 96), np.uint8)
    picture = np.random.default_rng(0).integers(0, 255, (24, 24), dtype=np.uint8)
    frames[0, 0, 10:34, 10:34] = frames[1, 0, 50:74, 60:84] = picture
    boxes = np.array([[[12.0, 12, 32, 32]], [[62.0, 52, 82, 72]]])
    one, other = face_views(frames, boxes)
    assert np.array_equal(one, other)


def test_no_box_is_an_even_grey_and_a_box_that_reaches_out_repeats_the_edge():
    frames = np.full((1, 2, 96, 96), 77, np.uint8)
    shown = face_views(frames, np.array([[[np.nan] * 4, [-10.0, 80, 20, 110]]]))
    assert (shown[0, 0] == 128).all()
    assert (shown[0, 1] == 77).all()


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(MMReproError, match="9 frames and 8 boxes a clip"):
        face_views(np.zeros((1, 9, 96, 96), np.uint8), np.zeros((1, 8, 4)))
    with pytest.raises(MMReproError, match="give 1, 2 or 4"):
        whole_views(np.zeros((1, 1, 96, 96), np.uint8), 3)
