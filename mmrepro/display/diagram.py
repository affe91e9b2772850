"""Block diagrams: boxes with words in them, and arrows between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmrepro.display.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]


def canvas(width: float, height: float, size: Point) -> tuple[Figure, Axes]:
    """Make a figure of `size` inches with an empty plane from 0 to `width` and 0 to `height`."""
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=size)
    axis.set(xlim=(0, width), ylim=(0, height))
    axis.axis("off")
    return figure, axis


def block(axis: Axes, corner: Point, size: Point, text: str, colour: str, fontsize: float = 9.5) -> None:
    """Draw a box with words in its middle; `corner` is its lower left one."""
    from matplotlib.patches import FancyBboxPatch

    (left, bottom), (width, height) = corner, size
    axis.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle="round,pad=0.06", fc="white", ec=colour, lw=2)
    )
    middle = (left + width / 2, bottom + height / 2)
    axis.text(*middle, text, ha="center", va="center", fontsize=fontsize, color=INK)


def arrow(axis: Axes, start: Point, end: Point, label: str = "") -> None:
    """Draw an arrow, with words beside its middle where they are given."""
    axis.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0})
    if label:
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        axis.annotate(label, middle, xytext=(4, -12), textcoords="offset points", fontsize=8.5, color=INK)
