import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import jaccard_score

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.masks import (
    IGNORED,
    MaskedImages,
    Segmenter,
    list_masks,
    mask_loss,
    mean_iou,
    train_segmenters,
)
from mmrepro.papers.piip.settings import SegmentationSettings
from mmrepro.papers.piip.systems import build_pyramid
from tests.sharing import assert_shares_make_the_batch


@pytest.fixture
def ade(tmp_path):
    """A folder in ADE20K's layout: left half class 1, right half class 2, the first rows ignored."""
    rng = np.random.default_rng(0)
    for split in ("training", "validation"):
        for kind in ("images", "annotations"):
            (tmp_path / kind / split).mkdir(parents=True)
        for number in range(4):
            mask = np.repeat([[1] * 32 + [2] * 32], 48, axis=0).astype(np.uint8)
            pixels = (mask[..., None] * 90 + rng.integers(0, 20, (48, 64, 3))).astype(np.uint8)
            mask[:8] = 0
            Image.fromarray(pixels).save(tmp_path / f"images/{split}/{number}.jpg")
            Image.fromarray(mask).save(tmp_path / f"annotations/{split}/{number}.png")
    return tmp_path


def test_masks_are_read_with_their_images(ade):
    data = MaskedImages(list_masks(ade, "training"), (24, 32), 2)
    pixels, labels = data[0]
    assert len(data) == 4 and pixels.shape == (3, 24, 32)
    assert labels[0].eq(IGNORED).all() and labels[-1].tolist() == [0] * 16 + [1] * 16


def test_spoilt_masks_are_told(ade, tmp_path):
    with pytest.raises(MMReproError, match=r"holds no \.jpg image"):
        list_masks(ade, "test")
    with pytest.raises(MMReproError, match=r"from 0 \(ignored\) to 1; its largest is 2"):
        MaskedImages(list_masks(ade, "training"), (24, 32), 1)[0]
    (ade / "annotations/training/2.png").unlink()
    with pytest.raises(MMReproError, match=r"2\.jpg has no mask"):
        list_masks(ade, "training")


def test_mean_iou_is_the_librarys_jaccard_score():
    rng = np.random.default_rng(1)
    truth, found = rng.integers(0, 4, 500), rng.integers(0, 5, 500)
    kept = rng.random(500) < 0.9
    labels = np.where(kept, truth, IGNORED)
    ours = mean_iou(torch.from_numpy(labels), torch.from_numpy(found), 6)  # class 5 occurs nowhere
    theirs = jaccard_score(truth[kept], found[kept], labels=range(5), average="macro", zero_division=0)
    assert ours == pytest.approx(100 * theirs)


def test_a_segmenter_learns_halves(ade, settings):
    asked = SegmentationSettings(
        systems={"single": settings.scenes.systems["single"]}, image_size=(48, 64), classes=2, runs=1,
        epochs=12, lr=0.003, batch_size=2,
    )  # fmt: skip
    train, test = (MaskedImages(list_masks(ade, name), (48, 64), 2) for name in ("training", "validation"))
    (run,) = train_segmenters(train, test, settings, asked)
    assert run.miou > 80


def test_ignored_pixels_teach_nothing(settings):
    torch.manual_seed(0)
    model = Segmenter(build_pyramid(settings.scenes.systems["single"], settings), 3)
    pixels, labels = torch.zeros(1, 3, 16, 16, dtype=torch.uint8), torch.full((1, 16, 16), IGNORED)
    labels[0, 0, 0] = 1
    assert model(pixels.float()).shape == (1, 3, 16, 16)
    mask_loss(model, (pixels, labels)).backward()
    assert model.head.bias.grad.abs().sum() > 0


def test_the_mean_over_pixels_is_the_batchs_where_processes_share_it(settings, monkeypatch):
    torch.manual_seed(0)
    model = Segmenter(build_pyramid(settings.scenes.systems["single"], settings), 3)
    pixels, labels = torch.randint(256, (3, 3, 16, 16)).byte(), torch.randint(3, (3, 16, 16))
    labels[0, 1:] = labels[1] = IGNORED
    assert_shares_make_the_batch(monkeypatch, mask_loss, model, (pixels, labels), (2, 3, 4))
