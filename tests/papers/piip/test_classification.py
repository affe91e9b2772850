import pytest
import torch

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import VisionTransformer, ViTBranch
from mmrepro.papers.piip.classification import (
    Classifier,
    SeparateHeads,
    normalised,
    scene_loss,
    train_classifiers,
)
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.scenes import Scenes, list_scenes
from mmrepro.papers.piip.systems import build_pyramid


def test_scenes_are_learnt(sample, settings):
    folder = sample("ucmerced").folder
    train, test = (
        Scenes(list_scenes(folder / split)[0], (96, 96)).in_memory() for split in ("train", "test")
    )
    longer = settings.scenes.model_copy(update={"epochs": 25, "runs": 1})
    settings = settings.model_copy(update={"scenes": longer, "seeds": (0,)})
    for run in train_classifiers(train, test, 3, settings):
        assert run.history["loss"].iloc[-1] < 0.9
        assert run.accuracy > 50


def test_scenes_that_are_decoded_when_asked_for_train_the_same(sample, settings):
    folder = sample("ucmerced").folder
    lazy = {split: Scenes(list_scenes(folder / split)[0], (96, 96), 12) for split in ("train", "test")}
    small = settings.scenes.model_copy(update={"epochs": 2, "runs": 1})
    settings = settings.model_copy(update={"scenes": small, "seeds": (0,)})
    one = train_classifiers(lazy["train"], lazy["test"], 3, settings)
    two = train_classifiers(lazy["train"].in_memory(), lazy["test"].in_memory(), 3, settings)
    for first, second in zip(one, two, strict=True):
        assert first.accuracy == second.accuracy
        assert first.history["loss"].tolist() == second.history["loss"].tolist()


def test_images_with_an_up_are_mirrored_only():
    batch = (torch.arange(12, dtype=torch.uint8).view(1, 1, 3, 4).expand(1, 3, 3, 4), torch.tensor([0]))
    seen = []

    def net(images):
        seen.append(images)
        return images.flatten(1)

    torch.manual_seed(0)
    for _ in range(20):
        scene_loss(net, batch, turned=False)
    whole = normalised(batch[0])
    assert all(torch.equal(each, whole) or torch.equal(each, whole.flip(-1)) for each in seen)
    for _ in range(20):
        scene_loss(net, batch)
    assert any(each.shape == (1, 3, 4, 3) for each in seen)


def test_a_classifier_averages_over_places(settings, images):
    torch.manual_seed(0)
    model = Classifier(build_pyramid(settings.scenes.systems["single"], settings), 5).eval()
    maps = model.merging(model.pyramid(images))
    tokens = model.norm(maps.flatten(2).mT)
    assert torch.allclose(model(images), model.head(tokens.mean(1)), atol=1e-6)
    batch = (torch.zeros(2, 3, 56, 56, dtype=torch.uint8), torch.tensor([0, 4]))
    assert scene_loss(model, batch).ndim == 0
    assert normalised(torch.tensor([[0, 255]], dtype=torch.uint8)).tolist() == [pytest.approx([-1.8, 2.2])]


def with_class_tokens():
    torch.manual_seed(0)
    nets = [
        VisionTransformer(img_size=side, patch_size=8, embed_dim=dim, depth=2, num_heads=2, num_classes=3)
        for dim, side in ((32, 16), (16, 32))
    ]
    return [
        ViTBranch(net, (side, side), 2, class_token=True) for net, side in zip(nets, (16, 32), strict=True)
    ]


def test_separate_heads_read_what_they_are_told_and_average(images):
    pyramid = PIIP(with_class_tokens(), heads=4).eval()
    tokens = pyramid.tokens(images)
    for choice, place in (("class token", 0), ("first patch", 1)):
        scores = [b.net.head(b.net.norm(t)[:, place]) for b, t in zip(pyramid.parts, tokens, strict=True)]
        assert torch.allclose(SeparateHeads(pyramid, choice)(images), (scores[0] + scores[1]) / 2, atol=1e-6)


def test_interactions_leave_class_tokens_alone(images, stir):
    pyramid = PIIP(with_class_tokens(), heads=4).eval()
    before = pyramid.tokens(images)
    last = pyramid.units[-1]
    stir(last)
    after = pyramid.tokens(images)
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one[:, 0], other[:, 0])
        assert not torch.allclose(one[:, 1:], other[:, 1:])


def test_separate_heads_need_class_tokens(branches):
    with pytest.raises(MMReproError, match="class_token=True"):
        SeparateHeads(PIIP(branches, heads=4))
