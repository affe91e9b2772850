"""Summaries of sweeps, as `mmrepro.execution.sweep_table.summarise` makes them."""

import pandas as pd


def summary(by, rows):
    """Lay out rows of metric, dataset, system, the settings `by`, mean and half the interval's width."""
    columns = ["metric", "dataset", "system", *by]
    frame = pd.DataFrame([(*row[:-1], row[-2] - row[-1], row[-2] + row[-1], 3) for row in rows])
    frame.columns = [*columns, "mean", "low", "high", "seeds"]
    words = dict.fromkeys(("metric", "dataset", "system"), "string")
    return frame.astype(words)
