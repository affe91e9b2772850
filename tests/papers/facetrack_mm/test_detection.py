import importlib.util

import numpy as np
import pytest

from mmrepro.papers.facetrack_mm import collage, detection, tracking
from mmrepro.papers.facetrack_mm.evaluation import following_rows
from mmrepro.papers.facetrack_mm.scene import draw_clips

detector = pytest.mark.skipif(
    importlib.util.find_spec("facenet_pytorch") is None, reason="facenet-pytorch is not installed"
)


def test_a_drawn_face_is_found_where_it_is():
    alone = draw_clips(6, 9, seed=3, several=0.0)
    drifting = alone.frames[alone.motions == "drift"]
    truth = alone.boxes[alone.motions == "drift", :, 0]
    for frames, boxes in zip(drifting, truth, strict=True):
        found = detection.skin_patches(frames)
        assert [len(each) for each in found] == [1] * 9
        assert (
            min(tracking.overlaps(one, box[None])[0, 0] for one, box in zip(found, boxes, strict=True)) > 0.7
        )


def test_following_a_lone_face_follows_it():
    alone = draw_clips(10, 9, seed=3, several=0.0)
    rows = following_rows(alone, detection.follow_clips(alone.frames), seed=0)
    assert all(row["followed"] == 100 for row in rows if row["motion"] == "drift")
    assert len(rows) == 10


def test_brightness_is_the_median_inside_and_boxes_may_reach_out():
    frames = np.zeros((1, 20, 20))
    frames[0, :10, :10] = 255
    looks = detection.brightness(
        frames, [np.array([[0.0, 0, 10, 10], [12, 12, 18, 18], [-5, -5, 5, 5], [30, 0, 40, 9]])]
    )
    assert looks[0].tolist() == [1, 0, 1, 0]


def test_it_is_said_when_no_face_is_there():
    none = np.full((4, 4), np.nan)
    assert detection.said(none) == "No face was found in 4 frames: only the whole picture can be shown."
    none[1:3] = 1.0
    assert detection.said(none) == "A face is followed in 2 of 4 frames."


@detector
def test_real_faces_are_found_in_a_made_scene_and_lost_only_behind_another():
    heads = collage.heads(collage.portraits())
    scene = collage.make_scene("cross", heads, 8)
    assert scene.images[0].shape == (collage.HEIGHT, collage.WIDTH, 3)
    assert not np.isnan(scene.truth[0]).any()
    assert np.isnan(scene.truth[1]).any()
    found = detection.real_faces([scene.images[0], np.full_like(scene.images[0], 128)])
    assert [len(each) for each in found] == [2, 0]
    overlap = tracking.overlaps(found[0], scene.truth[:, 0])
    assert (overlap.max(axis=0) > 0.6).all()


@detector
def test_who_leaves_is_away_and_comes_back_and_the_other_stays():
    scene = collage.make_scene("leave and return", collage.heads(collage.portraits()), 12)
    away = np.isnan(scene.truth[0, :, 0])
    assert away.any()
    assert not away[[0, -1]].any()
    assert not np.isnan(scene.truth[1]).any()
