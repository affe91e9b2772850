from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import ResNet152_Weights, resnet152

from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.model import TaggerConfig, TriModTagger
from mmrepro.papers.trimod_mner.regions import encode_images, regions_of, resnet_trunk
from mmrepro.papers.trimod_mner.tweets import Tweet


@pytest.fixture
def trunk():
    torch.manual_seed(0)
    return torch.nn.Conv2d(3, 5, kernel_size=32, stride=32)


@pytest.fixture
def folder(tmp_path):
    for name, colour in (("1", (255, 0, 0)), ("2", (0, 0, 255))):
        Image.new("RGB", (30, 20), colour).save(tmp_path / f"{name}.jpg")
    (tmp_path / "3.jpg").write_text("no picture")
    return tmp_path


def tweets(*images):
    return {"train": [Tweet(image, ("a", "b"), ("O", "O")) for image in images]}


def test_a_picture_becomes_49_regions(folder, trunk):
    red, blue = (regions_of(folder / f"{name}.jpg", trunk) for name in "12")
    assert red.shape == (49, 5)
    assert not np.allclose(red, blue)


def test_regions_are_shared_by_tweets_of_one_picture_and_read_by_a_tagger(folder, trunk, encoder):
    table, numbers = encode_images(tweets("1", "2", "1"), folder, "refuse", lambda: trunk)
    assert table.table.shape == (1 + 2 * 49, 5)
    assert numbers["train"][0].tolist() == numbers["train"][2].tolist()
    from mmrepro.papers.trimod_mner.corpus import build_parts

    part = build_parts(tweets("1", "2", "1"), encoder, None, numbers)["train"]
    tagger = TriModTagger(encoder, ("image",), TaggerConfig(16, 2), table)
    assert tagger.emissions(part.tensors().tensors)[2]["image"].shape == (3, 2, 49)


def test_pictures_that_will_not_open_are_counted(folder, trunk):
    with pytest.raises(MMReproError, match=r"2 of 3 pictures .* 3\.jpg first"):
        encode_images(tweets("1", "3", "9"), folder, "refuse", lambda: trunk)
    _, numbers = encode_images(tweets("1", "3", "9"), folder, "empty", lambda: trunk)
    assert [len(each) for each in numbers["train"]] == [49, 0, 0]
    with pytest.raises(MMReproError, match="holds no picture"):
        encode_images(tweets("9"), folder, "empty", lambda: trunk)


def test_a_missing_folder_is_told_before_any_weights_are_asked_for(folder):
    with pytest.raises(MMReproError, match="not a folder"):
        encode_images(tweets("1"), folder / "none", "empty", lambda: pytest.fail("asked for weights"))


def test_weights_that_cannot_be_had_are_told_with_the_place_for_them(monkeypatch):
    def unreachable(*_, **__):
        raise URLError("no route")

    monkeypatch.setattr(ResNet152_Weights, "get_state_dict", unreachable)
    monkeypatch.setattr(torch.nn.init, "kaiming_normal_", lambda weight, **_: weight)
    with pytest.raises(MMReproError, match=r"no route.*resnet152-394f9c45\.pth into .*checkpoints, or leave"):
        resnet_trunk()


def test_the_trunk_gives_a_map_of_seven_by_seven(monkeypatch):
    # Drawing 60 million weights anew takes seconds, and the shapes do not need it.
    monkeypatch.setattr(torch.nn.init, "kaiming_normal_", lambda weight, **_: weight)
    state = resnet152(weights=None).state_dict()
    monkeypatch.setattr(ResNet152_Weights, "get_state_dict", lambda *_, **__: state)
    network = resnet_trunk()
    assert network(torch.zeros(1, 3, 224, 224)).shape == (1, 2048, 7, 7)
    assert not network.training and not any(each.requires_grad for each in network.parameters())
