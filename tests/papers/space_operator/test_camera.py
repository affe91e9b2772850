import math
from dataclasses import replace

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.camera import DISTANCE, brightness, draw, faces_camera, project
from mmrepro.papers.space_operator.satellite import FAULTS, Scene, rotation

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float)


def test_projects_like_a_pinhole():
    middle = project(np.zeros(3), 65)
    assert middle == pytest.approx([32, 32])
    near, far = (project(np.array([1.0, 1.0, z]), 65) - middle for z in (DISTANCE / 2, -DISTANCE))
    assert near[0] > 0 > near[1]  # x to the right, y up
    assert near == pytest.approx(4 * far)


def test_only_the_side_run_against_the_clock_is_seen():
    assert faces_camera(SQUARE)
    assert not faces_camera(SQUARE[::-1])
    # Turned edge-on at the side, a piece shows the side towards the middle: perspective.
    away = SQUARE @ rotation(0, math.pi / 2, 0).T
    step = np.array([1.0, 0.0, 0.0])
    assert not faces_camera(away + step)
    assert faces_camera(away - step)


def test_light_follows_lambert_and_the_sun_behind_leaves_the_dark():
    out = np.array([0.0, 0.0, 1.0])
    dark = brightness(out, (0, 0, -1))
    assert brightness(out, (1, 0, 0)) == dark
    half = brightness(out, (math.sqrt(0.75), 0, 0.5))
    assert (half - dark) / (brightness(out, (0, 0, 1)) - dark) == pytest.approx(0.5)
    assert brightness(out, (0, 0, 1), 0.5) == pytest.approx(brightness(out, (0, 0, 1)) + 0.5)
    lit, behind = draw(Scene()), draw(Scene(sun=(0, 0, -1)))
    assert behind.max() < 0.3 * lit.max()
    assert behind.max() > 30  # still to be seen


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mirrored_scene_gives_the_mirrored_picture(fault):
    scene = Scene(0.3, 0.35, 0.2, -0.5, (0.6, 0, 0.8), fault, "neither" if fault == "none" else "left", 5)
    other = draw(scene.mirrored(), 96)[:, ::-1].astype(int)
    difference = np.abs(draw(scene, 96) - other)
    assert (difference.max(-1) > 60).mean() < 0.02  # but for pixels at edges
    assert difference.mean() < 1
    assert scene.mirrored().mirrored() == scene


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("fault", FAULTS[1:])
def test_a_fault_changes_its_own_side_alone(fault, side):
    whole, broken = draw(Scene()).astype(int), draw(Scene(fault=fault, side=side, detail=3)).astype(int)
    changed = np.abs(whole - broken).max(-1).sum(0)
    left, right = changed[:32].sum(), changed[32:].sum()
    assert (left > 0, right > 0) == (side == "left", side == "right")


def test_drawing_is_seeded():
    scene = Scene(fault="burn", side="right", detail=2)
    assert np.array_equal(draw(scene, noise=1), draw(scene, noise=1))
    assert not np.array_equal(draw(scene, noise=1), draw(scene, noise=2))
    assert not np.array_equal(draw(scene), draw(replace(scene, detail=3)))


def test_a_small_picture_is_told():
    with pytest.raises(MMReproError, match="32 pixels is too small"):
        draw(Scene(), 32)
