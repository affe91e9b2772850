import numpy as np
import pandas as pd
import pytest

from mmrepro.papers.cg_mer import pilot
from mmrepro.papers.cg_mer.leak import Answers
from mmrepro.papers.paper import load_paper


@pytest.fixture
def scored():
    labels = np.tile(["a", "b"], 20)
    wrong = labels.copy()
    wrong[:4] = np.where(wrong[:4] == "a", "b", "a")
    by_split = {split: {0: wrong} for split in ("random rows", "by session", "by person", "by speaker")}
    return {name: Answers(labels, by_split) for name in ("gesture", "polish", "emodb mfcc")}


def test_every_number_of_the_pilot_is_set_beside_this_run(scored):
    paper = load_paper("cg-mer")
    panels = pd.DataFrame(
        [
            {"panel": name, "metric": metric, "value": 1.0, "low": 0.0, "high": 50.0}
            for name in ("voice", "face", "audio-visual")
            for metric in ("recognition", "alpha")
        ]
    )
    units = {name: (np.repeat(list("xyzw"), 10), "accuracy") for name in scored}
    intervals = pilot.split_intervals(scored, units)
    table = pilot.compare(paper, panels, scored, intervals)
    assert len(table) == 13
    by_name = table.set_index(["what", "metric"])
    assert by_name.loc[("voice", "recognition"), "inside"] == "yes"  # 40.0 in [0, 50]
    assert by_name.loc[("face", "recognition"), "inside"] == "no"
    shown = pilot.spelt(table).set_index(["what", "metric"])
    assert shown.loc[("voice", "alpha"), "pilot"] == "0.281"
    assert shown.loc[("voice", "recognition"), "pilot"] == "40.0"
    row = by_name.loc[("gesture, by session", "accuracy")]
    assert row["this run"] == 90
    assert row["low"] < 90 < row["high"]


def test_a_rounded_number_counts_as_inside():
    assert pilot._half_unit(0.281) == pytest.approx(0.0005)
    assert pilot._half_unit(40.0) == pytest.approx(0.5)
    assert pilot._half_unit(57.4) == pytest.approx(0.05)
