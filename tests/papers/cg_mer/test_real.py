"""The real files, where a mirror has them: known defects are found and the pilot comes out again."""

import os

import pytest

from mmrepro.data.store import fetch
from mmrepro.papers.cg_mer import emodb, kinect, panel, votes
from mmrepro.papers.paper import load_paper

# Read before the fixtures of other tests hide it.
MIRROR = os.environ.get("MMREPRO_MIRROR")
pytestmark = pytest.mark.skipif(MIRROR is None, reason="MMREPRO_MIRROR is not set, so there are no real data")


@pytest.fixture
def real(monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_MIRROR", str(MIRROR))
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MMREPRO_OFFLINE", "1")
    return lambda name: fetch("cg-mer", name)


def test_recognition_and_alpha_are_the_pilots(real):
    rated = votes.load_votes(real("cremad"))
    paper, sums = load_paper("cg-mer"), panel.actor_sums(rated)
    for number, name in enumerate(votes.PANELS):
        expected = paper.value_of(f"pilot {name}", "recognition")
        assert sums.recognition()[number] == pytest.approx(expected, abs=0.05)
        assert sums.alpha()[number] == pytest.approx(paper.value_of(f"pilot {name}", "alpha"), abs=0.0005)
    assert len(rated) == 7442 and len(sums.actors) == 91
    ties = panel.majority_table(rated)["ties (%)"].round(1).tolist()
    assert ties == [8.7, 6.3, 5.6]


def test_the_defects_of_the_kinect_files_are_found(real):
    tracks, defects = kinect.load_tracks(real("gesture_phase"))
    assert sum(map(len, tracks)) == 9901
    assert [(d.file, d.count) for d in defects if "Preparação" in d.problem] == [("b1_raw.csv", 1)]
    holes = [d.file for d in defects if "hole of 40 s" in d.problem]
    assert holes == ["a1_raw.csv", "a3_raw.csv", "b1_raw.csv", "c1_raw.csv", "c3_raw.csv"]
    assert [d.file for d in defects if "missing" in d.problem] == ["b2, c2"]
    assert [d.file for d in defects if "number of frames" in d.problem] == ["b3_raw.csv"]


def test_the_defects_of_emodb_are_found(real):
    perception, defects = emodb.load_perception(real("emodb"))
    assert len(perception) == 816 and defects[0].count == 816
    syllables, defects = emodb.load_syllables(real("emodb_syllables"))
    left_out = {d.file for d in defects if d.handling.startswith("left out")}
    assert left_out == {"13a01Wb.silb", "11b02Td.silb"}
    assert sum(rows["end_s"].max() > 2.0 for rows in syllables.values()) > 0.65 * len(syllables)
    _, short = emodb.cut_to_sound(syllables, emodb.load_sounds(real("emodb_audio")))
    assert len(short) == 18
