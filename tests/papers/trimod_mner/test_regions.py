import numpy as np
import pytest
import torch
from PIL import Image

from mmrepro.errors import MMReproError
from mmrepro.papers.trimod_mner.model import TaggerConfig, TriModTagger
from mmrepro.papers.trimod_mner.regions import encode_images, regions_of
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
    table, numbers = encode_images(tweets("1", "2", "1"), folder, "refuse", trunk)
    assert table.table.shape == (1 + 2 * 49, 5)
    assert numbers["train"][0].tolist() == numbers["train"][2].tolist()
    from mmrepro.papers.trimod_mner.corpus import build_parts

    part = build_parts(tweets("1", "2", "1"), encoder, None, numbers)["train"]
    tagger = TriModTagger(encoder, ("image",), TaggerConfig(16, 2), table)
    assert tagger.emissions(part.tensors().tensors)[2]["image"].shape == (3, 2, 49)


def test_pictures_that_will_not_open_are_counted(folder, trunk):
    with pytest.raises(MMReproError, match=r"2 of 3 pictures .* 3\.jpg first"):
        encode_images(tweets("1", "3", "9"), folder, "refuse", trunk)
    _, numbers = encode_images(tweets("1", "3", "9"), folder, "empty", trunk)
    assert [len(each) for each in numbers["train"]] == [49, 0, 0]
    with pytest.raises(MMReproError, match="not a folder"):
        encode_images(tweets("1"), folder / "none", "empty", trunk)
    with pytest.raises(MMReproError, match="holds no picture"):
        encode_images(tweets("9"), folder, "empty", trunk)
