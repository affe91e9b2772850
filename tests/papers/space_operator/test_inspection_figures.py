import matplotlib.pyplot as plt
import pandas as pd
import pytest

from mmrepro.papers.space_operator import inspection_figures as figures
from mmrepro.papers.space_operator.defects import Judging, features, judge_seeds
from mmrepro.papers.space_operator.inspector import InspectionSettings, confusion, inspect_seed
from mmrepro.papers.space_operator.sightings import draw_pictures
from mmrepro.papers.space_operator.solar import read_cells
from mmrepro.papers.space_operator.solar_sample import write_cells


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def lines(axis, marker):
    return [line for line in axis.lines if line.get_marker() == marker]


def test_cells_and_folds_are_drawn(tmp_path):
    write_cells(tmp_path, 6)
    cells = read_cells(tmp_path, 64)
    shown = figures.cell_gallery(cells, 4).axes
    assert sum(len(axis.images) for axis in shown) == 8
    seen = features(cells.images)
    judged = judge_seeds(seen, cells, (0, 1, 2), Judging(folds=3, components=10))
    rows = pd.concat([one.rows for one in judged])
    axes = figures.fold_pairs(rows).axes
    assert len(axes) == 2 and len(lines(axes[0], "o")) == 3
    mean = rows[(rows["metric"] == "AUC") & (rows["system"] == "grouped folds")]["value"].mean()
    assert lines(axes[0], "D")[0].get_ydata()[2] == pytest.approx(mean)
    found = lines(figures.leak_bars(rows, (0.5, 0.1)).axes[0], "D")
    assert found[1].get_xdata()[0] == 50
    table = pd.DataFrame({"module": [30, 30, 60], "seed": [0, 1, 0], "AUC": [0.6, 0.8, 0.5]})
    assert list(figures.module_curve(table).axes[0].lines[1].get_ydata()) == pytest.approx([0.7, 0.5])


def test_satellites_and_answers_are_drawn():
    run = inspect_seed(InspectionSettings(train=20, test=20, epochs=1, width=4, size=48), 0)
    assert sum(len(axis.images) for axis in figures.fault_gallery(64).axes) == 15
    drawn = {"seen": draw_pictures(4, 0, size=48), "unseen": draw_pictures(4, 1, size=48)}
    assert len(figures.condition_gallery(drawn, 3).axes) == 6
    axes = figures.question_dots(run.rows).axes
    assert [axis.get_title() for axis in axes] == ["panel", "fault", "face"]
    seen = run.rows[(run.rows["system"] == "narrow, seen") & (run.rows["metric"] == "panel")]["value"].iloc[0]
    assert lines(axes[0], "o")[0].get_ydata()[0] == seen
    assert len(figures.confusion_map({"a": confusion([run], "wide, seen")}).axes[0].texts) == 25
