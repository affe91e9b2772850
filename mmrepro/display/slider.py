"""A plotly slider that shows one group of traces at a time; it works in a page without a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def slider(labels: Sequence[str], start: int, prefix: str, traces_each: int = 1) -> dict[str, Any]:
    """Return the slider, to be put into ``layout.sliders``.

    Parameters
    ----------
    labels
        One step each, in the order in which their traces were added.
    start
        The step that is shown first; the traces of the others must be made with ``visible=False``.
    traces_each
        Traces that belong to one step.
    """
    places = range(traces_each * len(labels))
    steps = [
        {
            "label": label,
            "method": "update",
            "args": [{"visible": [place // traces_each == number for place in places]}],
        }
        for number, label in enumerate(labels)
    ]
    return {"active": start, "currentvalue": {"prefix": prefix}, "steps": steps, "pad": {"t": 70}}
