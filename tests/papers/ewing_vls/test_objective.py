import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from mmrepro.papers.ewing_vls import captions, language, objective, projections
from tests.sharing import assert_shares_make_the_batch

from .conftest import TINY

CONCEPTS = ("fat of the colon", "tumor of the lung")


@pytest.fixture
def features():
    torch.manual_seed(0)
    return torch.randn(6, 2, 10)


def made(kind, features):
    torch.manual_seed(1)
    return kind(objective.Projection(features.flatten(0, 1), 4), CONCEPTS, 4)


def test_words_are_padded_and_new_ones_unknown():
    words = language.Words(["fat of the colon", "an h&e slide"])
    ids = words(["the fat", "the zebra of the colon and more"])
    assert ids.shape[1] == words.longest == 5  # an, h, &, e, slide
    assert ids[0, 2:].tolist() == [0, 0, 0] and ids[1, 1] == 1 and len(words) == 11


def test_padding_does_not_change_what_a_caption_means():
    torch.manual_seed(0)
    tower = language.TextTower(20, 6, 4).eval()
    short, long = torch.tensor([[3, 4, 0, 0, 0, 0]]), torch.tensor([[3, 4, 0, 0, 0, 0], [3, 4, 5, 6, 7, 8]])
    assert torch.allclose(tower(short)[0], tower(long)[0], atol=1e-5)


def test_matching_by_hand_and_against_plain_clip():
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 1.0, 1.0]])
    # All concepts differ: plain cross-entropy with the diagonal.
    plain = functional.cross_entropy(logits, torch.arange(3))
    assert torch.allclose(objective.matched(logits, torch.arange(3)), plain)
    # The first two share a concept: their rows are split evenly over both columns.
    logs = logits.log_softmax(1)
    worked = -((logs[0, 0] + logs[0, 1]) / 2 + (logs[1, 0] + logs[1, 1]) / 2 + logs[2, 2]) / 3
    assert torch.allclose(objective.matched(logits, torch.tensor([0, 0, 1])), worked)


@pytest.mark.parametrize("kind", list(objective.OBJECTIVES.values()))
def test_all_train_the_same_projection_and_everything_gets_a_gradient(kind, features):
    model = made(kind, features)
    model(features, torch.tensor([0, 1, 0, 1, 0, 1])).backward()
    assert all(each.grad is not None for each in model.parameters())
    shape = {name: tuple(each.shape) for name, each in model.projection.named_parameters()}
    assert shape == {"linear.weight": (4, 10), "linear.bias": (4,)}


def test_pairs_by_hand():
    projection = objective.Projection(torch.randn(8, 2), 2)
    projection.linear.weight.data, projection.linear.bias.data = torch.eye(2), torch.zeros(2)
    projection.mean, projection.spread = torch.zeros(2), torch.ones(2)
    model = objective.Pairs(projection, CONCEPTS, 2)
    model.scale.data = torch.tensor(0.0)
    views = torch.tensor([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
    # Each view sees its other view at cosine 1 and two strangers at cosine 0.
    assert float(model(views, torch.zeros(2)).detach()) == pytest.approx(
        -math.log(math.e / (math.e + 2)), abs=1e-6
    )


def test_labels_never_read_a_word_and_pairs_never_read_a_concept(features):
    labels, pairs = made(objective.Labels, features), made(objective.Pairs, features)
    assert not any("text" in name for name, _ in labels.named_parameters())
    first = pairs(features, torch.tensor([0, 1, 0, 1, 0, 1]))
    assert torch.equal(first, pairs(features, torch.tensor([1, 1, 1, 1, 0, 0])))


def test_training_learns_concepts_that_the_features_hold(corpus):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(16, 24)) * 3
    features = (centres[corpus.concept_of][:, None] + rng.normal(size=(64, 2, 24))).astype(np.float32)
    settings = TINY.model_copy(update={"projection_epochs": 60, "projection_lr": 3e-3})
    held = projections.hold_out(corpus, np.arange(64), 0)
    model, history = projections.train_projection(
        projections.IMAGE_TEXT, corpus, features, held.train, settings, 0
    )
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    prompts = [captions.WORDINGS[0].format(each) for each in corpus.concepts]
    with torch.no_grad():
        said = model.prompt_logits(torch.from_numpy(features[held.test, 0]), prompts).argmax(1).numpy()
    assert np.mean(said == corpus.concept_of[held.test]) > 0.8


def test_copies_never_stand_on_both_sides(corpus):
    group = np.arange(64) // 2
    for seed in range(3):
        held = projections.hold_out(corpus, group, seed)
        assert not set(group[held.train]) & set(group[held.test])
        assert len(held.train) + len(held.test) == 64


def test_projected_features_have_unit_length_and_random_ones_repeat():
    features = np.random.default_rng(0).normal(size=(20, 10)).astype(np.float32)
    one, two = (projections.random_projection(features, 4, seed) for seed in (3, 3))
    assert np.array_equal(one, two) and np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    assert not np.array_equal(one, projections.random_projection(features, 4, 4))


@pytest.mark.parametrize("kind", list(objective.OBJECTIVES.values()))
def test_images_are_contrasted_with_the_whole_batch_where_processes_share_it(kind, features, monkeypatch):
    batch = features[:5], torch.tensor([0, 1, 0, 1, 0])
    assert_shares_make_the_batch(monkeypatch, projections.loss_of, made(kind, features), batch, (2, 6))
