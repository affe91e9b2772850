import numpy as np
import pytest
import torch

from mmrepro.evidence.claim import Claim
from mmrepro.papers.mosei_fusion import evaluation
from mmrepro.papers.mosei_fusion.data import MODALITIES
from mmrepro.papers.mosei_fusion.evaluation import FUSED, UNIMODAL, Runs, System


@pytest.fixture
def runs(fusion, settings):
    return evaluation.train_systems(fusion, UNIMODAL + FUSED, settings)


def test_scores_of_a_worked_example():
    labels, answers = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    found = evaluation.score(labels, answers)
    assert found["accuracy"] == pytest.approx(75)
    assert found["balanced accuracy"] == pytest.approx((2 / 3 + 1) / 2 * 100)
    # F1 of class 0: precision 1, recall 2/3; of class 1: precision 1/2, recall 1.
    assert found["macro-F1"] == pytest.approx((0.8 + 2 / 3) / 2 * 100)


def test_every_system_and_seed_answers_every_test_item(runs, fusion):
    assert set(runs.probabilities) == {system.name for system in UNIMODAL + FUSED} | {"late, trained apart"}
    for by_seed in runs.probabilities.values():
        assert set(by_seed) == {0, 1}
        for values in by_seed.values():
            assert values.shape == (len(fusion.test), 2)
            assert np.allclose(values.sum(1), 1)


def test_late_trained_apart_is_the_mean_of_the_unimodal_models(runs):
    for seed in (0, 1):
        mean = sum(runs.probabilities[name][seed] for name in MODALITIES) / 3
        assert np.allclose(runs.probabilities["late, trained apart"][seed], mean)


def test_a_seed_gives_the_same_model_again_and_another_seed_another(fusion, settings):
    same = [evaluation.train(FUSED[3], fusion, settings, seed)[0].state_dict() for seed in (3, 3, 4)]
    assert all(torch.equal(same[0][name], same[1][name]) for name in same[0])
    assert any(not torch.equal(same[0][name], same[2][name]) for name in same[0])


def test_training_learns_what_is_there_to_learn(fusion, settings):
    longer = settings.model_copy(update={"epochs": 25, "lr": 0.005})
    model, history = evaluation.train(System("text", evaluation.EarlyFusion, ("text",)), fusion, longer, 0)
    answers = evaluation.predict(model, fusion.test, ("text",)).argmax(1)
    # The best answer for classes two times 0.5 deviations apart in 12 features is right in 96 % of cases.
    assert evaluation.score(fusion.test.labels, answers)["accuracy"] > 85
    assert history["loss"].iloc[-1] < history["loss"].iloc[0] / 2


def test_prediction_is_without_dropout_and_in_order(runs, fusion):
    model = runs.models["attention"]
    every = evaluation.predict(model, fusion.test)
    few = evaluation.predict(model, fusion.test.take(np.array([5, 2])))
    assert np.allclose(few, every[[5, 2]], atol=1e-6)


def test_correct_is_the_share_of_seeds(fusion):
    test = fusion.test.take(np.arange(3))
    right = np.eye(2)[test.labels]
    runs = Runs(test, {"a": {0: right, 1: 1 - right}})
    assert runs.correct("a").tolist() == [0.5, 0.5, 0.5]


def test_cluster_intervals_belong_to_order_claims_on_the_data(fusion):
    right = np.eye(2)[fusion.test.labels]
    runs = Runs(fusion.test, {"early": {0: right}, "late decision": {0: 1 - right}})

    def claim(**change):
        base = {
            "id": "T1", "kind": "order", "sentence": "x", "datasets": ("mosi",), "metric": "accuracy",
            "systems": ("early", "late decision"), "source": "x",
        }  # fmt: skip
        return Claim(**(base | change))

    claims = [
        claim(),
        claim(id="T2", datasets=("other",)),
        claim(id="T3", systems=("early", "absent")),
        claim(id="T4", kind="count", systems=("early",), paper_value=1),
    ]
    assert evaluation.cluster_intervals(runs, claims, "mosi") == {"T1": (100.0, 100.0)}


def test_every_video_is_answered_by_a_model_that_never_saw_it(fusion, settings, monkeypatch):
    seen = []

    def train(system, data, _settings, seed):
        seen.append((set(data.train.speakers), set(data.test.speakers)))
        return (data, None)

    def predict(data, split, _modalities):
        return np.full((len(split), 3), 1 / 3)

    monkeypatch.setattr(evaluation, "train", train)
    monkeypatch.setattr(evaluation, "predict", predict)
    labels = np.arange(30) % 3
    features = {name: np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32) for name in MODALITIES}
    runs = evaluation.cross_validate_videos(features, labels, settings, FUSED[:1])
    assert runs.probabilities["late decision"][0].shape == (30, 3)
    assert len(seen) == settings.video_folds
    assert all(not train_videos & test_videos for train_videos, test_videos in seen)
    assert set().union(*(test_videos for _, test_videos in seen)) == set(runs.test.speakers)


def test_the_leak_shows_only_where_features_know_their_label(fusion, settings):
    longer = settings.model_copy(update={"epochs": 20, "lr": 0.01})
    leaking = dict(fusion.train.features)
    leaking["video"] = leaking["video"].copy()
    leaking["video"][:, 0] = fusion.train.labels * 6 - 3
    from dataclasses import replace

    from mmrepro.papers.mosei_fusion.data import FusionData

    table = evaluation.leak_table(
        FusionData(replace(fusion.train, features=leaking), fusion.test), longer, speakers=4
    ).set_index("modality")
    assert table.loc["video", "validation"] > 90
    assert table.loc["video", "test"] < 75


def test_controls_cost_only_what_is_used(runs):
    table = evaluation.control_table(runs, FUSED[2:3])
    model = runs.models["early"]
    with torch.no_grad():
        model.encoder.project.weight[:, -10:] = 0  # the early model no longer sees video
    blind = evaluation.control_table(runs, FUSED[2:3])
    assert set(table["control"]) == {"intact", "silenced", "shuffled"}
    assert blind[blind["modality"] == "video"]["accuracy"].nunique() == 1


def test_scores_are_tidy(runs):
    scores = runs.scores()
    assert set(scores.columns) == {"system", "seed", "metric", "value"}
    assert len(scores) == 8 * 2 * 3
    assert scores["value"].between(0, 100).all()
