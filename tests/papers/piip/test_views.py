"""Figures and charts show what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from mmrepro.papers.piip import charts, figures
from mmrepro.papers.piip.boxes import Boxes
from mmrepro.papers.piip.exercises import EXERCISES
from mmrepro.papers.piip.published import audit, plan_of


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_plane_has_a_line_a_system():
    figure = figures.plane({"inverted": plan_of("TSB 1568/1120/672"), "direct": plan_of("TSB 448/672/896")})
    lines = figure.axes[0].lines
    assert [list(line.get_xdata()) for line in lines] == [[1568, 1120, 672], [448, 672, 896]]
    assert list(lines[0].get_ydata()) == sorted(lines[0].get_ydata())


def test_boxes_are_drawn_by_score_and_class():
    found = Boxes(
        np.array([[0, 0, 4, 4], [4, 4, 8, 8]], dtype=np.float32), np.array([0, 2]), np.array([0.9, 0.1])
    )
    figure = figures.picture_grid([np.zeros((6, 8, 3), np.uint8)] * 2, [found, None], ["a", "b"], scale=0.5)
    first, second = figure.axes[:2]
    assert [patch.get_width() for patch in first.patches] == [2.0] and not second.patches


def test_the_audit_has_a_dot_a_figure(paper):
    rows = audit(paper)
    figure = figures.audit_strip(rows)
    dots = sum(len(part.get_offsets()) for part in figure.axes[0].collections)
    assert dots == len(rows)


def test_stacked_bars_add_up():
    costs = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 0.0]}, index=["one", "two"])
    bars = figures.stacked_costs(costs).axes[0].patches
    assert max(bar.get_x() + bar.get_width() for bar in bars) == 4.0


def test_other_stills_are_drawn():
    scores = pd.DataFrame(
        {"system": ["a", "b"] * 2, "seed": [0, 0, 1, 1], "metric": "AP", "value": [1.0, 2.0, 3.0, 4.0]}
    )
    assert figures.seed_strip(scores, ["a", "b"], "AP").axes[0].lines[0].get_xdata().tolist() == [2.0, 3.0]
    assert len(figures.metric_bars(scores, {"AP": "all"}, ["a", "b"], "AP").axes[0].containers) == 2
    boxes = pd.DataFrame({"class": ["x", "y"], "size": [20.0, 120.0]})
    assert len(figures.box_sizes(boxes, ["x", "y"]).axes[0].lines) >= 2
    assert len(figures.fields_over(np.zeros((4, 6, 3), np.uint8), [np.ones((4, 6))], ["T"]).axes) == 2
    steps = pd.DataFrame({"system": ["a"], "MMAC": [2.0], "ms": [3.0]})
    bars = figures.cost_bars(steps).axes
    assert [axis.patches[0].get_width() for axis in bars] == [2.0, 3.0]
    assert figures.diagram().axes


def test_the_cloud_switches_between_counts():
    rows = pd.DataFrame(
        {"system": ["x", "y"], "family": ["single", "inverted"], "AP": [40.0, 45.0],
         "published": [400.0, 300.0], "executed": [500.0, 600.0]}
    )  # fmt: skip
    figure = charts.accuracy_over_compute(rows)
    assert [trace.visible for trace in figure.data] == [True, True, False, False]
    assert figure.data[3].x == (600.0,) and "single" in figure.data[0].hovertemplate
    executed = figure.layout.updatemenus[0].buttons[1].args[1]
    assert list(executed) == [False, False, True, True]


def test_parts_of_a_cost_add_up_and_the_slider_moves_them():
    parts = charts.cost_parts("TSB", (1120, 896, 448), 12, executed=False)
    assert parts.sum() == pytest.approx(243, abs=0.5)
    figure = charts.stacked_parts("TSB", [(1120, 896, 448), (1568, 1120, 672)])
    shown = [trace for trace in figure.data if trace.visible]
    assert sum(trace.y[0] for trace in shown) == pytest.approx(243, abs=1)
    assert len(figure.data) == 2 * len(shown)
    assert figure.layout.sliders[0].steps[1].label == "1568/1120/672"


def test_the_widget_redraws(monkeypatch):
    import plotly.graph_objects as go

    drawn = []
    monkeypatch.setattr(go.Figure, "show", lambda self: drawn.append([trace.y[0] for trace in self.data]))
    box = charts.cost_widget()
    assert {row.layout.flex_flow for row in box.children[:3]} == {"row wrap"}
    box.children[0].children[1].value = 1120
    assert len(drawn) == 2 and sum(drawn[1]) < sum(drawn[0])


def test_wrong_answers_are_told_apart(capsys):
    attention, size, order = EXERCISES
    attention.grade(lambda tokens, dim, window: tokens**2 * dim)
    assert "2 x 100 x 100 x 8" in capsys.readouterr().out
    size.grade(lambda budget, dim, depth, patch=16: 150)
    assert "10 x 10 grid" in capsys.readouterr().out
    order.grade(lambda branches: [(place, place + 1) for place in range(branches - 1)])
    assert "finest images comes first" in capsys.readouterr().out
