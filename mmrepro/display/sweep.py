"""The figure of a sweep: a metric against the first swept setting, in a page that needs no network."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmrepro.display.style import INK, PALETTE, use_house_style

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure, Scatter

# Symbol and dash tell systems apart where there are more of them than colours.
_SHAPES = (("circle", "solid"), ("square", "dash"), ("diamond", "dot"), ("triangle-up", "longdash"))
_MARKS = tuple(itertools.product(_SHAPES, PALETTE))
_ROW_PX, _BETWEEN_PX, _AROUND_PX = 300, 100, 170
_MOST_COLUMNS = 3
_FACTOR = 10  # values that span so much are taken as steps by a factor, and their axis is logarithmic
_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: {ink} }}
body {{ margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem }}
h1 {{ font-size: 1.4rem }}
figure {{ margin: 0 }}
</style>
<h1>{title}</h1>
<figure>
<div role="img" aria-label="{alt}">{plot}</div>
<figcaption>{caption}</figcaption>
</figure>
</html>
"""


def sweep_page(summary: pd.DataFrame, by: Sequence[str], title: str) -> str:
    """Return an HTML page with the figure of a sweep; plotly's library is in it.

    Parameters
    ----------
    summary
        As of `mmrepro.execution.sweep.summarise`: metric, dataset, system, the columns `by`, mean, low, high.
    by
        Columns of the swept settings: the first is the horizontal axis, the others make facets.
    """
    plot = sweep_figure(summary, by).to_html(full_html=False, include_plotlyjs=True, div_id="sweep")
    caption = (
        f"Mean over seeds against {by[0]}, with its 95 % t interval where there are two seeds or more. "
        "A click in the legend hides a system, a double click all others."
    )
    words = {"title": title, "alt": _described(summary, by), "caption": caption}
    return _PAGE.format(plot=plot, ink=INK, **{name: html.escape(text) for name, text in words.items()})


def sweep_figure(summary: pd.DataFrame, by: Sequence[str]) -> Figure:
    """Draw a sweep: a mark for each system, a facet for each combination of the further settings."""
    from plotly.subplots import make_subplots

    use_house_style()
    offered, places = choices(summary), _places(summary, by[1:])
    facets = list(places.unique())
    columns = min(_MOST_COLUMNS, len(facets))
    rows = math.ceil(len(facets) / columns)
    cells: list[dict[str, Any] | None] = [
        {} if number < len(facets) else None for number in range(rows * columns)
    ]
    height = rows * _ROW_PX + (rows - 1) * _BETWEEN_PX
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_yaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=_BETWEEN_PX / height,
        specs=[cells[start : start + columns] for start in range(0, len(cells), columns)],
        subplot_titles=facets,
    )
    marks = dict(zip(summary["system"].unique(), itertools.cycle(_MARKS), strict=False))
    shown: list[tuple[Any, Any]] = []
    for (choice, facet, system), found in summary.groupby([offered, places, "system"], sort=False):
        row, column = divmod(facets.index(facet), columns)
        trace = _trace(found, by[0], marks[system])
        trace.update(name=system, legendgroup=system, showlegend=(choice, system) not in shown)
        trace.visible = choice == offered.iloc[0]
        figure.add_trace(trace, row=row + 1, col=column + 1)
        shown.append((choice, system))
    figure.update_xaxes(title_text=by[0], **_axis(summary[by[0]]))
    figure.update_layout(height=height + _AROUND_PX, legend_title_text="System", margin_t=100)
    _add_menu(figure, [choice for choice, _ in shown], columns, rows)
    return figure


def choices(summary: pd.DataFrame) -> pd.Series[str]:
    """Name for each row of a summary what a menu offers: one metric on one data set."""
    datasets = summary["dataset"].map(" on {}".format, na_action="ignore").fillna("")
    return (summary["metric"] + datasets).rename("choice")


def _places(summary: pd.DataFrame, keys: Sequence[str]) -> pd.Series[str]:
    """Name for each row its facet, by the values of `keys`."""
    import pandas as pd

    values = [[f"{key}={word}" for word in _words(summary[key])] for key in keys]
    return pd.Series([", ".join(each) for each in zip(*values, strict=True)] if keys else "", summary.index)


def _words(values: pd.Series[Any]) -> list[str]:
    """Spell the values of a setting as they are asked for."""
    import pandas as pd

    return ["null" if pd.isna(value) else str(value) for value in values.tolist()]


def _trace(rows: pd.DataFrame, key: str, mark: tuple[tuple[str, str], str]) -> Scatter:
    from plotly.graph_objects import Scatter

    (symbol, dash), colour = mark
    return Scatter(
        x=rows[key].tolist() if _is_numeric(rows[key]) else _words(rows[key]),
        y=rows["mean"].tolist(),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": (rows["high"] - rows["mean"]).tolist(),
            "arrayminus": (rows["mean"] - rows["low"]).tolist(),
        },
        customdata=rows["seeds"].tolist(),
        hovertemplate="%{x}: %{y:.4g} (%{customdata} seeds)",
        mode="lines+markers",
        marker={"symbol": symbol, "size": 8},
        line={"color": colour, "dash": dash, "width": 1.5},
    )


def _is_numeric(values: pd.Series[Any]) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(values) and not is_bool_dtype(values) and not values.hasnans


def _axis(values: pd.Series[Any]) -> dict[str, Any]:
    """Describe the axis of a setting: its ticks are the values that were swept."""
    if not _is_numeric(values):
        return {"type": "category", "categoryarray": list(dict.fromkeys(_words(values)))}
    ticks = sorted(values.unique().tolist())
    logarithmic = ticks[0] > 0 and ticks[-1] >= _FACTOR * ticks[0]
    return {
        "type": "log" if logarithmic else "linear",
        "tickvals": ticks,
        "ticktext": [f"{tick:g}" for tick in ticks],
    }


def _add_menu(figure: Figure, choices: Sequence[str], columns: int, rows: int) -> None:
    """Let a menu choose what is shown; `choices` names it for each trace."""
    titles = [f"yaxis{row * columns + 1 if row else ''}.title.text" for row in range(rows)]
    offered = list(dict.fromkeys(choices))
    figure.update_layout({title.replace(".", "_"): offered[0] for title in titles})
    if len(offered) == 1:
        return
    buttons = [
        {
            "label": each,
            "method": "update",
            "args": [{"visible": [choice == each for choice in choices]}, dict.fromkeys(titles, each)],
        }
        for each in offered
    ]
    place: Mapping[str, Any] = {"x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "pad": {"b": 30}}
    figure.update_layout(updatemenus=[{"buttons": buttons, **place}])


def _described(summary: pd.DataFrame, by: Sequence[str]) -> str:
    """Say in words what the figure shows."""
    told = [f"Lines with error bars: means over seeds against {' and '.join(by)}, a line for each system."]
    for choice, rows in summary.groupby(choices(summary), sort=False):
        ordered = rows.sort_values("mean").to_dict("records")
        low, high = (
            f"{row['mean']:.4g} ({', '.join([row['system'], *(f'{key}={row[key]}' for key in by)])})"
            for row in (ordered[0], ordered[-1])
        )
        told.append(f"{choice}: from {low} to {high}.")
    return " ".join(told)
