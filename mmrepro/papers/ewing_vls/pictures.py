"""Figures of tissue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmrepro.display.picture import data_url
from mmrepro.display.style import INK
from mmrepro.papers.ewing_vls.tiles import Bags, Pixels, read_tile

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Letters on tissue or on white, dark on every page: no theme of the page changes this shade, as it does INK.
_LETTERS = "#1f2328"
_HALO = "0 0 3px white, 0 0 3px white, 0 0 3px white"  # lets dark letters be read on dark tissue too
_CLEAR_TO_BLUE = [[0, "rgba(0,114,178,0)"], [1, "rgba(0,114,178,0.75)"]]


def contact_sheet(rows: Sequence[Sequence[Pixels]], names: Sequence[str], side: int = 110) -> go.Figure:
    """Draw rows of pictures; each row has its name above it."""
    import plotly.graph_objects as go

    width = max(len(row) for row in rows)
    figure = go.Figure(layout={"height": int(112 * len(rows) + 50)})
    figure.add_scatter(
        x=[0, width], y=[0, len(rows)], mode="markers", marker={"opacity": 0}, hoverinfo="skip"
    )
    for line, (row, name) in enumerate(zip(rows, names, strict=True)):
        top = len(rows) - line
        figure.add_annotation(x=0, y=top, text=name, showarrow=False, xanchor="left", yanchor="top")
        for place, pixels in enumerate(row):
            figure.add_layout_image(
                source=data_url(pixels, size=(side, side)), xref="x", yref="y", x=place, y=top - 0.18,
                sizex=0.97, sizey=0.8,
                sizing="contain", xanchor="left", yanchor="top", layer="above",
            )  # fmt: skip
    figure.update_layout(margin={"l": 5, "r": 5, "t": 30, "b": 5}, showlegend=False)
    hidden = {"visible": False, "fixedrange": True}
    figure.update_xaxes(range=[0, width], **hidden)
    figure.update_yaxes(range=[0, len(rows)], **hidden)
    return figure


def label_rows(bags: Bags, each: int, side: int) -> tuple[list[list[Pixels]], list[str]]:
    """Pick some tiles of each label, evenly spaced, and give them with the names of their rows."""
    rows = []
    for name in bags.classes:
        own = [tile for tile in bags.tiles if tile.label == name]
        picked = np.linspace(0, len(own) - 1, min(each, len(own))).round().astype(int)
        rows.append([read_tile(own[place], side, 1) for place in picked])
    return rows, list(bags.classes)


def grid_view(values: NDArray[np.float64], text: NDArray[np.object_]) -> Any:
    """Make the heat map of one tile's grid: values coloured, NaN clear; `text` is told on hovering."""
    import plotly.graph_objects as go

    return go.Heatmap(
        z=values[::-1].tolist(), text=text[::-1].tolist(), hovertemplate="%{text}<extra></extra>",
        texttemplate="%{z:.0%}", textfont={"color": _LETTERS, "shadow": _HALO},
        colorscale=_CLEAR_TO_BLUE, zmin=0, zmax=float(np.nanmax(values)), xgap=2, ygap=2,
        showscale=False,  # cells tell their own numbers; on a dark page clear would read as dark
    )  # fmt: skip


