"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

_WHO = ("a young man", "a young woman", "a middle-aged man", "an older woman")
_ACTS = (
    "opens his eyes and looks forward", "closes his mouth", "blinks twice", "raises his eyebrows",
    "turns his head to the left", "turns his head to the right", "lowers his head", "smiles slightly",
    "furrows his eyebrows", "opens his mouth", "tightens his lips", "looks down",
)  # fmt: skip
_WHEN = ("At the beginning of the video", "As the video progresses", "In the middle", "Towards the end")
_SOURCES = ("DFEW/videos", "RAVDESS/Actor_01", "CAER_mp4/test")
_CAPTIONS, _FRAMES = 60, 24


def write_captions(folder: Path) -> None:
    """Write captions put together from phrases, in the form of FEC-Bench's `test.json`."""
    rng = np.random.default_rng(0)
    entries = []
    for number in range(_CAPTIONS):
        told = [_ACTS[place] for place in rng.choice(len(_ACTS), 2 * len(_WHEN), replace=False)]
        parts = [
            f"{when}, he {told[2 * place]}, then {told[2 * place + 1]}." for place, when in enumerate(_WHEN)
        ]
        text = f"The video shows {_WHO[rng.integers(len(_WHO))]}. " + " ".join(parts)
        video = f"{_SOURCES[number % len(_SOURCES)]}/generated_{number:03d}.mp4"
        entries.append({"id": str(number), "video": video, "caption": text})
    path = folder / "fec-bench" / "test.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(entries))


def write_clip(folder: Path) -> None:
    """Write a clip of one drawn face; a detector of real faces need not find it."""
    import av

    from mmrepro.papers.facetrack_mm.scene import draw_clips

    drawn = draw_clips(1, _FRAMES, 0, several=0.0).frames[0]
    path = folder / "video" / "carphone_pristine.mp4"
    path.parent.mkdir(parents=True)
    with av.open(str(path), "w") as container:
        track = container.add_stream("mpeg4", rate=12)
        track.width = track.height = drawn.shape[-1]
        track.pix_fmt = "yuv420p"
        for picture in drawn:
            rgb = np.repeat(picture[:, :, None], 3, axis=2)
            container.mux(track.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(track.encode())


def write_network(folder: Path) -> None:
    """Write random weights in the form of face-api's expression network."""
    rng = np.random.default_rng(0)
    entries, content = [], b""
    for name, shape in _shapes().items():
        numbers = rng.integers(0, 256, shape).astype(np.uint8)
        scale = 2 / 255 / max(math.prod(shape[:-1]), 1) ** 0.5
        entries.append(
            {"name": name, "shape": list(shape), "dtype": "float32",
             "quantization": {"dtype": "uint8", "scale": scale, "min": -127.5 * scale}}
        )  # fmt: skip
        content += numbers.tobytes()
    (folder / "face_expression_model.bin").write_bytes(content)
    manifest = [{"weights": entries, "paths": ["face_expression_model.bin"]}]
    (folder / "face_expression_model-weights_manifest.json").write_text(json.dumps(manifest))


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for block, (before, width) in enumerate(((3, 32), (32, 64), (64, 128), (128, 256))):
        for layer in range(4):
            inputs, name = before if layer == 0 else width, f"dense{block}/conv{layer}"
            if block == 0 and layer == 0:
                shapes[f"{name}/filters"] = (3, 3, inputs, width)
            else:
                shapes[f"{name}/depthwise_filter"] = (3, 3, inputs, 1)
                shapes[f"{name}/pointwise_filter"] = (1, 1, inputs, width)
            shapes[f"{name}/bias"] = (width,)
    return {**shapes, "fc/weights": (256, 7), "fc/bias": (7,)}


SAMPLES: dict[str, Callable[[Path], None]] = {
    "fec_bench": write_captions,
    "carphone": write_clip,
    "face_api": write_network,
}
