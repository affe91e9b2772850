"""The interactive figures of the chapter, and the widget that computes them anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mmrepro.display.slider import slider
from mmrepro.display.style import INK, PALETTE
from mmrepro.papers.piip.compute import NETWORKS, Plan, executed_cost, published_cost

if TYPE_CHECKING:
    import plotly.graph_objects as go

_PARTS = ("interactions", "merging", "window padding", "neck")


def accuracy_over_compute(rows: pd.DataFrame) -> go.Figure:
    """Draw box AP against GMAC, published and executed, one point a model; hover tells which.

    `rows` has system, family, AP, published and executed.
    """
    import plotly.graph_objects as go

    figure = go.Figure(layout={"height": 480})
    for counted, symbol in (("published", "circle"), ("executed", "diamond")):
        for (family, part), colour in zip(rows.groupby("family", sort=False), PALETTE, strict=False):
            figure.add_scatter(
                x=part[counted].round(0).tolist(), y=part["AP"].tolist(), text=part["system"].tolist(),
                mode="markers", name=family, legendgroup=family, visible=counted == "published",
                marker={"color": colour, "size": 11, "symbol": symbol},
                hovertemplate=f"%{{text}}<br>%{{x:,}} GMAC, %{{y}} box AP<extra>{family}</extra>",
            )  # fmt: skip
    each = rows["family"].nunique()
    buttons = [
        {"label": f"as {counted}", "method": "restyle",
         "args": ["visible", [place // each == number for place in range(2 * each)]]}
        for number, counted in enumerate(("published", "executed"))
    ]  # fmt: skip
    figure.update_layout(
        xaxis={"title": "GMAC an image (log scale)", "type": "log", "tickvals": [200, 300, 500, 1000, 2000]},
        yaxis={"title": "box AP on COCO, as published (%)"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        updatemenus=[{"type": "buttons", "direction": "right", "buttons": buttons, "x": 0, "xanchor": "left",
                      "y": 1.32, "yanchor": "top"}],
        margin={"t": 120},
    )  # fmt: skip
    return figure


def cost_parts(
    names: Sequence[str], sizes: Sequence[int], interactions: int, executed: bool
) -> pd.Series[float]:
    """Return the GMAC of each part of a pyramid of the paper's networks, as published or as executed."""
    plan = Plan(
        tuple(NETWORKS[name] for name in names),
        tuple((size, size) for size in sizes),
        window=14,
        interactions=interactions,
    )
    cost = executed_cost(plan) if executed else published_cost(plan)
    parts = {
        f"{name}, {size} px": value for name, size, value in zip(names, sizes, cost.branches, strict=True)
    }
    parts |= dict(zip(_PARTS, (cost.interactions, cost.merging, cost.padding, cost.neck), strict=True))
    return pd.Series(parts) / 1e9


def stacked_parts(
    names: Sequence[str], choices: Sequence[Sequence[int]], interactions: int = 12
) -> go.Figure:
    """Draw the parts of a pyramid's cost, published beside executed, with a slider over image sizes."""
    import plotly.graph_objects as go

    figure = go.Figure(layout={"height": 500, "barmode": "stack"})
    traces = len(names) + len(_PARTS)
    for number, sizes in enumerate(choices):
        columns = [cost_parts(names, sizes, interactions, executed) for executed in (False, True)]
        labels = [f"branch {name}" for name in names] + list(_PARTS)
        for place in range(traces):
            values = [round(float(column.iloc[place]), 1) for column in columns]
            figure.add_bar(
                x=["as published", "as executed"], y=values, name=labels[place], visible=number == 0,
                marker={"color": [*PALETTE, INK][place % 8]},
                hovertemplate=f"%{{y}} GMAC<extra>{labels[place]}</extra>",
            )  # fmt: skip
    steps = slider(["/".join(map(str, sizes)) for sizes in choices], 0, "image sides: ", traces)
    figure.update_layout(
        sliders=[steps | {"len": 0.88}],  # leaves room for half of the last label
        yaxis={"title": "GMAC an image"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        margin={"b": 110},
    )
    return figure


def cost_widget() -> Any:
    """Make the widget: networks, image sizes and interactions, and the bars that they cost."""
    import ipywidgets as widgets
    import plotly.graph_objects as go

    names = [widgets.Dropdown(options=list("TSBLH"), value=name, description=f"network {place + 1}")
             for place, name in enumerate("TSB")]  # fmt: skip
    wide = widgets.Layout(min_width="290px")  # less leaves the slider no track beside its words
    sides = [
        widgets.IntSlider(value, 112, 1792, 112, description="image (px)", layout=wide)
        for value in (1568, 1120, 672)
    ]
    count = widgets.IntSlider(12, 0, 12, description="interactions")
    view = widgets.Output()

    def draw(_: Any = None) -> None:
        figure = go.Figure(layout={"height": 360, "barmode": "stack", "yaxis": {"title": "GMAC an image"}})
        chosen = [name.value for name in names], [side.value for side in sides]
        columns = [cost_parts(*chosen, count.value, executed) for executed in (False, True)]
        for place, part in enumerate(columns[0].index):
            heights = [float(column.iloc[place]) for column in columns]
            figure.add_bar(x=["as published", "as executed"], y=heights, name=part)
        view.clear_output(wait=True)
        with view:
            figure.show()

    for control in (*names, *sides, count):
        control.observe(draw, names="value")
    draw()
    wrapped = widgets.Layout(flex_flow="row wrap")  # below each other on a phone
    pairs = [widgets.HBox([name, side], layout=wrapped) for name, side in zip(names, sides, strict=True)]
    return widgets.VBox([*pairs, count, view])
