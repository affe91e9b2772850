import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import gesture, kinect

ARCHIVE = "gesture_phase/gesture_phase_dataset.zip"


def frames(count=40, **columns):
    rng = np.random.default_rng(0)
    names = [code + axis for code in kinect.JOINTS.values() for axis in "xyz"]
    table = pd.DataFrame(rng.normal(size=(count, 18)), columns=names)
    table["timestamp"] = 5_000_000 + 33 * np.arange(count)
    table["phase"] = np.repeat(["Rest", "Stroke"], count // 2)
    return table.assign(**columns)


def test_the_sample_holds_what_the_real_archive_does(sample):
    tracks, defects = kinect.load_tracks(sample("gesture_phase"))
    assert [track.session for track in tracks] == ["a1", "a2", "a3", "b1", "b3", "c1", "c3"]
    assert {track.person for track in tracks} == {"a", "b", "c"}
    text = " ".join(defect.problem for defect in defects)
    assert "Preparação" in text and "hole of 40 s" in text and "recording is missing" in text
    assert any(defect.file == "b2, c2" for defect in defects)


def test_a_misspelt_label_is_mended_and_named():
    phases = frames()["phase"].to_numpy(dtype=object, copy=True)
    phases[5] = "Preparação"
    track, defects = kinect.read_track(frames(phase=phases), "b1_raw.csv")
    assert track.phases[5] == "Preparation"
    assert [(d.file, d.count, d.handling) for d in defects] == [("b1_raw.csv", 1, "read as 'Preparation'")]


def test_an_unknown_label_is_refused_with_the_nearest():
    with pytest.raises(MMReproError, match="unknown phase 'Strok' in row 0; did you mean 'Stroke'"):
        kinect.read_track(frames(phase="Strok"), "a1_raw.csv")


def test_a_hole_splits_the_track_and_no_speed_crosses_it():
    stamps = frames()["timestamp"].to_numpy() + np.where(np.arange(40) >= 20, 40_000, 0)
    track, defects = kinect.read_track(frames(timestamp=stamps), "a1_raw.csv")
    assert "a hole of 40 s" in defects[0].problem
    assert np.bincount(track.pieces()).tolist() == [20, 20]
    whole, _ = kinect.read_track(frames(), "a1_raw.csv")
    moved, still = gesture.quantity_of_motion(whole), gesture.quantity_of_motion(track)
    assert still[20] == 0 < moved[20]
    assert np.delete(still, 20) == pytest.approx(np.delete(moved, 20))


def test_short_pauses_are_counted():
    stamps = frames()["timestamp"].to_numpy() + np.where(np.arange(40) >= 30, 200, 0)
    _, defects = kinect.read_track(frames(timestamp=stamps), "a1_raw.csv")
    assert [(d.problem, d.count) for d in defects] == [("pauses of 0.1 to 1 s between frames", 1)]


def test_time_that_runs_backwards_is_refused():
    stamps = frames()["timestamp"].to_numpy(copy=True)
    stamps[10] = stamps[9]
    with pytest.raises(MMReproError, match="does not rise after row 9"):
        kinect.read_track(frames(timestamp=stamps), "a1_raw.csv")


def test_a_missing_column_is_named():
    with pytest.raises(MMReproError, match="lacks the column 'hx'"):
        kinect.read_track(frames().drop(columns="hx"), "a1_raw.csv")


def test_an_archive_without_recordings_is_refused(spoilt):
    def empty(folder):
        with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
            archive.writestr("readme.txt", "nothing")

    with pytest.raises(MMReproError, match="holds no recording"):
        kinect.load_tracks(spoilt("gesture_phase", empty))


def test_frames_are_counted_against_the_description(spoilt):
    def describe(folder):
        with zipfile.ZipFile(folder / ARCHIVE, "a") as archive:
            archive.writestr("data_description.txt", "\tA1 - 240 frames\n\tB3 - 239 frames\n")

    _, defects = kinect.load_tracks(spoilt("gesture_phase", describe))
    odd = [defect for defect in defects if "number of frames" in defect.problem]
    assert [(defect.file, defect.count) for defect in odd] == [("b3_raw.csv", 1)]


def test_features_do_not_see_where_a_person_sits_or_how_tall_they_are():
    one, _ = kinect.read_track(frames(), "a1_raw.csv")
    joints = {name: 1.7 * (place + np.array([3.0, -2.0, 5.0])) for name, place in one.joints.items()}
    other = kinect.Track(one.session, joints, one.times, one.phases)
    assert gesture.gesture_features(other) == pytest.approx(gesture.gesture_features(one))
    assert gesture.gesture_features(one).shape == (40, 108)


def test_displacement_looks_back_and_ahead():
    values = np.arange(6.0)[:, None] ** 2
    back, ahead = gesture.displacement(values, np.zeros(6, dtype=int), 2)
    assert back[:, 0].tolist() == [0, 0, 4, 8, 12, 16]
    assert ahead[:, 0].tolist() == [4, 8, 12, 16, 0, 0]


def test_every_third_frame_has_the_features_of_the_full_rate(sample):
    tracks, _ = kinect.load_tracks(sample("gesture_phase"))
    full, some = gesture.gesture_set(tracks), gesture.gesture_set(tracks, 3)
    first = full.sessions == "a1"
    assert some.features[some.sessions == "a1"] == pytest.approx(full.features[first][::3])


def test_the_corpus_has_phases_as_segments(sample):
    tracks, _ = kinect.load_tracks(sample("gesture_phase"))
    corpus = kinect.tracks_corpus(tracks)
    assert set(corpus.segments["label"]) == set(kinect.PHASES)
    assert corpus.streams["rate_hz"].between(29, 31).all()


def test_csv_is_read_as_utf8():
    text = frames(phase="Preparação").to_csv(index=False).encode()
    track, _ = kinect.read_track(pd.read_csv(io.BytesIO(text)), "b1_raw.csv")
    assert set(track.phases) == {"Preparation"}