def attention_explorer(
    bags: Bags, tiles: Sequence[int], attention: NDArray[np.float64], captions: Sequence[str],
    probabilities: NDArray[np.float64], side: int = 288,
) -> go.Figure:  # fmt: skip
    """Draw tiles under their attention, with a menu; hovering tells attention and nearest caption of a patch.

    What a tile is called stands above it, not in the menu, which would be wider than a phone.

    Parameters
    ----------
    tiles
        Which tiles the menu offers.
    attention
        Of every tile's patches, (tiles, most patches).
    captions
        Nearest caption of every patch of `bags`.
    probabilities
        Of every tile's classes, (tiles, classes).
    """
    import plotly.graph_objects as go

    grid = bags.tissue.shape[1]
    figure = go.Figure(layout={"height": 490})
    for number, tile in enumerate(tiles):
        values, text = _cells(bags, tile, attention, captions, grid)
        figure.add_trace(grid_view(values, text))
        figure.data[-1].visible = number == 0
    shown = [_behind(bags, tile, probabilities[tile], side) for tile in tiles]
    buttons = [
        {"label": f"{number + 1}. {bags.tiles[tile].label}, {bags.tiles[tile].patient}", "method": "update",
         "args": [{"visible": [place == number for place in range(len(tiles))]}, shown[number]]}
        for number, tile in enumerate(tiles)
    ]  # fmt: skip
    hidden = {"visible": False, "range": [-0.5, grid - 0.5], "fixedrange": True}
    figure.update_layout(
        **shown[0],
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
                      "pad": {"b": 32}}],
        xaxis={**hidden, "constrain": "domain", "constraintoward": "left"}, font={"color": INK},
        yaxis={**hidden, "scaleanchor": "x", "constrain": "domain", "constraintoward": "top"},
        margin={"l": 5, "r": 5, "t": 80, "b": 5},
    )  # fmt: skip
    return figure


def _behind(bags: Bags, tile: int, probabilities: NDArray[np.float64], side: int) -> dict[str, Any]:
    """Lay a tile under its attention, and above it what it is called."""
    grid = bags.tissue.shape[1]
    called = f"called {bags.classes[int(probabilities.argmax())]} ({probabilities.max():.0%})"
    picture = {"source": data_url(read_tile(bags.tiles[tile], side // grid, grid), size=(side, side)),
               "xref": "x", "yref": "y", "x": -0.5, "y": grid - 0.5, "sizex": grid, "sizey": grid,
               "sizing": "stretch", "layer": "below"}  # fmt: skip
    answer = {"text": called, "showarrow": False, "xref": "paper", "x": 0, "xanchor": "left",
              "yref": "paper", "y": 1, "yanchor": "bottom"}  # fmt: skip
    return {"images": [picture], "annotations": [answer]}


def _cells(
    bags: Bags, tile: int, attention: NDArray[np.float64], captions: Sequence[str], grid: int
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    values = np.full((grid, grid), np.nan)
    text = np.full((grid, grid), "no tissue", dtype=object)
    for place, patch in enumerate(np.flatnonzero(bags.tile_of == tile).tolist()):
        row, column = bags.cells[patch]
        share = attention[tile, place]
        values[row, column] = round(float(share), 3)
        text[row, column] = f"attention {share:.0%}<br>nearest caption:<br>{captions[patch]}"
    return values, text


def tissue_view(bags: Bags, tile: int, side: int = 320) -> go.Figure:
    """Draw one tile with the share of tissue in each cell of its grid; kept cells have a frame."""
    import plotly.graph_objects as go

    grid = bags.tissue.shape[1]
    kept = {tuple(cell) for cell in bags.cells[bags.tile_of == tile].tolist()}
    figure = go.Figure(layout={"height": 420, "margin": {"l": 5, "r": 5, "t": 5, "b": 5}})
    figure.add_layout_image(
        source=data_url(read_tile(bags.tiles[tile], side // grid, grid), size=(side, side)),
        xref="x", yref="y", x=0, y=grid,
        sizex=grid, sizey=grid, sizing="stretch", layer="below",
    )  # fmt: skip
    for row in range(grid):
        for column in range(grid):
            corner = {
                "x0": column + 0.03,
                "x1": column + 0.97,
                "y0": grid - row - 0.97,
                "y1": grid - row - 0.03,
            }
            if (row, column) in kept:
                figure.add_shape(type="rect", line={"color": "#009E73", "width": 3}, **corner)
            figure.add_annotation(
                x=column + 0.5, y=grid - row - 0.5, showarrow=False, bgcolor="rgba(255,255,255,.75)",
                text=f"{bags.tissue[tile, row, column]:.0%}", font={"color": _LETTERS},
            )  # fmt: skip
    hidden = {"visible": False, "range": [0, grid], "fixedrange": True}
    figure.update_layout(xaxis=hidden, yaxis={**hidden, "scaleanchor": "x"})
    return figure
