import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator import arms, operator_figures
from mmrepro.papers.space_operator.eye import Eye
from mmrepro.papers.space_operator.operator_figures import ORDER
from mmrepro.papers.space_operator.policy import Operator
from mmrepro.papers.space_operator.teacher import Decisions

LINE = "prograde +0.10 +0.90 -0.20 distance 00800.0 m speed 012.0 m/s approaching"


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def flights():
    rows = [
        (system, seed, place, evader, start, level + seed + 2 * start)
        for system, level in ((arms.TEACHER, 1.0), (arms.BOTH, 2.0), (arms.TEXT, 3.0))
        for seed in (0, 1)
        for place in ("the game's start", "drawn starts")
        for evader in ("passive", "evading")
        for start in (0, 1)
    ]
    columns = ["system", "seed", "place", "evader", "start", "log10 score"]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[table["evader"] == "evading", "log10 score"] = 99.0
    return table


@pytest.fixture
def agreed():
    rows = [(arms.TEXT, 0, 60.0), (arms.TEXT, 1, 64.0), (arms.COMMON, 0, 30.0), (arms.COMMON, 1, 40.0)]
    return pd.DataFrame(rows, columns=["system", "seed", "value"])


def test_every_arm_has_its_place():
    assert set(ORDER) >= {*arms.SENSES, arms.TEACHER} and len(set(ORDER)) == len(ORDER)
    named = {value for name, value in vars(arms).items() if name.isupper() and isinstance(value, str)}
    assert set(ORDER) == named - {arms.COMMON}  # which does not fly


def test_systems_are_in_order_with_a_dot_a_seed(flights):
    first, second = operator_figures.system_strip(flights).axes
    labels = [label.get_text().replace("\n", " ") for label in first.get_yticklabels()]
    assert labels == [arms.TEXT, arms.BOTH, arms.TEACHER]
    assert (first.get_title(), second.get_title()) == ("the game's start", "drawn starts")
    teacher, dots, mean, *_ = first.lines
    assert teacher.get_xdata()[0] == 1.0 + 0.5 + 1.0
    assert list(dots.get_xdata()) == [4.0, 5.0] and mean.get_xdata()[0] == 4.5


def test_a_system_of_another_kind_comes_last(flights):
    other = flights[flights["system"] == arms.TEXT].assign(system="a real model")
    axis = operator_figures.system_strip(pd.concat([other, flights])).axes[0]
    assert axis.get_yticklabels()[-1].get_text() == "a real model"


def test_agreement_stands_against_the_most_common_reply(agreed):
    (axis,) = operator_figures.agreement_strip(agreed).axes
    floor, dots, mean = axis.lines
    assert floor.get_xdata()[0] == 35 and list(dots.get_xdata()) == [60, 64] and mean.get_xdata()[0] == 62
    assert len(axis.get_yticks()) == 1


def test_agreement_is_set_against_the_score(agreed, flights):
    (axis,) = operator_figures.agreement_against_score(agreed, flights).axes
    (dots,) = axis.lines  # of who has both
    assert dots.get_xdata().tolist() == [60, 64] and dots.get_ydata().tolist() == [4.0, 5.0]


def test_confusion_is_in_percent_of_what_the_teacher_says():
    class Fixed(Operator):
        def reply(self, pictures, lines, *, free=False):
            return ["forward left none", "none left none", "forward right none", "forward left none"]

    operator = Fixed("text", DecoderSettings(width=32, depth=1, num_heads=2))
    replies = ["forward left up", "forward left up", "forward right up", "none left up"]
    held = Decisions(np.zeros((4, 0, 0, 3), np.uint8), [LINE] * 4, replies)
    forward, right, down = operator_figures.confusion(operator, held).axes
    shown = forward.collections[0].get_array().reshape(3, 3)
    assert shown[2].tolist() == pytest.approx([0, 100 / 3, 200 / 3]) and shown[1].tolist() == [0, 0, 100]
    assert np.ma.getmaskarray(shown)[0].all()  # the teacher never brakes here
    assert right.collections[0].get_array().reshape(3, 3)[0].tolist() == [100, 0, 0]
    assert down.collections[0].get_array().reshape(3, 3)[0].tolist() == [0, 100, 0]
    assert forward.get_xlabel() == "operator" and forward.get_ylabel() == "teacher"


