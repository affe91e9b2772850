"""A video language model on real clips: Qwen2-VL with low-rank adapters, shown the video and the face.

The paper's weights and training captions are not public. RAVDESS can be had openly, and 142 released captions
describe clips of it; adapters are tuned on some actors' captions and tested on others'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmrepro.data.local import LocalData
from mmrepro.data.video import read_frames
from mmrepro.errors import MMReproError
from mmrepro.modeling.qwen2_vl import load_qwen2_vl
from mmrepro.papers.facetrack_mm import detection, tracking
from mmrepro.papers.facetrack_mm.captions import Caption
from mmrepro.papers.facetrack_mm.scoring import CaptionScorer
from mmrepro.papers.facetrack_mm.settings import Settings
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.seed import seed_everything

PROMPT = "Describe how the facial expression of the main character changes, in the order of time."
SYSTEMS = ("video + face", "video")
_FACE_SIDE = 224  # pixels of a cropped face
_TEST_SHARE = 0.25  # of the actors
_FIELDS = 7  # of a RAVDESS file name


@dataclass(frozen=True)
class RealClip:
    """A caption with its video and the number of its actor."""

    text: str
    path: Path
    actor: int


def actor_of(name: str) -> int:
    """Read the actor, the last number of a RAVDESS file name: 02-01-06-01-02-01-12 is actor 12.

    Raises
    ------
    MMReproError
        For a name that is not seven numbers of two digits, joined by hyphens.
    """
    parts = Path(name).stem.split("-")
    if len(parts) != _FIELDS or not all(len(part) == 2 and part.isdigit() for part in parts):
        raise MMReproError(
            f"{name} is no RAVDESS name: it needs seven numbers of two digits, such as 02-01-06-01-02-01-12."
        )
    return int(parts[-1])


def find_clips(captions: Sequence[Caption], folder: Path) -> list[RealClip]:
    """Match the captions of RAVDESS clips with the videos below `folder`, wherever they lie in it.

    Raises
    ------
    MMReproError
        When none of the videos is there.
    """
    there = {path.stem: path for path in sorted(folder.rglob("*.mp4"))}
    wanted = [each for each in captions if each.source == "RAVDESS"]
    found = [each for each in wanted if Path(each.video).stem in there]
    if not found:
        raise MMReproError(
            f"None of the {len(wanted)} captioned RAVDESS videos lies below {folder}; unpack the videos of "
            "the speech and song parts there."
        )
    stems = [Path(each.video).stem for each in found]
    return [RealClip(each.text, there[stem], actor_of(stem)) for each, stem in zip(found, stems, strict=True)]


def split_actors(clips: Sequence[RealClip], seed: int) -> tuple[list[RealClip], list[RealClip]]:
    """Split clips into training and test with no actor in both.

    Raises
    ------
    MMReproError
        With fewer than two actors.
    """
    actors = sorted({clip.actor for clip in clips})
    if len(actors) < 2:
        raise MMReproError("Clips of one actor only cannot be split; give the videos of at least two actors.")
    count = max(1, round(_TEST_SHARE * len(actors)))
    held = set(np.random.default_rng(seed).permutation(actors)[:count].tolist())
    return [c for c in clips if c.actor not in held], [c for c in clips if c.actor in held]


def face_video(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Crop the followed face of every frame, (frames, 224, 224, 3); the whole picture without one."""
    from PIL import Image

    boxes = tracking.followed(tracking.track(detection.real_faces(images)), len(images))
    crops = []
    for image, box in zip(images, boxes, strict=True):
        height, width = image.shape[:2]
        whole = np.array([0.0, 0.0, width, height])
        centre, half = (box[:2] + box[2:]) / 2, 0.65 * (box[2:] - box[:2]).max()
        square = whole if np.isnan(box).any() else np.array([*(centre - half), *(centre + half)])
        inside = np.clip(square, 0, [width, height, width, height]).round().astype(int)
        crop = Image.fromarray(image).crop(tuple(inside.tolist()))
        crops.append(np.asarray(crop.resize((_FACE_SIDE, _FACE_SIDE)), dtype=np.uint8))
    return np.stack(crops)


@dataclass(frozen=True)
class Example:
    """Videos in the order in which they are shown, each (frames, height, width, 3), and the caption."""

    videos: tuple[NDArray[np.uint8], ...]
    text: str


def make_example(clip: RealClip, frames: int, *, with_face: bool) -> Example:
    """Read a clip and crop its face; a short clip repeats its last frame, since the model looks at pairs."""
    images, _ = read_frames(clip.path, frames)
    images = images + [images[-1]] * (frames - len(images))
    whole = np.stack(images)
    return Example((whole, face_video(images)) if with_face else (whole,), clip.text)


