"""Two real faces that move over one picture, so that a real detector meets a crossing with a known truth.

Both portraits are in the public domain and come with installed packages: a NASA astronaut with scikit-image,
a rear admiral of the US Navy with matplotlib.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.modeling.face_detector import find_faces
from mmrepro.papers.facetrack_mm.detection import brightness, grey
from mmrepro.papers.facetrack_mm.tracking import Boxes, score_tracks, track

Kind = Literal["apart", "cross", "cross, twins", "leave and return"]
KINDS: tuple[Kind, ...] = ("apart", "cross", "cross, twins", "leave and return")
WIDTH, HEIGHT = 384, 240
_HEADS = (132, 104)  # height of each pasted head, in pixels
_AROUND = 1.5  # a head's side over its face's


@dataclass(frozen=True)
class Scene:
    """A made scene of real faces.

    Attributes
    ----------
    images
        RGB frames.
    truth
        Each person's face, (persons, frames, 4), NaN while it is hidden or away.
    """

    kind: Kind
    images: list[NDArray[np.uint8]]
    truth: Boxes


@dataclass(frozen=True)
class _Head:
    pixels: NDArray[np.uint8]
    box: NDArray[np.float64]  # of the face, in the head's own pixels


def portraits() -> list[NDArray[np.uint8]]:
    """Return the two portraits, RGB."""
    from matplotlib import cbook
    from PIL import Image
    from skimage import data

    hopper = Image.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))).convert("RGB")
    astronaut = data.astronaut()  # type: ignore[no-untyped-call]
    return [np.asarray(astronaut, dtype=np.uint8), np.asarray(hopper, dtype=np.uint8)]


def heads(images: list[NDArray[np.uint8]]) -> list[_Head]:
    """Cut the head out of each portrait, with the detector's box of it, at the sizes of a scene.

    Raises
    ------
    MMReproError
        When the detector finds no face in a portrait.
    """
    from PIL import Image

    found = find_faces(images).drop_duplicates("frame").set_index("frame")
    cut = []
    for place, (image, side) in enumerate(zip(images, _HEADS, strict=True)):
        if place not in found.index:
            raise MMReproError(f"No face was found in portrait {place}; give a picture with a clear face.")
        box = found.loc[place, ["left", "top", "right", "bottom"]].to_numpy(float)
        centre, half = (box[:2] + box[2:]) / 2, _AROUND * (box[3] - box[1]) / 2
        corner = centre - half
        crop = Image.fromarray(image).crop(tuple(np.round([*corner, *(centre + half)]).astype(int).tolist()))
        scale = side / (2 * half)
        small = np.asarray(crop.resize((side, side), Image.Resampling.BILINEAR), dtype=np.uint8)
        cut.append(_Head(small, (box - np.tile(corner, 2)) * scale))
    return cut


def make_scene(kind: Kind, cut: list[_Head], frames: int) -> Scene:
    """Move the heads over a grey picture; the first one stands in front and is the larger."""
    people = [cut[0], _resized(cut[0], _HEADS[1])] if kind == "cross, twins" else cut
    paths = _paths(kind, frames)
    rng = np.random.default_rng(0)
    ground = rng.normal(110, 6, (HEIGHT, WIDTH, 3))
    images, truth = [], np.full((2, frames, 4), np.nan)
    for frame in range(frames):
        picture = ground.copy()
        for person in (1, 0):
            centre = paths[person, frame]
            _paste(picture, people[person], centre)
            truth[person, frame] = _visible(
                people[person].box + np.tile(centre - _side(people[person]) / 2, 2)
            )
        if _hidden(truth[1, frame], truth[0, frame]):
            truth[1, frame] = np.nan
        images.append(picture.clip(0, 255).astype(np.uint8))
    return Scene(kind, images, truth)


TRACKERS = {
    "overlap, short memory": (0.0, 3),
    "overlap, long memory": (0.0, 12),
    "overlap and brightness, long memory": (2.0, 12),
}
"""Name -> weight of looks, and frames that a track may miss its face."""


def compare_trackers(
    scenes: Sequence[Scene], boxes: Mapping[str, list[Boxes]]
) -> tuple[dict[tuple[str, str], Boxes], pd.DataFrame]:
    """Join the boxes of every scene with every tracker of `TRACKERS`.

    Parameters
    ----------
    boxes
        Kind of scene -> detected boxes by frame.

    Returns
    -------
    tuple
        Tracks by kind of scene and tracker, and a table of their errors.
    """
    tracks: dict[tuple[str, str], Boxes] = {}
    rows = []
    for scene in scenes:
        looks = brightness(grey(scene.images), boxes[scene.kind])
        for name, (weight, patience) in TRACKERS.items():
            found = track(boxes[scene.kind], looks, weight, patience)
            score = score_tracks(scene.truth, found)
            tracks[scene.kind, name] = found
            errors = {
                "switches": score.switches,
                "misses": score.misses,
                "false positives": score.false_positives,
            }
            rows.append({"scene": scene.kind, "tracker": name, **errors, "MOTA": score.accuracy})
    return tracks, pd.DataFrame(rows)


def _paths(kind: Kind, frames: int) -> NDArray[np.float64]:
    share = np.linspace(0, 1, frames)
    sway = 6 * np.sin(2 * np.pi * share)
    left, right = np.full(frames, 90.0), np.full(frames, 290.0)
    if kind.startswith("cross"):
        left, right = 80 + 220 * share, 300 - 220 * share
    if kind == "leave and return":
        left = 90 - 190 * np.clip(1.6 * np.sin(np.pi * share) - 0.6, 0, 1)
    return np.stack([np.column_stack([left, 125 + sway]), np.column_stack([right, 110 - sway])])


def _side(head: _Head) -> int:
    return int(head.pixels.shape[0])


def _resized(head: _Head, side: int) -> _Head:
    from PIL import Image

    pixels = Image.fromarray(head.pixels).resize((side, side), Image.Resampling.BILINEAR)
    return _Head(np.asarray(pixels, dtype=np.uint8), head.box * side / _side(head))


def _paste(picture: NDArray[np.float64], head: _Head, centre: NDArray[np.float64]) -> None:
    """Paste an ellipse of the head, cut off at the picture's edge."""
    side = _side(head)
    corner = np.round(centre - side / 2).astype(int)
    low = np.maximum(corner, 0)
    high = np.minimum(corner + side, [WIDTH, HEIGHT])
    if (high <= low).any():
        return
    rows, columns = np.mgrid[
        low[1] - corner[1] : high[1] - corner[1], low[0] - corner[0] : high[0] - corner[0]
    ]
    inside = ((columns / side - 0.5) / 0.42) ** 2 + ((rows / side - 0.5) / 0.5) ** 2 <= 1
    picture[low[1] : high[1], low[0] : high[0]][inside] = head.pixels[rows[inside], columns[inside]]


def _visible(box: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(box, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    share = np.prod(inside[2:] - inside[:2]) / np.prod(box[2:] - box[:2])
    return inside if share >= 0.6 else np.full(4, np.nan)


def _hidden(box: NDArray[np.float64], front: NDArray[np.float64]) -> bool:
    low, high = np.maximum(box[:2], front[:2]), np.minimum(box[2:], front[2:])  # NaN where one is away
    return bool(np.prod(np.clip(high - low, 0, None)) > 0.5 * np.prod(box[2:] - box[:2]))
