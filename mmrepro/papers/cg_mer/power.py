"""Power: what a corpus of so many people can resolve, by drawing such corpora from CREMA-D's actors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmrepro.evidence.resampling import draw_weights, percentile_interval
from mmrepro.papers.cg_mer.panel import ActorSums
from mmrepro.papers.cg_mer.votes import PANELS

STEPS = {"face − voice": (1, 0), "audio-visual − face": (2, 1)}
"""The two differences of a design with three panels, as positions in `PANELS`."""


def corpora(sums: ActorSums, people: int, rounds: int, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Draw `rounds` corpora of `people` actors, with replacement, and measure each.

    Returns
    -------
    dict
        ``recognition`` (percent) and ``alpha``: one column a panel and one a difference, one row a corpus.
    """
    weights = draw_weights(len(sums.actors), people, rounds, seed)
    found = {}
    for metric, values in (("recognition", sums.recognition(weights)), ("alpha", sums.alpha(weights))):
        frame = pd.DataFrame(values, columns=list(PANELS))
        for name, (more, less) in STEPS.items():
            frame[name] = values[:, more] - values[:, less]
        found[metric] = frame
    return found


def precision_curve(sums: ActorSums, people: Sequence[int], rounds: int, seed: int = 0) -> pd.DataFrame:
    """Return the range of 95 % of corpora for each size.

    Returns
    -------
    DataFrame
        people, metric, quantity (a panel or a difference), low, high, half_width.
    """
    rows = []
    for number in people:
        for metric, frame in corpora(sums, number, rounds, seed).items():
            for quantity in frame:
                low, high = percentile_interval(frame[quantity].dropna())
                rows.append(
                    {
                        "people": number,
                        "metric": metric,
                        "quantity": quantity,
                        "low": low,
                        "high": high,
                        "half_width": (high - low) / 2,
                    }
                )
    return pd.DataFrame(rows)


def detection_power(sums: ActorSums, people: Sequence[int], rounds: int, seed: int = 0) -> pd.DataFrame:
    """Return how often a corpus of so many people would find each difference with its own interval.

    Each drawn corpus computes a 95 % t interval over its people's differences in recognition; the power
    is the percentage of corpora whose interval lies above zero.

    Returns
    -------
    DataFrame
        people, step, power (%).
    """
    from scipy import stats

    each = 100 * sums.hits / sums.ratings
    rng = np.random.default_rng(seed)
    rows = []
    for number in people:
        drawn = rng.integers(0, len(sums.actors), (rounds, number))
        quantile = stats.t.ppf(0.975, number - 1)
        for step, (more, less) in STEPS.items():
            differences = (each[:, more] - each[:, less])[drawn]
            error = differences.std(axis=1, ddof=1) / np.sqrt(number)
            found = differences.mean(axis=1) - quantile * error > 0
            rows.append({"people": number, "step": step, "power": 100 * found.mean()})
    return pd.DataFrame(rows)
