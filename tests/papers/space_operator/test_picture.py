import hashlib

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator import picture as module
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.picture import (
    BARS,
    GUARD,
    MOTION,
    SCREEN,
    TARGET,
    TROUGH,
    Panel,
    blanked,
    draw,
    panel,
    picture,
    place,
    shuffled,
)

# The first prompt that the authors' model was given, to two decimals: right, forward, down.
PRINTED = (0.39, 0.52, 0.76)
UP = (0.3, 0.2, -np.sqrt(1 - 0.13))


def shown(prograde=PRINTED, up=UP, distance=100.0, speed=3.0, propellant=600.0):
    return Panel(prograde, (0.0, 1.0, 0.0), up, distance, speed, propellant)


def motion(image):
    """Rows and columns whose colour is nearest to that of the marker of motion."""
    return np.argwhere(np.abs(image.astype(int) - MOTION).sum(-1) < 60)


def middle(cells):
    """Middle (x, y) of what a set of pixels spans."""
    (top, left), (bottom, right) = cells.min(0), cells.max(0)
    return (left + right) / 2, (top + bottom) / 2


def test_the_marker_stands_where_the_printed_vector_says():
    image = draw(shown((-0.39, -0.52, -0.76)))  # backwards: the ring with the cross, whose middle is plain
    # By hand: radius 47 (0.37 * 128), middle (63.5, 50.84), so (63.5 + 47 * 0.39, 50.84 + 47 * 0.76).
    assert middle(motion(image)) == pytest.approx((81.83, 86.56), abs=0.75)
    assert place(PRINTED) == pytest.approx((81.83, 86.56))


def test_wings_tell_prograde_from_retrograde():
    forward, backward = draw(shown()), draw(shown(tuple(-each for each in PRINTED)))
    row = 87
    # Wings reach 10 pixels to each side; the cross stays inside its ring of 5.
    assert np.abs(forward[row, 81 - 9].astype(int) - MOTION).sum() < 130
    assert np.abs(backward[row, 81 - 9].astype(int) - MOTION).sum() > 200
    assert (np.ptp(motion(forward), axis=0) > np.ptp(motion(backward), axis=0)).all()


def test_the_printed_vector_of_a_flight_is_drawn():
    env = SpaceEnv("LBG1_LG0_I2")
    env.reset()
    seen = panel(env.flight)
    # Printed by the real game before the first burn.
    assert seen.prograde == pytest.approx((-0.6085, -0.0004, 0.7935), abs=0.01)
    for _ in range(20):
        env.step((1, 1, -1, 0.5))
    seen = panel(env.flight)
    assert seen.prograde[1] > 0
    cells = motion(picture(env.flight))
    x, y = place(seen.prograde)
    assert (cells.min(0)[1] + cells.max(0)[1]) / 2 == pytest.approx(x, abs=0.75)
    assert cells.max(0)[0] == pytest.approx(y + 5, abs=1.01)  # no wing points down


def test_the_target_stands_in_the_middle_when_the_nose_points_at_it():
    image = draw(shown((0.0, -1.0, 0.0), speed=0.0))
    cells = np.argwhere(np.abs(image.astype(int) - TARGET).sum(-1) < 120)
    assert middle(cells) == pytest.approx((63.5, 50.84), abs=0.75)
    assert len(motion(image)) == 0  # at rest nothing moves


def test_sky_is_where_up_is():
    blue_above = draw(shown(up=(0.0, 0.0, -1.0)))
    assert blue_above[20, 64, 2] > blue_above[20, 64, 0] and blue_above[80, 50, 0] > blue_above[80, 50, 2]


@pytest.mark.parametrize(
    ("row", "values", "share"),
    [
        (0, {"distance": 100.0}, 0.5),  # halfway from 1 m to 10 km, on a logarithmic scale
        (0, {"distance": 1e6}, 1.0),
        (1, {"speed": np.sqrt(0.1 * 300)}, 0.5),
        (2, {"propellant": 300.0}, 0.25),
        (2, {"propellant": 0.0}, 0.0),
    ],
)
def test_bars_by_hand(row, values, share):
    line = draw(shown(**values))[105 + 8 * row].astype(int)
    filled = (np.abs(line - BARS[row]).sum(-1) < 40).sum()
    assert filled == pytest.approx(share * 116, abs=1)
    assert filled + (np.abs(line - TROUGH).sum(-1) < 40).sum() == pytest.approx(116, abs=1)


