import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from mmrepro.papers.space_operator import figures, published
from mmrepro.papers.space_operator.bandit import ORBITAL_TICK
from mmrepro.papers.space_operator.logs import LoggedState
from mmrepro.papers.space_operator.orbit import drifted, propagate
from mmrepro.papers.space_operator.replay import ReplayedMoment
from mmrepro.papers.space_operator.scenario import scenario


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def sheet():
    rows = [
        ("a", "naive", 100.0, 30.0, 80.0),
        ("a", "zero-shot", 200.0, 60.0, 90.0),
        ("a", "fine-tuned", 50.0, 10.0, 40.0),
        ("b", "naive", 900.0, 250.0, 70.0),
        ("b", "fine-tuned", 20_000.0, 1400.0, 20.0),
    ]
    table = pd.DataFrame(rows, columns=["scenario", "kind", "score", "distance", "speed"])
    return table.assign(variant="x", propellant_kg=200.0, time=60.0)


def log_with_a_late_read():
    pursuer, evader = scenario("PE1_E1_I3").states(5.0)
    found = []
    for number, late in enumerate((0, 1, 0)):
        span = 2.0 * number
        moved = propagate(pursuer, span), propagate(evader, span + 0.02 * late)
        found.append(LoggedState((0.0, 0.0, 0.0), 5.0 + span, 6685.0, 1200.0, *moved))
    return found


def data(axis, label):
    (line,) = [line for line in axis.lines if line.get_label() == label]
    return np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_late_reads_are_marked():
    figure = figures.ticks(log_with_a_late_read())
    (axis,) = figure.axes
    assert data(axis, "evader")[1] == pytest.approx([0, 1, 0], abs=1e-3)
    assert data(axis, "pursuer")[1] == pytest.approx([0, 0, 0], abs=1e-3)
    times, levels = data(axis, "evader read late")
    assert times.tolist() == [7.0] and levels == pytest.approx([1], abs=1e-3)
    assert legend(figure) == ["pursuer", "evader", "evader read late"]


def test_a_drift_is_a_tick_of_motion():
    evader = scenario("PE1_E1_I3").states(5.0)[1]
    assert np.linalg.norm(np.subtract(drifted(evader, 0.02)[:3], evader[:3])) == pytest.approx(
        ORBITAL_TICK, abs=0.1
    )


def test_the_replay_has_its_residuals_below():
    moments = [
        ReplayedMoment(10.0, (100.0, 1.0, 1.0), (98.0, 1.0, 1.0)),
        ReplayedMoment(20.0, (50, 1, 1), (7, 1, 1)),
    ]
    above, below = figures.replayed(moments).axes
    assert data(above, "real game")[1].tolist() == [100, 50] and data(above, "simulated")[1].tolist() == [
        98,
        7,
    ]
    levels = [line.get_ydata()[0] for line in below.lines[:2]]
    assert levels == [0, ORBITAL_TICK] and below.lines[2].get_ydata().tolist() == [2, 43]
    assert below.get_xlabel() == "mission time (s)"


def test_naive_runs_are_a_panel_a_quantity():
    rows = [
        {"scenario": name, "quantity": quantity, "unit": unit, "real": 10.0 * number, "ours": 9.0 * number}
        for number, name in enumerate(("PE1_E1_I1", "PE1_E1_I3"), 1)
        for quantity, unit in (("distance", "m"), ("time", "s"))
    ]
    first, second = figures.naive_bars(pd.DataFrame(rows)).axes
    assert (first.get_xlabel(), second.get_xlabel()) == ("distance (m)", "time (s)")
    assert data(first, "real game")[0].tolist() == [10, 20] and data(first, "simulated")[0].tolist() == [
        9,
        18,
    ]
    assert [label.get_text() for label in first.get_yticklabels()] == ["PE1_E1_I1", "PE1_E1_I3"]


def test_telemetry_stands_under_its_picture():
    picture = np.zeros((32, 32, 3), np.uint8)
    lines = [
        "prograde +0.10 +0.90 -0.20 distance 00800.0 m speed 012.0 m/s approaching",
        "mission time 5 s prograde 1 0 0 lady distance 8 m speed 1 m/s receding guard distance 9 m",
    ]
    first, second = figures.prompts_beside_pictures([(picture, line) for line in lines]).axes
    assert first.get_xlabel().split("\n")[1:] == ["distance 00800.0 m", "speed 012.0 m/s", "approaching"]
    assert "lady distance 8 m" in second.get_xlabel().split("\n")
    assert second.get_xlabel().replace("\n", " ") == lines[1]
    assert first.images[0].get_array().shape == (32, 32, 3)


def test_a_level_that_no_run_comes_near_has_no_label(sheet):
    figure = figures.score_surface(sheet[sheet["distance"] < 250].assign(distance=30.0, speed=10.0))
    figure.draw_without_rendering()
    assert 0 < len(figure.axes[0].texts) < 7


def test_runs_lie_on_the_score_surface(sheet):
    figure = figures.score_surface(sheet)
    (axis,) = figure.axes
    assert axis.get_xscale() == "log" and legend(figure) == ["naive", "zero-shot", "fine-tuned"]
    found = data(axis, "fine-tuned")
    assert found[0].tolist() == [10, 1400] and found[1].tolist() == [40, 20]


def test_every_published_run_is_a_mark(sheet):
    (axis,) = figures.sheet_strip(sheet).axes
    scores, places = data(axis, "fine-tuned")
    assert scores.tolist() == [50, 20_000] and places.round().tolist() == [0, 1]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]


def test_agents_have_their_median_and_what_was_published():
    rows = [
        {"agent": agent, "scenario": name, "true": value + shift}
        for name, shift in (("passive", 0.0), ("evading", 100.0))
        for agent, values in (("naive", (300, 310, 390)), ("mine", (4, 5, 6)))
        for value in values
    ]
    first, second = figures.agent_strip(pd.DataFrame(rows), published.spacegym_table()).axes
    assert (first.get_title(), second.get_title()) == ("passive", "evading")
    medians, reported = first.lines
    assert list(medians.get_xdata()) == [310, 5]
    assert reported.get_xdata()[0] == 345 and np.isnan(reported.get_xdata()[1])
    assert second.lines[1].get_xdata()[0] == 381
    assert len(figures.agent_strip(pd.DataFrame(rows)).axes[0].lines) == 1


def test_misreads_are_start_by_start():
    rows = [(False, 0, 9.0, 8.0), (False, 1, 5.0, 4.0), (True, 0, 40.0, 8.0), (True, 1, 3.0, 4.0)]
    figure = figures.misread_plot(pd.DataFrame(rows, columns=["late", "start", "sampled", "true"]))
    (axis,) = figure.axes
    heights = {each.get_label(): each.get_offsets()[:, 1].tolist() for each in axis.collections[1:]}
    assert heights == {"true": [4, 8], "sampled": [5, 9], "sampled, some read late": [3, 40]}


def test_raids_have_a_panel_a_guard_and_the_real_run():
    rows = [{"agent": agent, "guard": guard, "score": 100.0} for agent in "xy" for guard in ("LG0", "LG1")]
    figure = figures.raids_plot(pd.DataFrame(rows), {"LG5": 2105.0})
    assert [axis.get_title() for axis in figure.axes] == ["guard LG0", "guard LG1"]
    assert legend(figure) == ["real run, past LG5"]
    assert data(figure.axes[1], "real run, past LG5")[0].tolist() == [2105, 2105]
