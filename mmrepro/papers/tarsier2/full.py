"""DREAM-1K's own videos, described by a model of the Qwen2-VL class; a killed run goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mmrepro.data.video import read_frames
from mmrepro.errors import MMReproError
from mmrepro.files import sha256_bytes, write_atomic
from mmrepro.modeling.qwen2_vl import load_qwen2_vl
from mmrepro.papers.tarsier2.benchmark import Clip
from mmrepro.papers.tarsier2.settings import DescriberSettings

PROMPT = "Describe the video in detail."  # as in the benchmark
_SAMPLED = 2**20  # bytes
_ENDINGS = (".mp4", ".webm", ".mkv", ".avi", ".mov")
# Tarsier2's released weights name the parts of Qwen2-VL as LLaVA does.
_TARSIER_NAMES = {
    r"^vision_tower\.": "model.visual.",
    r"^language_model\.model\.": "model.language_model.",
    r"^language_model\.lm_head": "lm_head",
}


@dataclass(frozen=True)
class Describer:
    """A model with its processor, on a device."""

    model: Any
    processor: Any
    settings: DescriberSettings

    def __call__(self, videos: Sequence[Path]) -> list[str]:
        """Describe a batch of videos, the most probable token each time.

        Raises
        ------
        MMReproError
            For a video that cannot be read or has no frame.
        """
        shown = [torch.stack([torch.from_numpy(f) for f in self._frames(path)]) for path in videos]
        asked = [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": PROMPT}]}]
        text = self.processor.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
        inputs = self.processor(
            text=[text] * len(videos),
            videos=[frames.permute(0, 3, 1, 2) for frames in shown],
            padding=True,
            padding_side="left",
            return_tensors="pt",
            do_sample_frames=False,
            # Pixels of a frame, as in the paper; a whole video's budget is not for so few frames.
            size={"shortest_edge": 4 * 28 * 28, "longest_edge": self.settings.max_pixels},
            cap_pixels_per_frame=False,
        ).to(self.model.device, self.model.dtype)
        with torch.inference_mode():
            told = self.model.generate(**inputs, max_new_tokens=self.settings.max_words, do_sample=False)
        told = told[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in self.processor.batch_decode(told, skip_special_tokens=True)]

    def _frames(self, path: Path) -> list[Any]:
        """Read the frames; a video with fewer repeats its last one, as the model looks at them in pairs."""
        frames, _ = read_frames(path, self.settings.frames)
        return frames + [frames[-1]] * (self.settings.frames - len(frames))


def load_describer(configuration: Path, settings: DescriberSettings, device: str) -> Describer:
    """Load weights and processor from the folder of `configuration` (a ``config.json``), in bf16 on CUDA.

    Raises
    ------
    MMReproError
        For a model of another class, or one whose files are not whole.
    """
    from transformers import Qwen2VLConfig

    try:
        content = json.loads(configuration.read_text(encoding="utf-8"))
        inner = content.get("text_config", {})
    except (OSError, ValueError, AttributeError):
        raise MMReproError(f"{configuration} is no configuration of a model; fetch it again.") from None
    names: dict[str, str] | None = None
    if content.get("model_type") == "qwen2_vl":
        plan = Qwen2VLConfig.from_dict(content)
    elif str(inner.get("model_type", "")).startswith("qwen2_vl"):
        plan = Qwen2VLConfig.from_dict({**inner, "vision_config": content["vision_config"]})
        names = _TARSIER_NAMES
    else:
        raise MMReproError(
            f"{configuration} describes a model of type {content.get('model_type')!r}; give one of "
            "Qwen2-VL's class, such as Tarsier2-Recap-7b or Qwen2-VL-7B-Instruct."
        )
    return Describer(*load_qwen2_vl(configuration.parent, device, plan=plan, names=names), settings)


def results_folder(base: Path, configuration: Path, settings: DescriberSettings) -> Path:
    """Name the folder of results after all that they depend on: weights, configuration, prompt and settings.

    Of each file of weights its size and last megabyte are taken: hashing all of it would take minutes.
    """
    told = [
        PROMPT,
        settings.model_dump_json(exclude={"batch_size"}),
        configuration.read_text(encoding="utf-8"),
    ]
    for path in sorted(configuration.parent.glob("*.safetensors")):
        size = path.stat().st_size
        with path.open("rb") as stream:
            stream.seek(max(0, size - _SAMPLED))
            told += [path.name, str(size), sha256_bytes(stream.read())]
    return base / sha256_bytes("\n".join(told).encode())[:16]


def describe_clips(
    clips: Sequence[Clip], videos: Path, describer: Describer, results: Path
) -> tuple[dict[int, str], dict[int, str]]:
    """Describe every clip whose result is not there yet, a file a clip, and read all results.

    Parameters
    ----------
    videos
        Folder with one file a clip, named after `Clip.video`.
    results
        Folder of results, as `results_folder` names it; a later run goes on in it.

    Returns
    -------
    tuple
        Clip -> description, and clip -> why there is none (a video that is missing or cannot be read).
    """
    failed: dict[int, str] = {}
    waiting = [clip for clip in clips if not _result(results, clip).is_file()]
    for batch in _batches(waiting, describer.settings.batch_size):
        paths = {clip.number: _video(videos, clip) for clip in batch}
        for clip, text in _told(batch, paths, describer, failed):
            write_atomic(_result(results, clip), json.dumps({"idx": clip.number, "prediction": text}))
    done = [clip for clip in clips if _result(results, clip).is_file()]
    texts = {clip.number: json.loads(_result(results, clip).read_text())["prediction"] for clip in done}
    return texts, failed


def _told(
    batch: Sequence[Clip], paths: dict[int, Path], describer: Describer, failed: dict[int, str]
) -> Iterator[tuple[Clip, str]]:
    """Describe a batch; where one of its videos is bad, the others are described one by one."""
    try:
        yield from zip(batch, describer([paths[clip.number] for clip in batch]), strict=True)
    except MMReproError:
        for clip in batch:
            try:
                yield clip, describer([paths[clip.number]])[0]
            except MMReproError as error:
                failed[clip.number] = str(error)


def _batches(clips: Sequence[Clip], size: int) -> Iterator[Sequence[Clip]]:
    for start in range(0, len(clips), size):
        yield clips[start : start + size]


def _result(results: Path, clip: Clip) -> Path:
    return results / f"{clip.number}.json"


def _video(folder: Path, clip: Clip) -> Path:
    known = [folder / f"{clip.video}{ending}" for ending in _ENDINGS]
    return next((path for path in known if path.is_file()), known[0])
