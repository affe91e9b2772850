"""How sure answers are, and how often they are right: reliability and expected calibration error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def reliability(labels: NDArray[np.int64], values: NDArray[np.float64], bins: int = 10) -> pd.DataFrame:
    """Bin answers by confidence: mean confidence, accuracy (both in percent) and count of each bin.

    The bins are equally wide between 1 / num_classes and 1; empty ones are left out.
    """
    confidence, right = values.max(1), values.argmax(1) == labels
    edges = np.linspace(1 / values.shape[1], 1, bins + 1)
    place = np.clip(np.digitize(confidence, edges) - 1, 0, bins - 1)
    frame = pd.DataFrame({"bin": place, "confidence": confidence * 100, "accuracy": right * 100.0})
    grouped = frame.groupby("bin")
    return grouped.mean().assign(count=grouped.size()).reset_index(drop=True)


def calibration_error(labels: NDArray[np.int64], values: NDArray[np.float64], bins: int = 10) -> float:
    """Return the expected calibration error in percentage points (Guo et al. 2017, equation 3)."""
    table = reliability(labels, values, bins)
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return float(np.average(gaps, weights=table["count"]))
