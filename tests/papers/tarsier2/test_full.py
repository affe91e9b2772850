import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmrepro.errors import MMReproError
from mmrepro.papers.tarsier2 import full, sample
from mmrepro.papers.tarsier2.benchmark import Clip
from mmrepro.papers.tarsier2.settings import DescriberSettings
from tests.modeling.tiny_qwen2_vl import save_tiny

SETTINGS = DescriberSettings(frames=4, max_pixels=4 * 784, batch_size=2, max_words=4)


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def describer(configuration):
    return full.load_describer(configuration, SETTINGS, "cpu")


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    sample.write_clip(folder)
    return folder / "video" / "bigbuckbunny.mp4"


@pytest.fixture
def videos(tmp_path, video):
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("1", "2", "3"):
        (folder / f"{name}.mp4").write_bytes(video.read_bytes())
    return folder


def clip(number):
    return Clip(number, str(number), "stock", "A ball rises.", ("A ball rises.",), 1.0, 1, 1)


def test_a_batch_is_described_as_each_video_is_alone(describer, videos):
    paths = [videos / "1.mp4", videos / "2.mp4"]
    assert describer(paths) == [describer([path])[0] for path in paths]


def test_a_run_goes_on_where_it_stopped(describer, videos, tmp_path):
    clips, results = [clip(1), clip(2), clip(3)], tmp_path / "results"
    first, failed = full.describe_clips(clips[:1], videos, describer, results)
    assert set(first) == {1} and failed == {}
    (results / "1.json").write_text(json.dumps({"idx": 1, "prediction": "kept"}))
    asked = []

    def counting(paths):
        asked.extend(path.stem for path in paths)
        return describer(paths)

    counting.settings = SETTINGS
    texts, _ = full.describe_clips(clips, videos, counting, results)
    assert asked == ["2", "3"]
    assert texts[1] == "kept" and set(texts) == {1, 2, 3}


def test_results_lie_apart_for_other_weights_and_other_settings(configuration, tmp_path):
    folder = full.results_folder(tmp_path, configuration, SETTINGS)
    assert folder == full.results_folder(
        tmp_path, configuration, SETTINGS.model_copy(update={"batch_size": 9})
    )
    assert folder != full.results_folder(tmp_path, configuration, SETTINGS.model_copy(update={"frames": 9}))
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_bytes(configuration.read_bytes())
    changed = bytearray((configuration.parent / "model.safetensors").read_bytes())
    changed[-1] ^= 1
    (other / "model.safetensors").write_bytes(changed)
    assert folder != full.results_folder(tmp_path, other / "config.json", SETTINGS)


def test_a_bad_video_is_told_and_costs_no_other(describer, videos, tmp_path):
    (videos / "2.mp4").write_bytes(b"no video at all")
    clips = [clip(1), clip(2), clip(4)]
    texts, failed = full.describe_clips(clips, videos, describer, tmp_path / "results")
    assert set(texts) == {1} and set(failed) == {2, 4}
    assert "cannot be decoded" in failed[2] and "no video" in failed[4]
    assert not (tmp_path / "results" / "2.json").exists()


def test_weights_named_as_tarsier_names_them_are_the_same_model(configuration, describer, video, tmp_path):
    for path in configuration.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = json.loads(configuration.read_text())
    outer = {"model_type": "llava", "vision_config": content["vision_config"], "text_config": content}
    (tmp_path / "config.json").write_text(json.dumps(outer))
    renamed = {}
    for name, weight in load_file(tmp_path / "model.safetensors").items():
        name = name.replace("model.visual.", "vision_tower.").replace("visual.", "vision_tower.")
        name = name.removeprefix("model.language_model.").removeprefix("model.")
        if not name.startswith("vision_tower."):
            name = "language_model." + (name if name.startswith("lm_head") else f"model.{name}")
        renamed[name] = weight.clone()
    save_file(renamed, tmp_path / "model.safetensors", {"format": "pt"})
    again = full.load_describer(tmp_path / "config.json", SETTINGS, "cpu")
    for (name, one), other in zip(describer.model.named_parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other), name
    assert again([video]) == describer([video])


def test_a_model_of_another_class_is_refused(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(MMReproError, match="type 'llama'; give one of Qwen2-VL's class"):
        full.load_describer(path, SETTINGS, "cpu")