def test_pictures_stand_above_what_covering_them_does():
    torch.manual_seed(0)
    operator = Operator("both", DecoderSettings(width=32, depth=1, num_heads=2), Eye(64, 32)).eval()
    pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    decisions = Decisions(pictures, [LINE] * 3, ["none none none"] * 3)
    axes = operator_figures.occlusion_map(operator, decisions, [0, 2]).axes
    assert len(axes) == 5  # two above, two below, and the scale
    assert np.array_equal(axes[1].images[0].get_array(), pictures[2])
    assert axes[2].images[1].get_array().shape == (7, 7)
    assert axes[0].get_title() == operator.reply(pictures[:1], [LINE])[0]


def test_latency_has_its_medians_and_the_authors_time():
    rows = [
        (waiting, time, start, 10.0 * (1 + time) + start * (waiting == "hold"))
        for waiting in ("hold", "coast")
        for time in (0.0, 2.0)
        for start in (0, 1, 5)
    ]
    table = pd.DataFrame(rows, columns=["waiting", "reply_time", "start", "score"])
    (axis,) = operator_figures.latency_curves(table, [5.06, 5.14, 5.26]).axes
    coast, hold = axis.lines
    assert list(hold.get_ydata()) == [11, 31] and list(coast.get_ydata()) == [10, 30]
    (marked,) = axis.patches
    assert (marked.get_x(), marked.get_x() + marked.get_width()) == pytest.approx((5.06, 5.26))
    assert axis.get_yscale() == "log"
    assert hold.get_label() == "hold"


def test_malformed_replies_have_their_medians():
    rows = [(share, start, share + start) for share in (0.0, 0.3) for start in (0, 1, 5)]
    table = pd.DataFrame(rows, columns=["share", "start", "log10 score"])
    (axis,) = operator_figures.malformed_curve(table, 0.175).axes
    _, middle, marked = axis.lines
    assert list(middle.get_xdata()) == [0, 30] and list(middle.get_ydata()) == [1, 1.3]
    assert marked.get_xdata()[0] == 17.5


def test_the_diagram_names_the_parts():
    (axis,) = operator_figures.diagram().axes
    told = " ".join(text.get_text() for text in axis.texts)
    for part in ("picture", "frozen", "projector", "telemetry", "decoder", "the craft flies on meanwhile"):
        assert part in told


def test_reading_errors_are_shares_of_pictures():
    errors = pd.DataFrame(
        {
            "sideways": [0.1, 0.3, 0.2],
            "behind": [True, False, False],
            "distance": [1.0, 2, 3],
            "speed": [4.0, 5, 6],
        }
    )
    figure = operator_figures.reading_errors_plot(errors)
    curve, middle = figure.axes[0].lines
    assert list(curve.get_xdata()) == [0.1, 0.2, 0.3] and curve.get_ydata()[-1] == 100
    assert middle.get_xdata()[0] == 0.2 and "33.3 %" in figure.get_suptitle()


def test_losses_are_a_line_a_seed_and_their_mean():
    rows = [(arms.TEXT, seed, epoch, 3.0 - epoch + seed) for seed in (0, 1) for epoch in (1, 2)]
    (axis,) = operator_figures.loss_curves(
        pd.DataFrame(rows, columns=["system", "seed", "epoch", "loss"])
    ).axes
    assert [list(line.get_ydata()) for line in axis.lines] == [[2, 1], [3, 2], [2.5, 1.5]]
    assert axis.get_legend().get_texts()[0].get_text() == arms.TEXT
