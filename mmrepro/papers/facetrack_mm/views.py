"""What a model is shown of a clip: the whole picture in one, two or four parts, and crops of one face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

SIZE = 32  # pixels of every view's side: a token sees as much, whatever it shows
GRIDS = {1: (1, 1), 2: (1, 2), 4: (2, 2)}  # parts of a frame -> rows and columns
MARGIN = 1.15  # a crop's half side over half the longer side of the box


def whole_views(frames: NDArray[np.uint8], parts: int) -> NDArray[np.uint8]:
    """Show whole frames in `parts` tokens each: more parts, more detail.

    Parameters
    ----------
    frames
        Shape (clips, frames, pixels, pixels), pixels a multiple of what the parts need.

    Returns
    -------
    array
        Shape (clips, frames, parts, 32, 32).
    """
    if parts not in GRIDS:
        raise MMReproError(f"A frame cannot be shown in {parts} parts; give 1, 2 or 4.")
    import torch

    rows, columns = GRIDS[parts]
    clips, number, height, width = frames.shape
    flat = torch.from_numpy(frames).reshape(clips * number, 1, height, width).float()
    scaled = torch.nn.functional.interpolate(flat, size=(rows * SIZE, columns * SIZE), mode="area")
    tiled = scaled.reshape(clips, number, rows, SIZE, columns, SIZE).permute(0, 1, 2, 4, 3, 5)
    shown: NDArray[np.uint8] = tiled.reshape(clips, number, parts, SIZE, SIZE).round().byte().numpy()
    return shown


def face_views(frames: NDArray[np.uint8], boxes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Crop a square around a box in every frame; an even grey where there is no box.

    Parameters
    ----------
    frames
        Shape (clips, frames, pixels, pixels).
    boxes
        One face's, shape (clips, frames, 4), NaN where it was not found. A box may reach out of the frame:
        the crop then repeats the frame's edge.

    Returns
    -------
    array
        Shape (clips, frames, 1, 32, 32).

    Raises
    ------
    MMReproError
        When frames and boxes differ in number.
    """
    if frames.shape[:2] != boxes.shape[:2]:
        raise MMReproError(
            f"{frames.shape[1]} frames and {boxes.shape[1]} boxes a clip ({frames.shape[0]} and "
            f"{boxes.shape[0]} clips); a face track needs a box for every frame, NaN where there is no face."
        )
    found: NDArray[np.bool_] = np.all(np.isfinite(boxes), axis=-1)
    known = np.where(found[..., None], boxes, 0.0)
    centre, half = (known[..., :2] + known[..., 2:]) / 2, (known[..., 2:] - known[..., :2]).max(-1) / 2
    offsets = ((np.arange(SIZE) + 0.5) / SIZE * 2 - 1) * MARGIN
    places = centre[..., None, :] + offsets[:, None] * half[..., None, None]  # (clips, frames, 32, xy)
    height, width = frames.shape[2:]
    columns = np.clip(places[..., 0].astype(int), 0, width - 1)
    rows = np.clip(places[..., 1].astype(int), 0, height - 1)
    clip, frame = np.ogrid[: frames.shape[0], : frames.shape[1]]
    crops = frames[clip[..., None, None], frame[..., None, None], rows[..., :, None], columns[..., None, :]]
    crops = np.where(found[..., None, None], crops, np.uint8(128))
    return np.asarray(crops[:, :, None], dtype=np.uint8)
