import numpy as np
import pandas as pd
import pytest

from mmrepro.modeling.face_detector import LANDMARKS
from mmrepro.papers.cg_mer import emodb, figures, gesture, kinect, panel, power, results, votes


@pytest.fixture
def rated(sample):
    return votes.load_votes(sample("cremad"))


@pytest.fixture
def tracks(sample):
    return kinect.load_tracks(sample("gesture_phase"))[0]


def test_the_timeline_has_its_tiers_and_leaves_the_hole_open(tracks):
    track = tracks[0]
    axes = figures.timeline(track, gesture.quantity_of_motion(track), 50).axes
    assert [axis.get_ylabel() for axis in axes[:2]] == ["phase", "unit"]
    assert len(axes[2].lines) == 2  # motion before and after the hole
    assert max(axes[2].lines[0].get_xdata()) < 10 < 40 < min(axes[2].lines[1].get_xdata())


def test_the_speech_timeline_names_every_syllable():
    rows = pd.DataFrame({"start_s": [0.1, 0.3], "end_s": [0.3, 0.5], "label": ["der", "la"]})
    figure = figures.speech_timeline(rows, np.arange(60) / 100, np.full(50, 200.0), np.ones(50), 0.45)
    assert [text.get_text() for text in figure.axes[0].texts] == ["der", "la"]
    assert figure.axes[1].get_ylabel() == "pitch (Hz)"


def test_the_pyramid_counts_people():
    people = pd.DataFrame({"sex": ["F", "F", "M"], "age": [22, 23, 47]})
    axis = figures.age_pyramid(people).axes[0]
    widths = [bar.get_width() for bar in axis.patches if bar.get_width()]
    assert sorted(widths) == [-2, 1]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["women: 2", "men: 1"]


def test_shares_of_phases_add_up(tracks):
    axis = figures.phase_shares(kinect.tracks_corpus(tracks).segments).axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == [track.session for track in tracks]
    total = sum(bar.get_width() for bar in axis.patches if bar.get_y() < 0.3)
    assert total == pytest.approx(100)


def test_stills_draw_what_they_are_given(rated, sample):
    perception, _ = emodb.load_perception(sample("emodb"))
    assert figures.selection(perception, perception["name"].tolist()[:20]).axes
    assert len(figures.level_counts(rated.clips, rated.intended).axes) == 1
    assert len(figures.emotion_dots(panel.emotion_table(rated)).axes) == 2
    assert len(figures.pipeline_diagram().axes[0].patches) >= 7
    curve = panel.rater_curve(rated, (2, 3), 1)
    assert len(figures.rater_curves(curve).axes[0].lines) == 3
    entropies = {name: np.array([0.0, 1.0]) for name in votes.PANELS}
    assert figures.entropy_curves(entropies).axes[0].get_xlabel().endswith("(bits)")


def test_points_stand_at_their_values():
    rows = [
        {"panel": name, "metric": metric, "value": value, "low": value - 1, "high": value + 1}
        for metric in ("recognition", "alpha")
        for value, name in enumerate(votes.PANELS)
    ]
    axes = figures.panel_points(pd.DataFrame(rows)).axes
    assert axes[0].lines[0].get_xydata().tolist() == [[0, 0], [1, 1], [2, 2]]


def test_leak_bars_have_the_mean_of_seeds_and_the_line_of_chance():
    table = pd.DataFrame({"system": ["random rows"] * 2 + ["by speaker"], "value": [90.0, 94.0, 50.0]})
    axis = results.leak_plot({"x": table}, {"x": 30.0}).axes[0]
    assert [bar.get_width() for bar in axis.patches] == [92, 50]
    assert list(axis.lines[0].get_xdata()) == [30, 30]


def test_the_confusion_menu_has_every_panel_and_difference(rated):
    maps = panel.confusion(rated)
    figure = results.confusion_explorer(maps)
    buttons = figure.layout.updatemenus[0].buttons
    assert [button.label for button in buttons] == [*votes.PANELS, "face − voice", "audio-visual − face"]
    assert np.allclose(buttons[1].args[0]["z"][0], maps[1].round(1))
    assert np.allclose(buttons[3].args[0]["z"][0], (maps[1] - maps[0]).round(1))


def test_the_corpus_slider_shows_one_size_at_a_time(rated):
    sums = panel.actor_sums(rated)
    drawn = {size: power.corpora(sums, size, 30)["recognition"] for size in (5, 20)}
    figure = results.corpus_explorer(drawn, 20)
    assert [trace.visible for trace in figure.data] == [False] * 3 + [True] * 3
    assert figure.layout.sliders[0].active == 1


def test_bigger_corpora_are_more_precise_and_have_more_power(rated):
    sums = panel.actor_sums(rated)
    precision = power.precision_curve(sums, (3, 30), 300)
    wide = precision.pivot_table(index="people", columns=["metric", "quantity"], values="half_width")
    assert (wide.loc[30] < wide.loc[3]).all()
    found = power.detection_power(sums, (3, 30), 300).pivot(index="people", columns="step", values="power")
    assert (found.loc[30] >= found.loc[3]).all() and found.loc[30, "face − voice"] > 95
    assert len(results.power_plot(precision, power.detection_power(sums, (3, 30), 50), 20).axes) == 2


def test_differences_are_columns_of_the_drawn_corpora(rated):
    frame = power.corpora(panel.actor_sums(rated), 10, 20)["alpha"]
    assert np.allclose(frame["face − voice"], frame["face"] - frame["voice"])


def test_the_track_of_a_face_is_drawn_at_its_times():
    marks = {f"{name} {axis}": [5.0, 6.0] for name in LANDMARKS for axis in "xy"}
    box = {"left": [1.0, 2.0], "right": [9.0, 9.0], "top": [1.0, 1.0], "bottom": [11.0, 13.0]}
    faces = pd.DataFrame({"frame": [0, 2], **box, **marks})
    figure = figures.face_track(np.zeros((20, 20, 3), np.uint8), faces, np.array([0.0, 0.5, 1.0]))
    nose, height = figure.axes[1].lines
    assert nose.get_xydata().tolist() == [[0.0, 5.0], [1.0, 6.0]]
    assert height.get_xydata().tolist() == [[0.0, 10.0], [1.0, 12.0]]
