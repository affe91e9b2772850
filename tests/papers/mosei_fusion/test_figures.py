import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from mmrepro.papers.mosei_fusion import evaluation, figures
from mmrepro.papers.mosei_fusion.data import MODALITIES


@pytest.fixture
def runs(fusion):
    rng = np.random.default_rng(0)
    draw = {name: {0: softmax(rng.normal(size=(len(fusion.test), 2)), axis=1)} for name in MODALITIES}
    histories = [
        pd.DataFrame({"epoch": [0, 1], "loss": [0.7, 0.5], "system": name, "seed": 0}) for name in draw
    ]
    return evaluation.Runs(fusion.test, draw, histories=histories)


def test_the_slider_starts_at_the_reported_cut_and_shows_one_step_at_a_time():
    from mmrepro.papers.mosei_fusion.labels import shares_by_cut

    labels = pd.DataFrame({"sentiment": [-3, -1, 0, 0, 2], "split": "test", "video": "v"})
    figure = figures.cut_slider(shares_by_cut(labels), {"late": 66.23})
    assert [bar.visible for bar in figure.data].count(True) == 1
    slider = figure.layout.sliders[0]
    assert slider.steps[slider.active].label == "[-1, 1]"
    shown = next(bar for bar in figure.data if bar.visible)
    assert list(shown.y) == pytest.approx([20, 60, 20])
    for number, step in enumerate(slider.steps):
        assert list(step.args[0]["visible"]).index(True) == number


def test_reliability_is_drawn_for_every_modality(runs):
    axes = figures.reliability_diagram(runs).axes
    assert [axis.get_title() for axis in axes] == list(MODALITIES)


def test_the_explorer_has_a_map_for_every_choice():
    mean = np.full((3, 3), 1 / 3)
    figure = figures.attention_explorer(mean, np.stack([np.eye(3)] * 2), ["one", "word " * 14])
    buttons = figure.layout.updatemenus[0].buttons
    assert [button.label for button in buttons] == ["mean over the test split", "one", "word " * 6 + "…"]
    assert buttons[1].args[0]["z"][0] == np.eye(3).tolist()


def test_controls_are_drawn_as_changes():
    rows = [
        ("a", m, c, v) for m in MODALITIES for c, v in (("intact", 70), ("silenced", 65), ("shuffled", 60))
    ]
    table = pd.DataFrame(rows, columns=["system", "modality", "control", "accuracy"])
    heights = {
        round(bar.get_height()) for bar in figures.control_bars(table).axes[0].patches if bar.get_height()
    }
    assert heights == {-5, -10}


def test_the_rest_draw_what_they_are_given(runs, fusion):
    assert len(figures.loss_curves(runs).axes[0].lines) >= 3
    assert [axis.get_title() for axis in figures.joins_diagram().axes][-1] == "late decision"
    assert len(figures.feature_spread(fusion).axes) == 3
    strip = figures.accuracy_strip(runs.scores(), 60.0, list(MODALITIES)).axes[0]
    assert strip.get_xlabel() == "test accuracy (%)"
    assert [text.get_text() for text in strip.texts] == ["largest test class"]
