from itertools import pairwise

import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.tarsier2.renderer import (
    ACTIONS,
    COLOURS,
    FRAMES,
    OPPOSITES,
    SIDE,
    Event,
    Scene,
    draw_scenes,
    render,
    states,
)


def one(action, first=2, last=5, radius=2.6):
    return Scene({"red": (8.0, 8.0, radius), "blue": (2.0, 13.0, 1.6)}, (Event("red", action, first, last),))


def centre(frame, colour="red"):
    """Find the centre of mass of a ball by what is nearer to its colour than to the ground."""
    near = np.abs(frame.astype(int) - np.array(COLOURS[colour])).sum(-1) < 150
    rows, columns = np.nonzero(near)
    return columns.mean(), rows.mean()


def test_events_follow_one_another_and_none_is_told_twice(rng):
    for scene in draw_scenes(300, rng):
        assert 2 <= len(scene.events) <= 3
        ends = [(event.first, event.last) for event in scene.events]
        assert all(before[1] < after[0] for before, after in pairwise(ends))
        assert all(0 <= first <= last < FRAMES for first, last in ends)
        assert len({event.clause for event in scene.events}) == len(scene.events)


def test_balls_stay_in_the_picture(rng):
    scenes = draw_scenes(300, rng)
    places = states(scenes)[..., :2]
    assert places.min() > 0 and places.max() < SIDE - 1


@pytest.mark.parametrize(
    ("action", "axis", "sign"),
    [("moves left", 0, -1), ("moves right", 0, 1), ("rises", 1, -1), ("sinks", 1, 1)],
)
def test_a_move_covers_its_distance_within_its_frames(action, axis, sign):
    video = render([one(action)])[0]
    before, after = centre(video[1]), centre(video[6])
    assert after[axis] - before[axis] == pytest.approx(4 * sign, abs=0.3)
    assert after[1 - axis] == pytest.approx(before[1 - axis], abs=0.1)
    assert (video[:2] == video[0]).all() and (video[6:] == video[6]).all()


def test_a_ball_that_grows_covers_more_and_one_that_shrinks_less():
    def covered(video, frame):
        return (video[frame, ..., 0] > 120).sum()

    grown = render([one("grows", radius=1.6)])[0]
    shrunk = render([one("shrinks")])[0]
    assert covered(grown, 6) > covered(grown, 1)
    assert covered(shrunk, 6) < covered(shrunk, 1)


def test_a_flash_is_dark_in_every_second_frame_of_its_own():
    red = render([one("flashes", 2, 5)])[0, :, 8, 8, 0].astype(int)
    assert (red[[2, 4]] < 100).all()
    assert (red[[0, 1, 3, 5, 6]] > 200).all()


def test_scenes_rendered_together_are_those_rendered_alone(rng):
    scenes = draw_scenes(7, rng)
    together = render(scenes)
    assert together.shape == (7, FRAMES, SIDE, SIDE, 3)
    assert together.dtype == np.uint8
    for scene, video in zip(scenes, together, strict=True):
        assert (render([scene])[0] == video).all()


def test_the_same_seed_draws_the_same_scenes():
    assert draw_scenes(20, np.random.default_rng(3)) == draw_scenes(20, np.random.default_rng(3))


def test_nothing_is_rendered_as_nothing():
    assert render([]).shape == (0, FRAMES, SIDE, SIDE, 3)


def test_opposites_undo_each_other():
    for action, other in OPPOSITES.items():
        assert np.allclose(np.add(ACTIONS[action], ACTIONS[other]), 0)


def test_an_event_that_runs_backwards_is_refused():
    with pytest.raises(MMReproError, match="from frame 5 to frame 2"):
        Event("red", "rises", 5, 2)
