import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error

from mmrepro.errors import MMReproError
from mmrepro.papers.mosei_fusion import audit
from mmrepro.papers.mosei_fusion.labels import load_labels


def test_constant_scores_are_those_of_a_constant_prediction():
    labels = np.array([0.1, 0.2, -0.3, 0.9, 0.0, 1.6], dtype=np.float32)
    found = audit.constant_scores(audit.PublishedVideos({}, labels))
    rounded, zero = np.round(labels).astype(int), np.zeros(6, dtype=int)
    assert found["seven-class accuracy"] == pytest.approx(accuracy_score(rounded, zero) * 100)
    assert found["weighted F1"] == pytest.approx(f1_score(rounded, zero, average="weighted") * 100)
    assert found["binary accuracy"] == pytest.approx(accuracy_score(labels > 0, np.ones(6)) * 100)
    assert found["MAE"] == pytest.approx(mean_absolute_error(labels, np.full(6, labels.mean())), rel=1e-5)


def test_frame_number_and_time_stamp_are_left_out(sample):
    source = sample("mosei_audit")
    raw = pd.read_pickle(source.path("mosei_audit/test_data.pkl"))
    published = audit.load_published(source, "test")
    assert np.array_equal(published.features["video"], raw["visual"][:, 2:])


def test_videos_are_recovered_when_the_labels_say_which_one_is_missing(sample, monkeypatch):
    labels = load_labels(sample("mosei_labels"))
    ids = list(dict.fromkeys(labels["video"]))
    official = labels.groupby("video")["sentiment"].mean()
    rest, test_ids = audit.train_test_split(ids, test_size=0.2, random_state=42)
    _, val_ids = audit.train_test_split(rest, test_size=0.1, random_state=42)
    gap = 123
    kept = test_ids[:gap] + test_ids[gap + 1 :]
    rng = np.random.default_rng(0)
    of_split = {
        name: audit.PublishedVideos(
            {"text": np.zeros((len(videos), 2), np.float32)},
            (official.loc[videos] + rng.normal(0, 0.01, len(videos))).to_numpy(np.float32),
        )
        for name, videos in (("val", val_ids), ("test", kept))
    }
    monkeypatch.setattr(audit, "load_published", lambda _source, split: of_split[split])
    features, frame = audit.recover_videos(sample("mosei_audit"), labels)
    assert frame["video"].tolist() == [*val_ids, *kept]
    assert np.allclose(frame["published"], frame["official"], atol=0.06)
    assert len(features["text"]) == len(frame)


def test_labels_of_other_videos_are_refused(sample):
    labels = load_labels(sample("mosei_labels"))
    fewer = labels[labels["video"] < "video1000"]
    with pytest.raises(MMReproError, match="one test video must be missing and no other"):
        audit.recover_videos(sample("mosei_audit"), fewer)


def test_terciles_are_of_equal_size_and_in_order():
    scores = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 2.0, -1.0, -2.0, 0.0])
    classes = audit.terciles(scores)
    assert np.bincount(classes).tolist() == [3, 3, 3]
    assert classes[7] == classes[6] == 0 and classes[5] == classes[4] == 2
