"""Paired differences with both of their intervals, as every chapter draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def difference_plot(
    table: pd.DataFrame, *, metric: str, unit: str = "points", clusters: str | None = None
) -> Figure:
    """Draw paired differences: the interval over seeds (thick) and over clusters of test items (thin).

    Parameters
    ----------
    table
        `table.interval_frame`: claim, value, low, high, cluster_low and cluster_high.
    metric
        What the difference is of, as in ``test accuracy``.
    unit
        Of the differences; empty for a number without one.
    clusters
        What the thin interval is over, as in ``speakers``; None where there is none.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    from mmrepro.display.style import INK, PALETTE, RULE

    figure, axis = plt.subplots(figsize=(7.6, 0.6 * len(table) + 1.2))
    places = np.arange(len(table))[::-1]
    axis.hlines(places, table["low"], table["high"], color=PALETTE[5], lw=7, label="over seeds")
    if clusters is not None:
        low, high = table["cluster_low"], table["cluster_high"]
        axis.hlines(places, low, high, color=INK, lw=1.5, label=f"over {clusters}")
    axis.plot(table["value"], places, "d", color=PALETTE[1], label="mean difference")
    axis.axvline(0, color=RULE, linestyle="--")
    labels = [text.replace(" − ", "\n− ") for text in table["claim"]]
    measured = f"difference in {metric}" + (f" ({unit})" if unit else "")
    axis.set(yticks=places, yticklabels=labels, xlabel=measured)
    axis.tick_params(axis="y", labelsize="small")
    axis.set_ylim(-0.6, len(table) - 0.4)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure
