import math

import pandas as pd
import pytest

from mmrepro.display.sweep import Axis, choices, sweep_figure, sweep_page
from tests.display.sweep_summary import summary

TWO_METRICS = summary(
    ["lr"],
    [
        ("accuracy", "mosi", "early", 0.001, 70.0, 2.0),
        ("accuracy", "mosi", "early", 0.1, 75.0, 1.0),
        ("accuracy", "mosi", "late", 0.001, 60.0, 3.0),
        ("accuracy", "mosi", "late", 0.1, 61.0, math.nan),
        ("MAE", pd.NA, "early", 0.001, 0.5, 0.1),
        ("MAE", pd.NA, "early", 0.1, 0.4, 0.1),
    ],
)


def test_means_stand_with_their_intervals():
    early, late, _ = sweep_figure(TWO_METRICS, ["lr"]).data
    assert (early.name, list(early.y)) == ("early", [70, 75])
    assert list(early.error_y.array) == list(early.error_y.arrayminus) == [2, 1]
    assert late.error_y.array[0] == 3
    assert math.isnan(late.error_y.array[1])  # one seed only


def test_the_menu_shows_one_metric_at_a_time():
    figure = sweep_figure(TWO_METRICS, ["lr"])
    assert [trace.visible for trace in figure.data] == [True, True, False]
    assert figure.layout.yaxis.title.text == "accuracy on mosi"
    first, second = figure.layout.updatemenus[0].buttons
    assert (first.label, second.label) == ("accuracy on mosi", "MAE")
    shown, renamed = second.args
    assert shown["visible"] == [False, False, True]
    assert renamed == {"yaxis.title.text": "MAE"}


def test_one_metric_needs_no_menu():
    assert not sweep_figure(TWO_METRICS[:4], ["lr"]).layout.updatemenus


def test_a_system_has_the_same_mark_in_every_metric_and_others_have_others():
    early, late, again = sweep_figure(TWO_METRICS, ["lr"]).data
    assert early.line.color == again.line.color == "#0072B2"
    assert late.line.color == "#D55E00"


def test_more_systems_than_colours_differ_in_dash_and_symbol():
    rows = [("accuracy", "mosi", f"system {n}", lr, 1.0, 0.1) for n in range(9) for lr in (1, 2)]
    marks = [
        (t.line.color, t.line.dash, t.marker.symbol) for t in sweep_figure(summary(["lr"], rows), ["lr"]).data
    ]
    assert len(set(marks)) == 9
    assert marks[0][0] == marks[7][0]


@pytest.mark.parametrize(
    ("values", "dtype", "kind", "ticks"),
    [
        ([0.1, 0.001, 0.01], "Float64", "log", {"0.001": 0.001, "0.01": 0.01, "0.1": 0.1}),
        ([8, 16, 32], "Int64", "linear", {"8": 8, "16": 16, "32": 32}),
        ([0, 100], "Int64", "linear", {"0": 0, "100": 100}),
        ([40, None], "Int64", "linear", {"40": 0, "null": 1}),
        (["mosi", "mosei"], "string", "linear", {"mosi": 0, "mosei": 1}),
        ([True, False], "boolean", "linear", {"True": 0, "False": 1}),
    ],
)
def test_numbers_lie_where_they_belong_and_words_side_by_side(values, dtype, kind, ticks):
    layout = Axis.of(pd.Series(values, dtype=dtype)).layout
    assert layout["type"] == kind
    assert dict(zip(layout["ticktext"], layout["tickvals"], strict=True)) == ticks


@pytest.mark.parametrize("values", [[0.001, 0.01, 0.1], [1.0, 2.0, 3.0], [5.0], [0.0]])
def test_systems_stand_beside_each_other_around_the_value(values):
    axis = Axis.of(pd.Series(values, dtype="Float64"))
    for word, place in axis.places.items():
        left, right = axis.beside(word, -0.5), axis.beside(word, 0.5)
        assert left < axis.beside(word, 0) == place < right
    lefts = [axis.beside(word, -0.5) for word in axis.places]
    rights = [axis.beside(word, 0.5) for word in axis.places]
    assert all(right < left for right, left in zip(rights, lefts[1:], strict=False))


def test_further_settings_make_facets_with_one_scale_and_one_legend():
    rows = [
        ("accuracy", "mosi", system, lr, size, drop, 50.0 + lr, 1.0)
        for system in ("early", "late")
        for lr in (1, 2)
        for size in (8, 16)
        for drop in (0.1, 0.2)
    ]
    figure = sweep_figure(summary(["lr", "size", "drop"], rows), ["lr", "size", "drop"])
    assert [title.text for title in figure.layout.annotations] == [
        f"size={size}, drop={drop}" for size in (8, 16) for drop in (0.1, 0.2)
    ]
    assert len(figure.data) == 8
    assert sum(trace.showlegend for trace in figure.data) == 2
    assert sorted(str(figure.layout[f"yaxis{n}"].matches) for n in ("", 2, 3, 4)) == ["None", *["y4"] * 3]
    assert len({trace.xaxis for trace in figure.data}) == 4
    assert figure.layout.yaxis4.title.text == "accuracy on mosi"  # the second row has a title too


def test_a_choice_names_metric_and_data():
    assert choices(TWO_METRICS).tolist() == ["accuracy on mosi"] * 4 + ["MAE"] * 2


def test_the_page_tells_in_words_what_it_shows():
    page = sweep_page(TWO_METRICS, ["lr"], "A <sweep>")
    assert "<h1>A &lt;sweep&gt;</h1>" in page
    assert "accuracy on mosi: from 60 (late, lr=0.001) to 75 (early, lr=0.1)." in page
    assert "MAE: from 0.4 (early, lr=0.1) to 0.5 (early, lr=0.001)." in page
    assert "<figcaption>Mean over seeds against lr, with its 95 % t interval" in page


def test_the_page_loads_nothing():
    page = sweep_page(TWO_METRICS, ["lr"], "A sweep")
    assert "<script src" not in page
    assert "<link" not in page
    assert len(page) > 1_000_000  # plotly's library is in it
    assert sweep_page(TWO_METRICS, ["lr"], "A sweep") == page
