import numpy as np
import pandas as pd
import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.cg_mer import segment


def rows(*each):
    return pd.DataFrame(each, columns=segment.COLUMNS)


def test_runs_end_where_the_next_begins():
    found = segment.run_lengths(list("aabbba"), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert found["label"].tolist() == ["a", "b", "a"]
    assert found[["start_s", "end_s"]].to_numpy() == pytest.approx(
        np.array([[0, 0.2], [0.2, 0.5], [0.5, 0.6]])
    )


def test_no_segment_crosses_a_hole():
    found = segment.run_lengths(list("aaaa"), [0.0, 0.1, 40.0, 40.1], [0, 0, 1, 1])
    assert found["start_s"].tolist() == [0.0, 40.0]
    assert found["end_s"].tolist() == pytest.approx([0.2, 40.2])
    hole = segment.gaps(found)
    assert hole.to_numpy() == pytest.approx(np.array([[0.2, 40.0]]))


def test_no_frames_make_no_segments():
    assert segment.run_lengths([], []).empty


def test_segments_cover_every_labelled_frame_once():
    rng = np.random.default_rng(0)
    labels, times = rng.choice(list("abc"), 200), np.cumsum(rng.uniform(0.02, 0.04, 200))
    found = segment.run_lengths(labels, times)
    assert segment.gaps(found).empty and segment.overlaps(found).empty
    again = [found.loc[(found["start_s"] <= t) & (t < found["end_s"]), "label"].tolist() for t in times]
    assert again == [[label] for label in labels]


def test_a_short_segment_goes_to_its_longer_neighbour_and_equals_are_joined():
    found = segment.absorb_short(rows((0, 1, "a"), (1, 1.05, "b"), (1.05, 3, "a")), 0.1)
    assert found.to_numpy().tolist() == [[0, 3, "a"]]
    kept = segment.absorb_short(rows((0, 1, "a"), (5, 5.01, "b")), 0.1)
    assert len(kept) == 2  # nobody touches it
    left = segment.absorb_short(rows((0, 2, "a"), (2, 2.05, "b"), (2.05, 3, "c")), 0.1)
    assert left["end_s"].tolist() == pytest.approx([2.05, 3])


def test_gaps_and_overlaps_are_found_whatever_the_order():
    mixed = rows((4, 6, "b"), (0, 3, "a"), (5, 7, "c"))
    assert segment.gaps(mixed).to_numpy().tolist() == [[3, 4]]
    assert segment.gaps(mixed, longer_than_s=2).empty
    assert segment.overlaps(mixed).to_numpy().tolist() == [[5, 6]]
    inside = rows((0, 10, "a"), (1, 2, "b"), (11, 12, "c"))
    assert segment.gaps(inside).to_numpy().tolist() == [[10, 11]]
    assert segment.overlaps(inside).to_numpy().tolist() == [[1, 2]]


def test_elan_gives_back_what_was_written(tmp_path):
    tiers = {"phase": rows((0, 1.234, "Rest"), (1.234, 2, "Hold")), "unit": rows((0.5, 1, "ü"))}
    segment.write_elan(tmp_path / "x.eaf", tiers, media="x.mp4")
    again = segment.read_elan(tmp_path / "x.eaf")
    assert set(again) == set(tiers)
    for name, frame in tiers.items():
        pd.testing.assert_frame_equal(again[name], frame, check_dtype=False)


def test_overlaps_are_refused_in_an_elan_tier(tmp_path):
    with pytest.raises(MMReproError, match=r"Tier 'phase': segments overlap at 1\.000 s"):
        segment.write_elan(tmp_path / "x.eaf", {"phase": rows((0, 2, "a"), (1, 3, "b"))})
    assert not (tmp_path / "x.eaf").exists()
