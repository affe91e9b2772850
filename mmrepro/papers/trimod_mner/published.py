"""The published training curve of UMT, the code that the paper's repository holds."""

from __future__ import annotations

import pandas as pd

from mmrepro.data.local import LocalData
from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError

_COLUMNS = ["dataset", "epoch", "split", "label", "precision", "recall", "f1", "support"]


def load_curves(data: LocalData) -> pd.DataFrame:
    """Read the micro-averaged F1 (%) by data set, split and epoch.

    Raises
    ------
    MMReproError
        When the table has other columns.
    """
    frame = read_csv(data.path("umt_logs/umt_bert_crf_curves.csv"))
    if list(frame.columns) != _COLUMNS:
        raise MMReproError(f"The curve table must have the columns {', '.join(_COLUMNS)}.")
    # The log ends with the scores of its best epoch, which are no point of the curve.
    numbered = frame["epoch"].astype(str).str.isdigit()
    micro = frame[(frame["label"] == "micro avg") & numbered]
    found = micro.assign(f1=micro["f1"] * 100, epoch=micro["epoch"].astype(int))
    return found[["dataset", "split", "epoch", "f1", "support"]]


def epoch_noise(curves: pd.DataFrame, dataset: str, split: str = "test", after: int = 10) -> float:
    """Return how far F1 wanders (largest less smallest, points) once training has settled.

    Parameters
    ----------
    after
        Epochs that count as settling; at most half of those there are.
    """
    rows = curves[(curves["dataset"] == dataset) & (curves["split"] == split)]
    settled = rows[rows["epoch"] > min(after, rows["epoch"].max() // 2)]["f1"]
    return float(settled.max() - settled.min())
