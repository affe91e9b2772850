"""Paired differences are drawn where they are, labelled with what they are of."""

import pandas as pd

from mmrepro.display.differences import difference_plot

TABLE = pd.DataFrame(
    {
        "claim": ["M1: a − b", "M2: a − c"],
        "value": [5.0, 0.5],
        "low": [4, -1],
        "high": [6, 2],
        "cluster_low": [3, -2],
        "cluster_high": [7, 3],
    }
)


def test_the_first_claim_stands_on_top_and_every_mean_at_its_value():
    axis = difference_plot(TABLE, metric="F1", clusters="tweets").axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["M1: a\n− b", "M2: a\n− c"]
    assert axis.lines[0].get_xydata().tolist() == [[5.0, 1.0], [0.5, 0.0]]


def test_both_intervals_are_drawn_and_named():
    figure = difference_plot(TABLE, metric="F1", clusters="tweets")
    seeds, clusters = (lines.get_segments() for lines in figure.axes[0].collections)
    assert [part[:, 0].tolist() for part in seeds] == [[4, 6], [-1, 2]]
    assert [part[:, 0].tolist() for part in clusters] == [[3, 7], [-2, 3]]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["over seeds", "over tweets", "mean difference"]
    assert figure.axes[0].get_xlabel() == "difference in F1 (points)"


def test_a_number_without_a_unit_has_none_on_the_axis():
    assert (
        difference_plot(TABLE, metric="log10 score", unit="").axes[0].get_xlabel()
        == "difference in log10 score"
    )


def test_without_clusters_there_is_one_interval():
    figure = difference_plot(TABLE, metric="F1")
    assert len(figure.axes[0].collections) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["over seeds", "mean difference"]
