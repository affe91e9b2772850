import numpy as np
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.facetrack_mm import scene
from mmrepro.papers.facetrack_mm.scene import EXPRESSIONS, Event, draw_clips


def test_the_same_seed_draws_the_same_clips(clips):
    again = draw_clips(24, 9, seed=1)
    assert np.array_equal(again.frames, clips.frames)
    assert again.scripts == clips.scripts
    assert not np.array_equal(draw_clips(24, 9, seed=2).frames, clips.frames)


def test_every_script_has_two_or_three_different_events_with_a_rest_before_each(clips):
    for script in (script for scripts in clips.scripts for script in scripts):
        names = [event.expression for event in script]
        assert len(set(names)) == len(names) in (2, 3)
        before = -1
        for event in script:
            assert event.expression in EXPRESSIONS
            assert before + 1 < event.first + 1 <= event.last < 9
            assert event.first > before + (0 if before < 0 else 1)
            before = event.last


def test_every_kind_of_scene_is_drawn():
    many = draw_clips(60, 9, seed=0)
    assert set(many.motions) == {"drift", "cross", "leave"}
    assert set(many.persons) == {1, 2, 3}
    assert set(draw_clips(12, 9, seed=0, several=0.0).persons) == {1}


def test_the_main_character_is_the_largest_and_stands_on_either_side():
    many = draw_clips(60, 9, seed=0)
    sizes = many.boxes[..., 3] - many.boxes[..., 1]
    both = many.persons > 1
    assert (np.nanmax(sizes[both, :, 0], 1) > np.nanmax(sizes[both, :, 1], 1)).all()
    begins = many.boxes[:, 0, 0, 0]
    assert 0.25 < np.nanmean(begins < 40) < 0.75


def test_boxes_lie_on_faces_and_are_missing_while_a_face_is_away(clips):
    for row in range(len(clips)):
        for frame in range(9):
            box = clips.boxes[row, frame, 0]
            if np.isnan(box).any():
                assert clips.motions[row] == "leave"
                continue
            left, top, right, bottom = box.astype(int)
            face = clips.frames[row, frame, top:bottom, left:right]
            assert np.median(face) > 140  # skin is brighter than any background
    away = np.isnan(clips.boxes[clips.motions == "leave", :, 0, 0]).sum(axis=1)
    assert (away >= 1).all()


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_changes_the_face_only_while_it_lasts(name):
    def drawn(script):
        person = scene._Person(20.0, 200.0, 140.0, np.full((9, 2), 48.0), script)
        pictures = np.full((9, 96, 96), 100.0)
        for frame in range(9):
            scene._draw(pictures[frame], person, frame)
        return pictures

    moved, still = drawn((Event(name, 3, 4),)), drawn(())
    changed = (moved != still).any(axis=(1, 2))
    assert changed.tolist() == [frame in (3, 4) for frame in range(9)]


def test_captions_tell_the_script_in_order(clips):
    events = [event.expression for event in clips.scripts[0][0]]
    assert clips.captions()[0] == " then ".join(events)
    assert scene.told_events(clips.captions()[0]) == events
    assert scene.told_events("smiles and then jumps then frowns") == ["smiles", "frowns"]


def test_too_few_frames_are_refused():
    with pytest.raises(MMReproError, match="at least 6"):
        draw_clips(1, 5, seed=0)
