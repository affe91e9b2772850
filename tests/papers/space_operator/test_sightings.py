import numpy as np

from mmrepro.papers.space_operator.camera import evidence
from mmrepro.papers.space_operator.satellite import FAULTS, Scene
from mmrepro.papers.space_operator.sightings import ANSWERS, draw_pictures


def test_draws_each_fault_and_side_as_often():
    pictures = draw_pictures(100, 0, size=48)
    assert pictures.images.shape == (100, 48, 48, 3)
    kinds = [(scene.fault, scene.side) for scene in pictures.scenes]
    assert kinds.count(("none", "neither")) == 20
    assert all(kinds.count((fault, side)) == 10 for fault in FAULTS[1:] for side in ("left", "right"))
    assert pictures.labels[0].tolist() == [
        list(names).index(getattr(pictures.scenes[0], key))
        for names, key in zip(ANSWERS.values(), ("side", "fault", "face"), strict=True)
    ]


def test_halves_are_kept_and_draws_are_seeded():
    pictures = draw_pictures(60, 1, sun="left", turn="right", size=48)
    assert all(scene.sun[0] < 0 < scene.yaw for scene in pictures.scenes)
    assert all(scene.sun[2] > 0 for scene in pictures.scenes)
    again = draw_pictures(60, 1, sun="left", turn="right", size=48)
    assert np.array_equal(pictures.images, again.images)
    both = draw_pictures(60, 1, size=48)
    assert len({scene.sun[0] > 0 for scene in both.scenes}) == len({s.yaw > 0 for s in both.scenes}) == 2


def test_each_drawn_fault_can_be_seen():
    scenes = draw_pictures(250, 4).scenes
    seen = [evidence(scene) for scene in scenes if scene.fault != "none"]
    assert min(seen) > 0.3
    assert evidence(Scene()) == 0
