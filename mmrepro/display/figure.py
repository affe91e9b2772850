"""Figures with the words that go with them: an alternative text and a caption, or no figure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from plotly.graph_objects import Figure as PlotlyFigure

METADATA_KEY = "mmrepro"


def show(figure: Figure | PlotlyFigure, *, alt: str, caption: str) -> None:
    """Display a matplotlib or plotly `figure`.

    Parameters
    ----------
    alt
        What a person who cannot see the figure must know: its kind, axes and finding.
    caption
        What to look for; printed below the figure in the book.

    Raises
    ------
    ValueError
        When one of the two is empty.
    """
    from IPython.display import display

    if not alt.strip() or not caption.strip():
        raise ValueError("A figure needs an alt text and a caption: show(figure, alt=..., caption=...).")
    words = {METADATA_KEY: {"alt": alt.strip(), "caption": caption.strip()}}
    display(_bundle(figure), metadata=words, raw=True)


def _bundle(figure: Any) -> dict[str, Any]:
    """Give the figure in the one format that is drawn everywhere and repeats byte by byte."""
    from matplotlib.figure import Figure

    if not isinstance(figure, Figure):
        import json

        content = json.loads(figure.to_json())  # numpy arrays become plain or base64 typed lists
        return {"application/vnd.plotly.v1+json": content, "text/plain": "<interactive figure>"}
    return {"image/svg+xml": as_svg(figure), "text/plain": "<figure>"}


def as_svg(figure: Figure) -> str:
    """Draw a matplotlib `figure` and close it; equal figures give equal text."""
    import matplotlib.pyplot as plt

    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    plt.close(figure)  # else the inline backend shows it a second time, without its words
    return stream.getvalue()
