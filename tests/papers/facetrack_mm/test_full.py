from collections import Counter

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, Qwen2VLForConditionalGeneration

from mmrepro.errors import MMReproError
from mmrepro.evidence.judge import OverlapJudge
from mmrepro.papers.facetrack_mm import full, sample
from mmrepro.papers.facetrack_mm.captions import Caption
from mmrepro.papers.facetrack_mm.full import Example, VideoCaptioner, actor_of
from mmrepro.papers.facetrack_mm.scoring import CaptionScorer
from tests.modeling.tiny_qwen2_vl import save_tiny

TEXT = "He smiles. Then he frowns."


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("weights"))


def load(configuration, device="cpu"):
    torch.manual_seed(0)
    model = Qwen2VLForConditionalGeneration.from_pretrained(configuration.parent)
    return VideoCaptioner(model.to(device), AutoProcessor.from_pretrained(configuration.parent), rank=2)


@pytest.fixture
def captioner(configuration):
    return load(configuration)


@pytest.fixture(scope="module")
def ravdess(tmp_path_factory):
    """A folder laid out as the unpacked videos, with drawn clips of two actors."""
    folder = tmp_path_factory.mktemp("ravdess")
    sample.write_clip(folder)
    clip = (folder / "video" / "carphone_pristine.mp4").read_bytes()
    for actor in ("01", "02"):
        (folder / f"Actor_{actor}").mkdir()
        (folder / f"Actor_{actor}" / f"01-01-03-01-01-01-{actor}.mp4").write_bytes(clip)
    return folder


def captions(*names):
    return [Caption(name, f"RAVDESS/Actor_{name[-2:]}/{name}.mp4", TEXT) for name in names]


def film(seed, side=56):
    return np.random.default_rng(seed).integers(0, 255, (4, side, side, 3), dtype=np.uint8)


def test_file_names_end_in_the_actor():
    assert actor_of("02-01-06-02-02-01-12.mp4") == 12


@pytest.mark.parametrize(
    "name", ["clip.mp4", "02-01-06-01-02-01.mp4", "2-1-6-1-2-1-12.mp4", "aa-01-06-01-02-01-12"]
)
def test_a_name_of_another_form_is_refused(name):
    with pytest.raises(MMReproError, match="no RAVDESS name: it needs seven numbers"):
        actor_of(name)


def test_captions_find_their_videos_wherever_they_lie(ravdess):
    told = [*captions("01-01-03-01-01-01-01", "01-01-03-01-01-01-09"), Caption("x", "DFEW/1.mp4", "No.")]
    (found,) = full.find_clips(told, ravdess)
    assert (found.text, found.actor, found.path.is_file()) == (TEXT, 1, True)
    with pytest.raises(MMReproError, match="None of the 1 captioned RAVDESS videos lies below"):
        full.find_clips(captions("01-01-03-01-01-01-09"), ravdess)


def test_no_actor_is_on_both_sides(ravdess):
    clips = [full.RealClip(TEXT, ravdess, actor) for actor in (1, 1, 2, 3, 4, 5, 6, 7, 8)]
    train, test = full.split_actors(clips, seed=0)
    assert len(train) + len(test) == 9
    assert not {clip.actor for clip in train} & {clip.actor for clip in test}
    assert {clip.actor for clip in full.split_actors(clips, seed=5)[1]} != {clip.actor for clip in test}
    with pytest.raises(MMReproError, match="one actor only"):
        full.split_actors(clips[:2], seed=0)


def test_only_the_captions_own_tokens_are_learnt(captioner):
    made = captioner.inputs(Example((film(0),), TEXT), answered=True)
    learnt = made["labels"][0] != -100
    asked = captioner.inputs(Example((film(0),), TEXT), answered=False)["input_ids"]
    assert not learnt[: asked.shape[1]].any()
    assert learnt[asked.shape[1] :].all()
    assert torch.equal(made["input_ids"][:, : asked.shape[1]], asked)


def test_a_face_is_a_second_video(captioner):
    one, two = (
        captioner.inputs(Example(videos, TEXT), answered=False) for videos in ((film(0),), (film(0), film(1)))
    )
    assert len(one["video_grid_thw"]) == 1
    assert len(two["video_grid_thw"]) == 2
    assert two["input_ids"].shape[1] > one["input_ids"].shape[1]


def test_training_moves_the_adapters_alone_and_lowers_the_loss(captioner):
    before = {name: weight.clone() for name, weight in captioner.model.named_parameters()}
    seen = Counter()
    for name, layer in captioner.model.named_modules():
        if name.endswith("layers.0.self_attn"):
            layer.register_forward_pre_hook(lambda *_: seen.update(["forward"]))
    losses = captioner.train([Example((film(0),), TEXT)], epochs=8, lr=5e-2, seed=0, device="cpu").loss
    assert losses.iloc[-1] < losses.iloc[0]
    assert seen["forward"] == 2 * 8  # a layer's activations are not kept: it runs again on the way back
    moved = {
        name for name, weight in captioner.model.named_parameters() if not torch.equal(weight, before[name])
    }
    assert moved
    assert all("lora" in name and "language_model" in name for name in moved)


def test_what_is_shown_changes_what_is_told_before_it_is_worded(captioner):
    seen = [captioner.inputs(Example((film(seed),), TEXT), answered=True) for seed in (0, 1)]
    with torch.inference_mode():
        one, other = (captioner.model(**inputs).loss.item() for inputs in seen)
    assert one != other


def test_a_clip_without_a_face_shows_the_whole_picture():
    grey = [np.full((60, 80, 3), 128, np.uint8)] * 3
    shown = full.face_video(grey)
    assert shown.shape == (3, 224, 224, 3)
    assert (shown == 128).all()


def test_a_short_clip_repeats_its_last_frame(ravdess):
    clip = full.RealClip(TEXT, ravdess / "Actor_01" / "01-01-03-01-01-01-01.mp4", 1)
    made = full.make_example(clip, 28, with_face=False)
    assert made.videos[0].shape[0] == 28
    assert np.array_equal(made.videos[0][-1], made.videos[0][24])


def test_both_systems_are_tuned_and_tested_on_other_actors(configuration, ravdess, settings):
    class Data:
        def __init__(self, folder):
            self.folder = folder

        def path(self, name):
            return self.folder / name

    folders = {"ravdess": ravdess, "qwen2_vl": configuration.parent}
    told = captions("01-01-03-01-01-01-01", "01-01-03-01-01-01-02")
    short = settings.model_copy(update={"seeds": (0,), "video_frames": 4, "video_epochs": 1, "device": "cpu"})
    rows = full.compare(told, lambda name: Data(folders[name]), short, CaptionScorer(OverlapJudge(0.6)), load)
    assert {(row["system"], row["metric"]) for row in rows} == {
        (system, metric) for system in full.SYSTEMS for metric in ("TEM", "AutoDQ")
    }
    assert all(0 <= row["value"] <= 100 for row in rows)
