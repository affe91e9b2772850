"""Where an operator looks: what happens to its reply when a part of the picture is covered."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.picture import Picture
from mmrepro.papers.space_operator.policy import Operator

GREY = 110


class Occlusion(NamedTuple):
    """What covering does.

    Attributes
    ----------
    reply
        To the whole picture.
    loss
        By which the log-probability of that reply sinks, in nats, with a patch over each place: shape
        (rows, columns).
    changed
        Where the reply becomes another one, of the same shape.
    extent
        Left, right, bottom and top edge of the two in pixels, as `imshow` takes them.
    """

    reply: str
    loss: NDArray[np.float64]
    changed: NDArray[np.bool_]
    extent: tuple[float, float, float, float]


def covered(picture: Picture, patch: int, stride: int) -> tuple[Picture, int]:
    """Return a picture with a grey patch over each place of a grid, row by row, and places a row.

    Raises
    ------
    MMReproError
        For a patch that does not fit or a grid that goes nowhere.
    """
    size = len(picture)
    if not 1 <= patch <= size or stride < 1:
        raise MMReproError(
            f"a patch of {patch} pixels cannot move over a picture of {size} in steps of {stride}; give a "
            f"patch of 1 to {size} and steps of at least 1."
        )
    corners = range(0, size - patch + 1, stride)
    pictures = np.repeat(picture[None], len(corners) ** 2, axis=0)
    for number, (top, left) in enumerate(itertools.product(corners, corners)):
        pictures[number, top : top + patch, left : left + patch] = GREY
    return pictures, len(corners)


def occlusion(
    operator: Operator, picture: Picture, line: str, *, patch: int = 16, stride: int = 8
) -> Occlusion:
    """Slide a grey patch over a picture and ask again.

    Parameters
    ----------
    line
        Telemetry of the same moment; it stays as it is.
    patch, stride
        Side of the patch and distance between places, in pixels.
    """
    pictures, side = covered(picture, patch, stride)
    lines = [line] * len(pictures)
    (reply,) = operator.reply(picture[None], [line])
    (whole,) = operator.log_probability(picture[None], [line], [reply]).tolist()
    hidden = operator.log_probability(pictures, lines, [reply] * len(pictures)).cpu().double().numpy()
    said = operator.reply(pictures, lines)
    first = patch / 2 - stride / 2 - 0.5
    last = first + side * stride
    return Occlusion(
        reply,
        (whole - hidden).reshape(side, side),
        np.array([each != reply for each in said]).reshape(side, side),
        (first, last, last, first),
    )
