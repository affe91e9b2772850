"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mmrepro.papers.tarsier2.benchmark import CATEGORIES
from mmrepro.papers.tarsier2.renderer import draw_scenes, render

_WHO = ("man", "woman", "boy", "girl", "dog", "cat", "robot", "singer")
_DOES = (
    "walks to the {thing}",
    "picks up the {thing}",
    "pushes the {thing} away",
    "jumps over the {thing}",
    "opens the {thing}",
    "throws the {thing} down",
    "turns around the {thing}",
    "raises the {thing}",
)
_THINGS = ("box", "ball", "door", "chair", "bicycle", "lamp", "bag", "umbrella")
_CLIPS_EACH = 12


def _row(number: int, category: str, rng: np.random.Generator) -> dict[str, object]:
    count = int(rng.integers(3, 9))
    who, things = rng.choice(_WHO, size=count), rng.choice(_THINGS, size=count)
    does = rng.choice(_DOES, size=count)
    events = [
        f"The generated {one} {act.format(thing=thing)}."
        for one, act, thing in zip(who, does, things, strict=True)
    ]
    return {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Describe the video in detail."}]},
            {"role": "assistant", "content": [{"type": "text", "reference": " ".join(events)}]},
        ],
        "dataset": category,
        "task": "video/caption",
        "idx": number,
        "vid": number,
        "extra_info": {
            "duration": round(float(rng.uniform(4, 14)), 2),
            "events": events,
            "n_events": count,
            "n_shots": int(rng.integers(1, 4)),
            "n_subjects": int(rng.integers(1, 4)),
        },
    }


def write_dream(folder: Path) -> None:
    """Write generated references, a few of each category."""
    rng = np.random.default_rng(0)
    kinds = [category for category in CATEGORIES for _ in range(_CLIPS_EACH)]
    lines = [json.dumps(_row(number, category, rng)) for number, category in enumerate(kinds, start=1)]
    home = folder / "dream-1k"
    home.mkdir(parents=True)
    (home / "DREAM-1k.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_clip(folder: Path) -> None:
    """Write rendered balls, enlarged, as a video file."""
    import av

    frames = render(draw_scenes(2, np.random.default_rng(0)))
    large = frames.reshape(-1, *frames.shape[2:]).repeat(9, axis=1).repeat(16, axis=2)
    home = folder / "video"
    home.mkdir(parents=True)
    with av.open(str(home / "bigbuckbunny.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = large.shape[1], large.shape[2], "yuv420p"
        for image in large:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


SAMPLES: dict[str, Callable[[Path], None]] = {"dream1k": write_dream, "clip": write_clip}
