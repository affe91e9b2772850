import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.metrics import balanced_accuracy_score, f1_score

from mmrepro.errors import MMReproError
from mmrepro.papers.mosei_fusion import labels


@pytest.fixture
def frame():
    sentiment = [-3, -2, -1, 0, 0, 1, 1, 2, 3, 0]
    split = ["train"] * 5 + ["test"] * 5
    return pd.DataFrame({"video": "v", "sentiment": sentiment, "split": split})


def bin_of(score):
    """The seven bins of the label file: k < 0 holds [k, k + 1), k > 0 holds (k - 1, k]."""
    return int(np.floor(score)) if score < 0 else int(np.ceil(score))


@pytest.mark.parametrize("cut", [(low, high) for low in (0, -1, -2) for high in (0, 1, 2)])
def test_cutting_bins_is_cutting_the_scores_behind_them(cut):
    scores = np.linspace(-3, 3, 61).round(2)
    bins = np.array([bin_of(score) for score in scores])
    assert np.array_equal(labels.bins_to_classes(bins, cut), labels.three_classes(scores, cut))


def test_the_reported_cut_keeps_its_edges_neutral():
    assert labels.three_classes(np.array([-1.01, -1, 0, 1, 1.01])).tolist() == [-1, 0, 0, 0, 1]


@pytest.mark.parametrize("cut", [(1, 2), (-1, -2), (-4, 1), (1, -1)])
def test_cuts_out_of_order_are_refused(cut):
    with pytest.raises(MMReproError, match="must be ordered"):
        labels.three_classes(np.zeros(1), cut)


def test_bins_cannot_be_cut_inside():
    with pytest.raises(MMReproError, match="whole scores"):
        labels.bins_to_classes(np.zeros(1, dtype=int), (-1, 0.5))


@pytest.mark.parametrize("bad", [np.nan, 3.1, -7])
def test_scores_out_of_range_are_refused(bad):
    with pytest.raises(MMReproError, match=r"outside \[-3, 3\]"):
        labels.three_classes(np.array([0.0, bad]))


def test_shares_count_the_split_alone(frame):
    assert labels.class_shares(frame, (0, 0)) == pytest.approx({"negative": 0, "neutral": 20, "positive": 80})
    assert labels.class_shares(frame, (-1, 1), "train") == pytest.approx(
        {"negative": 40, "neutral": 60, "positive": 0}
    )


def test_majority_scores_are_those_of_sklearns_dummy(frame):
    train, test = (frame[frame["split"] == name]["sentiment"].to_numpy() for name in ("train", "test"))
    y_train, y_test = labels.bins_to_classes(train), labels.bins_to_classes(test)
    dummy = DummyClassifier(strategy="most_frequent").fit(train[:, None], y_train)
    answer = dummy.predict(test[:, None])
    found = labels.majority_scores(frame, (-1, 1))
    assert found["accuracy"] == pytest.approx(dummy.score(test[:, None], y_test) * 100)
    assert found["balanced accuracy"] == pytest.approx(balanced_accuracy_score(y_test, answer) * 100)
    assert found["macro-F1"] == pytest.approx(f1_score(y_test, answer, average="macro") * 100)


def test_published_share_is_compared_with_the_majority_over_segments():
    sentiment = [0] * 600 + [3] * 400
    frame = pd.DataFrame(
        {"video": "v", "sentiment": sentiment * 2, "split": ["train"] * 1000 + ["test"] * 1000}
    )
    found = labels.against_majority(65.0, frame)
    assert found.value == pytest.approx(5)
    assert (found.n_seeds, found.basis) == (1000, "items")
    assert found.p_value == pytest.approx(stats.binom.sf(649, 1000, 0.6))
    assert found.interval[0] < 5 < found.interval[1]
    assert labels.against_majority(55.0, frame).interval[1] < 0


def test_grim_by_listing_every_share():
    for count in (7, 60, 333):
        possible = {round(100 * k / count + 1e-9, 2) for k in range(count + 1)}
        for percentage in np.arange(0, 100, 0.37).round(2):
            assert labels.is_share_of(percentage, count) == (percentage in possible), (percentage, count)


def test_sizes_that_fit_every_percentage():
    assert labels.consistent_sizes([50.0, 25.0], range(2, 9)) == [4, 8]


def test_every_pair_of_cuts_is_tabulated(frame):
    table = labels.shares_by_cut(frame)
    assert len(table) == 9
    assert np.allclose(table[list(labels.CLASSES)].sum(axis=1), 100)
    assert (table["high"] - table["low"]).is_monotonic_increasing


def test_labels_are_read_with_their_splits(sample):
    frame = labels.load_labels(sample("mosei_labels"))
    assert set(frame["split"]) == {"train", "valid", "test"}
    assert list(frame.columns) == ["video", "start", "end", "sentiment", "split"]


def test_a_label_outside_the_bins_is_refused(sample, tmp_path):
    from dataclasses import replace

    source = sample("mosei_labels")
    path = tmp_path / "mosei_labels" / "CMU_MOSEI_Labels.csv"
    path.parent.mkdir()
    frame = pd.read_csv(source.path("mosei_labels/CMU_MOSEI_Labels.csv"), index_col=0)
    frame.loc[3, "label7"] = 9
    frame.to_csv(path)
    with pytest.raises(MMReproError, match="label7"):
        labels.load_labels(replace(source, folder=tmp_path))
