"""Features of gesture: joints in the body's own frame, their displacement, and quantity of motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.papers.cg_mer.kinect import Floats, Track

LIMBS = ("left hand", "right hand", "left wrist", "right wrist")
_LAGS = (1, 3, 9)  # frames: a thirtieth, a tenth and three tenths of a second
_WINDOWS = (15, 45)  # frames over which motion is averaged


def normalised(track: Track) -> Floats:
    """Return hands, wrists and head relative to the spine, in units of the person's own torso.

    The origin is the spine of every frame, the unit the median distance of head and spine: where a
    person sits and how tall they are is gone.

    Returns
    -------
    array
        Shape (frames, 15).
    """
    spine = track.joints["spine"]
    torso = float(np.linalg.norm(np.median(track.joints["head"] - spine, axis=0)))
    return np.hstack([(track.joints[name] - spine) / torso for name in (*LIMBS, "head")])


def displacement(values: Floats, pieces: NDArray[np.int64], lag: int) -> tuple[Floats, Floats]:
    """Return how far each value moved over `lag` frames, back and ahead; 0 where a hole lies between.

    Parameters
    ----------
    values
        Shape (frames, n).
    pieces
        A number a frame; between two pieces lies a hole.
    """
    moved = np.where((pieces[lag:] == pieces[:-lag])[:, None], values[lag:] - values[:-lag], 0.0)
    still = np.zeros((lag, values.shape[1]))
    return np.vstack([still, moved]), np.vstack([moved, still])


def quantity_of_motion(track: Track) -> Floats:
    """Return the summed displacement of hands and wrists from frame to frame, shape (frames,)."""
    limbs = normalised(track)[:, : 3 * len(LIMBS)]
    return np.asarray(np.abs(displacement(limbs, track.pieces(), 1)[0]).sum(axis=1))


def gesture_features(track: Track) -> Floats:
    """Return position, displacement and motion of every frame, shape (frames, 108)."""
    place, pieces = normalised(track), track.pieces()
    moves = [each for lag in _LAGS for each in displacement(place, pieces, lag)]
    motion = pd.Series(quantity_of_motion(track))
    means = [motion.rolling(window, center=True, min_periods=1).mean() for window in _WINDOWS]
    return np.hstack([place, *moves, np.column_stack([motion, *means])])


@dataclass(frozen=True)
class GestureSet:
    """Frames of all recordings: features (n, 108), phases, sessions and people, each of shape (n,)."""

    features: Floats
    phases: NDArray[np.str_]
    sessions: NDArray[np.str_]
    people: NDArray[np.str_]


def gesture_set(tracks: list[Track], every: int = 1) -> GestureSet:
    """Join the features of all recordings, keeping every `every`-th frame.

    Features are computed at the full rate before frames are left out.
    """
    return GestureSet(
        np.vstack([gesture_features(track)[::every] for track in tracks]),
        np.concatenate([track.phases[::every] for track in tracks]),
        np.concatenate([np.full(len(track.times[::every]), track.session) for track in tracks]),
        np.concatenate([np.full(len(track.times[::every]), track.person) for track in tracks]),
    )
