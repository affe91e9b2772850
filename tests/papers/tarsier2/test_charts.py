import pytest

from mmrepro.papers.tarsier2 import charts, published
from mmrepro.papers.tarsier2.renderer import FRAMES, Event, Scene

SCENE = Scene(
    {"red": (8.0, 4.0, 1.6), "blue": (8.0, 11.0, 2.6)},
    (Event("red", "flashes", 0, 2), Event("blue", "moves left", 4, 7)),
)


def test_events_are_matched_missed_or_invented():
    lines = charts.time_line(SCENE, "red flashes then red grows")
    assert [(line.clause, line.kind) for line in lines] == [
        ("red flashes", "matched"),
        ("blue moves left", "missed"),
        ("red grows", "invented"),
    ]
    assert [line.kind for line in charts.time_line(SCENE, "")] == ["missed", "missed"]


def test_the_slider_shows_one_frame_and_what_goes_on_in_it():
    figure = charts.player(SCENE, "red flashes then red grows")
    steps = figure.layout.sliders[0].steps
    assert len(steps) == FRAMES
    for frame, step in enumerate(steps):
        visible = step.args[0]["visible"]
        assert len(visible) == len(figure.data)
        assert [place for place, on in enumerate(visible[: 2 * FRAMES]) if on] == [2 * frame, 2 * frame + 1]
        lit = [opacity == 1 for opacity in figure.data[2 * frame + 1].marker.opacity]
        assert lit == [frame <= 2, 4 <= frame <= 7, False]


def test_the_page_stays_light():
    assert len(charts.player(SCENE, "red flashes").to_json()) < 300_000


def test_the_widget_goes_through_videos_and_systems():
    widget = charts.player_widget([SCENE, SCENE], {"one": ["red flashes", ""], "two": ["", ""]})
    video, system = widget.children[0].children
    video.value, system.value = 1, "two"
    assert widget.children[2].outputs is not None


def test_a_menu_shows_one_table_at_a_time():
    dream = published.dream_table()
    menu = {
        name: published.ranks(dream, "category", name).assign(value=dream[name]) for name in ("F1", "recall")
    }
    figure = charts.rank_lines(menu, "model", "category", "value")
    assert len(figure.data) == 38
    first, second = (button.args[1] for button in figure.layout.updatemenus[0].buttons)
    assert sum(first) == sum(second) == 19
    assert not any(one and other for one, other in zip(first, second, strict=True))
    with pytest.raises(KeyError):
        charts.rank_lines({"wrong": dream}, "model", "category", "F1")
