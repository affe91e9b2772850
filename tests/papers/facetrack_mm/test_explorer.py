"""The figures that are explored without a kernel."""

import numpy as np
import pytest

from mmrepro.papers.facetrack_mm.explorer import threshold_explorer

SCORES = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.4]])


def test_every_score_is_shown_at_every_threshold_and_only_matches_are_blue():
    figure = threshold_explorer(SCORES, ["smiles", "frowns"], ["a", "b", "c"], start=0.61)
    maps, paths = figure.data[::2], figure.data[1::2]
    assert len(maps) == len(paths) == 14
    shown = [place for place, each in enumerate(maps) if each.visible]
    assert shown == [place for place, each in enumerate(paths) if each.visible] == [6]  # 0.60
    for step, each in enumerate(maps):
        assert np.array(each.z) == pytest.approx(SCORES)
        greys, blues = each.colorscale[:2], each.colorscale[2:]
        assert greys[-1][0] == blues[0][0] == pytest.approx(0.3 + 0.05 * step)


def test_the_path_is_the_common_subsequence_of_the_matches():
    figure = threshold_explorer(SCORES, ["smiles", "frowns"], ["a", "b", "c"], start=0.6)
    paths = [(list(each.y), list(each.x)) for each in figure.data[1::2]]
    assert paths[6] == ([0, 1], [0, 1])  # 0.60
    assert paths[-1] == ([], [])  # 0.95
