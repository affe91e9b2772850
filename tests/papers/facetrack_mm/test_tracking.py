import numpy as np
import pytest

from mmrepro.papers.facetrack_mm import tracking
from mmrepro.papers.facetrack_mm.tracking import score_tracks, track

BOX = np.array([0.0, 0.0, 20.0, 20.0])


def moved(*places):
    """Boxes of 20 pixels at horizontal places; None leaves the frame without it."""
    return [
        np.array([BOX + np.array([place, 0, place, 0]) for place in frame]).reshape(-1, 4) for frame in places
    ]


def test_overlaps_of_a_case_worked_by_hand():
    found = tracking.overlaps(np.array([BOX]), np.array([BOX, BOX + np.array([10, 0, 10, 0]), BOX + 50]))
    assert found[0] == pytest.approx([1, 200 / 600, 0])


def test_two_faces_far_apart_are_two_tracks():
    tracks = track(moved([0, 100], [2, 98], [4, 96]))
    assert tracks.shape == (2, 3, 4)
    assert tracks[0, :, 0].tolist() == [0, 2, 4]
    assert tracks[1, :, 0].tolist() == [100, 98, 96]


def test_the_order_of_boxes_in_a_frame_does_not_matter():
    tracks = track(moved([0, 100], [98, 2], [4, 96]))
    assert tracks[0, :, 0].tolist() == [0, 2, 4]


def test_a_face_that_is_missed_for_a_while_keeps_its_track_and_a_longer_absence_ends_it():
    seen, gone = [10], []
    assert len(track(moved(seen, gone, gone, seen), patience=2)) == 1
    assert len(track(moved(seen, gone, gone, gone, seen), patience=2)) == 2


def test_motion_carries_a_track_through_a_crossing_of_twins():
    places = [[0 + 12 * t, 100 - 12 * t] for t in range(9)]
    places[4] = [48]  # the one behind is hidden
    tracks = track(moved(*places))
    assert len(tracks) == 2
    assert tracks[0, -1, 0] == 96
    assert tracks[1, -1, 0] == 4


def test_looks_decide_where_places_do_not():
    frames = moved([0, 14], [7, 8])
    looks = [np.array([0.2, 0.9]), np.array([0.9, 0.2])]
    assert track(frames, looks, weight=5.0)[0, 1, 0] == 8
    assert track(frames, looks, weight=0.0)[0, 1, 0] == 7


def test_no_faces_make_no_tracks_and_nobody_is_followed():
    none = [np.zeros((0, 4))] * 3
    assert track(none).shape == (0, 3, 4)
    assert tracking.main_character(track(none)) is None
    assert np.isnan(tracking.followed(track(none), 3)).all()


def test_the_main_character_covers_most_of_the_picture_over_time():
    small_always = np.tile(BOX, (4, 1))
    large_once = np.full((4, 4), np.nan)
    large_once[1] = BOX * 1.5
    tracks = np.stack([large_once, small_always])
    assert tracking.main_character(tracks) == 1
    tracks[0, 1] = BOX * 3
    assert tracking.main_character(tracks) == 0


def test_gaps_are_bridged_in_straight_lines_but_not_before_or_after():
    boxes = np.full((1, 5, 4), np.nan)
    boxes[0, 1], boxes[0, 3] = BOX, BOX + 10
    followed = tracking.followed(boxes, 5)
    assert followed[2] == pytest.approx(BOX + 5)
    assert np.isnan(followed[[0, 4]]).all()


def test_errors_are_counted_as_worked_by_hand():
    truth = np.stack([np.tile(BOX, (4, 1)), np.tile(BOX + 200, (4, 1))])
    truth[1, 0] = np.nan
    tracks = np.full((3, 4, 4), np.nan)
    tracks[0, :2] = tracks[1, 2:] = BOX  # the first person's track changes once
    tracks[2, :2] = BOX + 200  # a false positive, a hit, then two misses
    score = score_tracks(truth, tracks)
    assert (score.switches, score.false_positives, score.misses, score.truths) == (1, 1, 2, 7)
    assert score.accuracy == pytest.approx(1 - 4 / 7)


def test_perfect_tracks_have_no_errors():
    truth = np.stack([np.tile(BOX, (3, 1)), np.tile(BOX + 90, (3, 1))])
    assert score_tracks(truth, truth).accuracy == 1
    assert score_tracks(truth, truth[:0]).misses == 6