@pytest.mark.parametrize("size", [32, 64, 128, 200])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_mirrored_view_is_drawn_mirrored(size, sign):
    def flipped(vector):
        return (-vector[0], *vector[1:])

    vector = tuple(sign * each for each in PRINTED)
    one = draw(shown(vector), size)
    other = draw(shown(flipped(vector), flipped(UP)), size)
    ball = slice(0, int(0.78 * size))
    assert np.array_equal(one[ball, ::-1], other[ball]) and not np.array_equal(one, other)
    assert np.array_equal(one[ball.stop + 1 :], other[ball.stop + 1 :])  # bars read the same


def test_a_picture_is_deterministic_and_sees_small_turns():
    env = SpaceEnv()
    env.reset()
    first = picture(env.flight)
    module._stamp.cache_clear()
    module._directions.cache_clear()
    assert first.shape == (128, 128, 3) and first.dtype == np.uint8
    assert np.array_equal(first, picture(env.flight))
    turned = (PRINTED[0] + 0.012, *PRINTED[1:])  # half a pixel
    assert not np.array_equal(draw(shown()), draw(shown(turned)))


def test_a_blanked_picture_shows_nothing():
    one = draw(shown(), 32)
    blank = blanked(np.stack([one, one]))
    assert blank.shape == (2, 32, 32, 3) and blank.dtype == np.uint8
    assert (blank == SCREEN).all() and (one != SCREEN).any()


def test_shuffled_pictures_come_from_the_bank():
    bank = np.stack([draw(shown(distance=10.0**each), 32) for each in (0, 1, 2, 3)])
    batch = np.stack([draw(shown(distance=5000.0), 32)] * 20)
    found = shuffled(batch, bank, np.random.default_rng(0))
    assert found.shape == batch.shape
    assert all(any(np.array_equal(each, known) for known in bank) for each in found)
    assert np.array_equal(found, shuffled(batch, bank, np.random.default_rng(0)))


def test_a_picture_too_small_is_refused():
    with pytest.raises(MMReproError, match="16 pixels is too small"):
        draw(shown(), 16)


def guard(image):
    """Rows and columns of the guard's marker on the ball."""
    ball = image[:103].astype(int)
    return np.argwhere(np.abs(ball - GUARD).sum(-1) < 60)


def test_pictures_without_a_guard_are_what_they_were_before_guards_were_drawn():
    digest = hashlib.sha256()
    for size in (32, 128, 448):
        for vector in (PRINTED, tuple(-each for each in PRINTED)):
            digest.update(draw(shown(vector, (0.0, 0.0, -1.0)), size).tobytes())
    assert digest.hexdigest() == "220fc0bfb962fdd1e98e6aeba045575d408175770e24cc7693b25def179326a1"


def test_a_guard_ahead_is_a_full_square_where_it_stands():
    direction = (0.39, 0.52, 0.76)
    image = draw(shown((0.0, -1.0, 0.0), speed=0.0)._replace(guard=direction, guard_distance=100.0))
    cells = guard(image)
    assert middle(cells) == pytest.approx(place(direction), abs=0.75)
    assert len(cells) == np.prod(np.ptp(cells, axis=0) + 1)  # full


def test_a_guard_behind_is_a_hollow_square_at_the_rim():
    image = draw(shown((0.0, -1.0, 0.0), speed=0.0)._replace(guard=(0.3, -0.9, 0.3), guard_distance=100.0))
    cells = guard(image)
    half = np.sqrt(0.5)
    assert middle(cells) == pytest.approx(place((half, 0.0, half)), abs=0.75)
    assert len(cells) < 0.7 * np.prod(np.ptp(cells, axis=0) + 1)
    straight = draw(shown()._replace(guard=(0.0, -1.0, 0.0), guard_distance=100.0))
    assert middle(guard(straight)) == pytest.approx(place((0.0, 0.0, 1.0)), abs=0.75)


def test_the_guards_distance_is_a_fourth_bar():
    image = draw(shown()._replace(guard=(0.0, 1.0, 0.0), guard_distance=100.0))
    line = image[122].astype(int)
    assert (np.abs(line - GUARD).sum(-1) < 40).sum() == pytest.approx(58, abs=1)
    assert (np.abs(image[104].astype(int) - BARS[0]).sum(-1) < 40).sum() == pytest.approx(58, abs=1)


def test_a_guarded_flight_shows_its_guard():
    env = SpaceEnv("LBG1_LG0_I2")
    env.reset()
    seen = panel(env.flight)
    assert seen.guard == pytest.approx((0.0, 1.0, 0.0), abs=0.01)  # on the way to the lady
    assert seen.guard_distance == pytest.approx(1963.5, abs=0.1)
    batch = np.stack([picture(env.flight), draw(seen._replace(guard=(0.0, -1.0, 0.0)))])
    assert (blanked(batch) == SCREEN).all()
    assert shuffled(batch, batch[:1], np.random.default_rng(0)).shape == batch.shape
    assert not np.array_equal(batch[0], batch[1])
