import json

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.colors import to_hex

from mmrepro.display import style
from mmrepro.display.figure import METADATA_KEY, show


@pytest.fixture(autouse=True)
def house_style():
    style.use_house_style()
    yield
    plt.close("all")


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: (bundle, metadata)."""
    seen = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: seen.append((data, metadata)))
    return seen


def still():
    figure, axes = plt.subplots()
    axes.plot([0, 1, 2], [1, 3, 2], label="a")
    axes.fill_between([0, 1, 2], [0, 1, 1], [2, 4, 3], alpha=0.2)
    axes.set(xlabel="epoch", ylabel="loss (nats)")
    axes.legend()
    return figure


def lively():
    figure = go.Figure(go.Scatter(x=np.arange(3), y=np.array([1.0, 3.0, 2.0])))
    figure.add_bar(y=[1, 2])
    return figure


@pytest.mark.parametrize("make", [still, lively])
def test_words_go_with_every_figure(shown, make):
    show(make(), alt=" A line. ", caption="Look here. ")
    ((_, metadata),) = shown
    assert metadata == {METADATA_KEY: {"alt": "A line.", "caption": "Look here."}}


@pytest.mark.parametrize("words", [{"alt": "", "caption": "x"}, {"alt": "x", "caption": "  "}])
def test_a_figure_without_words_is_not_shown(shown, words):
    with pytest.raises(ValueError, match=r"needs an alt text and a caption: show\(figure, alt="):
        show(still(), **words)
    assert shown == []


def test_words_cannot_be_forgotten():
    with pytest.raises(TypeError, match="alt"):
        show(still())


@pytest.mark.parametrize("make", [still, lively])
def test_two_equal_figures_are_equal_to_the_byte(shown, make):
    for _ in range(2):
        show(make(), alt="x", caption="y")
    assert json.dumps(shown[0]) == json.dumps(shown[1])


def test_a_still_is_an_svg_whose_text_is_drawn(shown):
    show(still(), alt="x", caption="y")
    svg = shown[0][0]["image/svg+xml"]
    assert svg.lstrip().startswith("<?xml")
    assert "<dc:date>" not in svg
    assert "<text" not in svg  # drawn as paths: no font is needed to read it


def test_a_still_is_shown_once(shown):
    figure = still()
    show(figure, alt="x", caption="y")
    assert not plt.fignum_exists(figure.number)


def test_a_lively_figure_is_plain_data_without_random_names(shown):
    show(lively(), alt="x", caption="y")
    bundle = shown[0][0]
    content = bundle["application/vnd.plotly.v1+json"]
    assert [trace["type"] for trace in content["data"]] == ["scatter", "bar"]
    assert "uid" not in json.dumps(content)
    assert "image/svg+xml" not in bundle


def test_the_house_style_is_set_for_both_libraries_and_twice_does_no_harm():
    import plotly.io as pio

    style.use_house_style()
    assert plt.rcParams["svg.hashsalt"] == "mmrepro"
    colours = [to_hex(entry["color"]).upper() for entry in plt.rcParams["axes.prop_cycle"]]
    assert tuple(colours) == style.PALETTE == pio.templates[pio.templates.default].layout.colorway


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_ink_is_dark_enough_to_read_and_no_colour_vanishes_on_white():
    assert 1.05 / (luminance(style.INK) + 0.05) > 7
    assert all(1.05 / (luminance(colour) + 0.05) > 2 for colour in style.PALETTE)
    assert len(set(style.PALETTE)) == len(style.PALETTE)
