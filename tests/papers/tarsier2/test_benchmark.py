import json

import numpy as np
import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.tarsier2 import benchmark


def test_clips_are_read_with_all_their_facts(clips):
    assert len(clips) == 60
    first = clips[0]
    assert first.number == 1 and first.video == "1" and first.category == "live-action"
    assert first.reference == " ".join(first.events)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows[1].pop("extra_info"), "line 2 lacks a part.*extra_info"),
        (lambda rows: rows[2].update(idx=1), "line 3: clip 1 stands there twice"),
        (lambda rows: rows[0].update(dataset="DREAM/film"), "'DREAM/film' is no category"),
        (lambda rows: rows[0]["messages"][1]["content"][0].update(reference=None), "clip 1 has no reference"),
        (lambda rows: rows.clear(), "has no clip"),
    ],
)
def test_a_bad_row_is_told_with_its_place(write_lines, change, reason):
    with pytest.raises(MMReproError, match=reason):
        benchmark.read_clips(write_lines(change))


def test_a_line_that_is_no_json_is_told(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text("no json\n")
    with pytest.raises(MMReproError, match="line 1 is not JSON"):
        benchmark.read_clips(path)


def test_evenly_spaced_clips_come_from_every_category(clips):
    kept = benchmark.evenly(clips, 10)
    assert len(kept) == 10
    assert pd.Series([clip.category for clip in kept]).value_counts().tolist() == [2] * 5
    assert benchmark.evenly(clips, None) == clips


def test_statistics_are_means_by_category_and_over_all(clips):
    table = benchmark.statistics(clips).set_index("category")
    counts = [len(clip.events) for clip in clips]
    assert table.loc["all", "events"] == pytest.approx(np.mean(counts))
    assert table.loc["stock", "clips"] == 12
    assert table.loc["all", "clips"] == 60


def write(tmp_path, rows):
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps(rows))
    return path


def test_predictions_are_read_by_system_and_coverage_is_told(tmp_path, clips):
    rows = [
        {"idx": 1, "system": "one", "prediction": "A man walks."},
        {"idx": 2, "system": "one", "prediction": ""},
        {"idx": 1, "system": "two", "prediction": "A dog runs."},
    ]
    found = benchmark.read_predictions(write(tmp_path, rows), [clip.number for clip in clips])
    assert found["one"] == {1: "A man walks.", 2: ""}
    table = benchmark.coverage(found, clips[:3]).set_index("system")
    assert table.loc["one"].tolist() == [2, 1, 1]
    assert table.loc["two"].tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"idx": 99, "system": "a", "prediction": "x"}], "clip 99, which the benchmark does not have"),
        ([{"idx": 1, "system": "a", "prediction": "x"}] * 2, "a describes clip 1 twice"),
        ([{"idx": 1, "system": "a"}], "prediction"),
        ({"idx": 1}, "JSON list|prediction|valid"),
    ],
)
def test_bad_predictions_are_told(tmp_path, rows, reason):
    with pytest.raises(MMReproError, match=reason):
        benchmark.read_predictions(write(tmp_path, rows), [1, 2])