class VideoCaptioner:
    """A model of the Qwen2-VL class with its processor; only low-rank adapters of its decoder are trained.

    Parameters
    ----------
    model, processor
        `Qwen2VLForConditionalGeneration` and `Qwen2VLProcessor`.
    """

    def __init__(self, model: Any, processor: Any, rank: int = 16) -> None:
        from peft import LoraConfig, get_peft_model

        plan = LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            lora_dropout=0.05,
            target_modules=r".*language_model.*\.(q|k|v|o)_proj",
        )
        self.model, self.processor = get_peft_model(model, plan), processor

    def inputs(self, example: Example, *, answered: bool) -> dict[str, Tensor]:
        """Return the model's inputs for one example; with labels of the caption where it is `answered`."""
        shown = [{"type": "video"} for _ in example.videos]
        turns: list[dict[str, Any]] = [
            {"role": "user", "content": [*shown, {"type": "text", "text": PROMPT}]}
        ]
        asked = self._encode(turns, example, prompt=True)
        if not answered:
            return asked
        turns.append({"role": "assistant", "content": [{"type": "text", "text": example.text}]})
        whole = self._encode(turns, example, prompt=False)
        labels = whole["input_ids"].clone()
        labels[:, : asked["input_ids"].shape[1]] = -100
        return {**whole, "labels": labels}

    def _encode(self, turns: list[dict[str, Any]], example: Example, *, prompt: bool) -> dict[str, Tensor]:
        text = self.processor.apply_chat_template(turns, add_generation_prompt=prompt, tokenize=False)
        videos = [torch.from_numpy(video).permute(0, 3, 1, 2) for video in example.videos]
        made = self.processor(text=[text], videos=videos, return_tensors="pt", do_sample_frames=False)
        kept: dict[str, Tensor] = dict(made.to(self.model.device, self.model.dtype))
        return kept

    def train(
        self, examples: Sequence[Example], *, epochs: int, lr: float, seed: int, device: str = "auto"
    ) -> pd.DataFrame:
        """Tune the adapters, one example a step, and return the history."""
        seed_everything(seed)
        self.model.activation_checkpointing_enable()  # a video is thousands of tokens

        def loss_of(net: nn.Module, batch: Batch) -> Tensor:
            made = [self.inputs(examples[row], answered=True) for row in batch[0].tolist()]
            return torch.stack([net(**inputs).loss for inputs in made]).mean()

        rows = Tensors(torch.arange(len(examples)))
        plan = TrainingSettings(epochs=epochs, lr=lr, batch_size=1, clip_norm=1.0)
        history = fit(self.model, rows, loss_of, plan, seed=seed, accelerator=make_accelerator(device))
        self.model.eval()
        return history

    @torch.inference_mode()
    def describe(self, example: Example, max_words: int = 256) -> str:
        """Describe an example, the most probable token each time."""
        inputs = self.inputs(example, answered=False)
        told: Tensor = self.model.generate(  # type: ignore[no-untyped-call]
            **inputs, max_new_tokens=max_words, do_sample=False
        )
        text: str = self.processor.batch_decode(
            told[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )[0]
        return text.strip()


def load_captioner(configuration: Path, device: str) -> VideoCaptioner:
    """Load weights and processor from the folder of `configuration`, in bf16 on CUDA.

    Raises
    ------
    MMReproError
        When its files are not whole.
    """
    return VideoCaptioner(*load_qwen2_vl(configuration.parent, device))


def compare(
    captions: Sequence[Caption],
    data: Callable[[str], LocalData],
    settings: Settings,
    scorer: CaptionScorer,
    load: Callable[[Path, str], VideoCaptioner] = load_captioner,
) -> list[dict[str, Any]]:
    """Tune and test both systems with every seed; TEM and AutoDQ (%) on actors that were not trained on."""
    clips = find_clips(captions, data("ravdess").folder)
    weights = data("qwen2_vl").path("config.json")
    device = "cuda" if torch.cuda.is_available() and settings.device != "cpu" else "cpu"
    rows = []
    for seed in settings.seeds:
        train, test = split_actors(clips, seed)
        for system in SYSTEMS:
            shown = [
                [make_example(clip, settings.video_frames, with_face=system == SYSTEMS[0]) for clip in part]
                for part in (train, test)
            ]
            captioner = load(weights, device)
            captioner.train(
                shown[0],
                epochs=settings.video_epochs,
                lr=settings.video_lr,
                seed=seed,
                device=settings.device,
            )
            scores = [scorer.score(each.text, captioner.describe(each)) for each in shown[1]]
            rows += [
                {
                    "system": system,
                    "seed": seed,
                    "metric": metric,
                    "value": float(np.mean([score[metric] for score in scores])),
                }
                for metric in ("TEM", "AutoDQ")
            ]
    return rows
