"""The paper's main table as data: FEC-Bench scores of 18 systems, as the released figure prints them."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from numpy.typing import NDArray

OURS = "FaceTrack-MM"
METRICS = ("Correctness", "Detail", "Context", "Temporal", "CIDEr", "ROUGE-L", "AutoDQ", "TEM")

# `dfec_comparison.png` of the released repository, which is the paper's main table. Sixteen rows stand again
# in the README of a later work of the same group, HumanOmni, without the column TEM, and agree. The asterisk
# is not explained in the figure.
_TABLE = """
system,Correctness,Detail,Context,Temporal,CIDEr,ROUGE-L,AutoDQ,TEM
GPT-4o,4.18,3.98,4.50,3.92,0.225,0.179,0.410,0.291
GPT-4o*,4.22,3.97,4.48,3.90,0.264,0.213,0.432,0.303
Claude-3.5-Sonnet,4.11,3.97,4.41,3.85,0.212,0.197,0.420,0.298
Claude-3.5-Sonnet*,4.13,4.01,4.49,4.05,0.243,0.228,0.442,0.307
VideoLLaMA,3.60,3.67,3.84,3.50,0.189,0.196,0.303,0.199
VideoChat,3.47,3.52,3.92,3.38,0.251,0.192,0.344,0.229
VideoChat2,3.70,3.56,4.16,3.52,0.202,0.229,0.311,0.231
Chat-UniVi,3.64,3.63,4.21,3.61,0.189,0.231,0.396,0.261
LLaVA-NeXT-Video,4.19,4.07,4.39,4.04,0.250,0.249,0.395,0.276
ShareGPT4Video,4.24,4.13,4.35,4.09,0.192,0.205,0.394,0.278
LLaMA-VID,3.95,4.01,4.22,3.71,0.195,0.231,0.339,0.241
VideoLLaMA2,4.17,4.02,4.47,3.93,0.253,0.266,0.344,0.258
PLLaVA,4.21,4.15,4.37,4.08,0.268,0.250,0.393,0.257
ST-LLM,4.00,3.98,4.31,3.94,0.213,0.238,0.321,0.240
Qwen2-VL,4.23,4.16,4.52,4.02,0.204,0.233,0.422,0.309
Tarsier,3.59,3.50,4.07,3.41,0.143,0.185,0.415,0.292
LLaVA-OneVision,3.68,3.47,4.10,3.42,0.115,0.165,0.379,0.275
FaceTrack-MM,4.42,4.30,4.60,4.26,0.418,0.473,0.483,0.364
"""


def main_table() -> pd.DataFrame:
    """Return the published scores, one row a system; the first four are from 1 to 5, the rest from 0 up."""
    return pd.read_csv(io.StringIO(_TABLE.strip())).set_index("system")


def columns_won(scores: pd.DataFrame, system: str) -> int:
    """Count the columns in which a system is better than every other."""
    others = scores.drop(index=system)
    return int(np.count_nonzero(scores.loc[system] > others.max()))


def rank_correlations(scores: pd.DataFrame, metric: str = "TEM") -> pd.Series[float]:
    """Return Spearman's correlation of each column with `metric` over systems."""
    return scores.corr(method="spearman")[metric].drop(metric)


def correlation_gap_draws(
    scores: pd.DataFrame, near: str, far: str, metric: str = "TEM", rounds: int = 2000
) -> NDArray[np.float64]:
    """Draw systems with replacement: how much closer `near` ranks them to `metric` than `far` does."""
    rng = np.random.default_rng(0)
    values = scores[[near, far, metric]].to_numpy()
    drawn = values[rng.integers(0, len(values), (rounds, len(values)))]
    columns = pd.DataFrame(drawn.transpose(1, 0, 2).reshape(len(values), -1))
    ranks = columns.rank().to_numpy().reshape(len(values), rounds, 3)
    ranks = ranks - ranks.mean(axis=0)
    scale = np.sqrt((ranks**2).sum(axis=0))
    to_metric = (ranks * ranks[..., 2:]).sum(axis=0) / (scale * scale[..., 2:])
    return np.asarray(to_metric[:, 0] - to_metric[:, 1])
