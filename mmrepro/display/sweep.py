"""The figure of a sweep: a metric against the first swept setting, in a page that needs no network."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmrepro.display.style import INK, PALETTE, use_house_style

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure, Scatter

# Symbol and dash tell systems apart where there are more of them than colours.
_SHAPES = (("circle", "solid"), ("square", "dash"), ("diamond", "dot"), ("triangle-up", "longdash"))
_MARKS = tuple(itertools.product(_SHAPES, PALETTE))
_ROW_PX, _BETWEEN_PX, _AROUND_PX = 360, 100, 170
_ABREAST = 0.3  # of the way between two values is taken up by systems side by side
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
<div role="group" aria-label="{alt}">{plot}</div>
<figcaption>{caption}</figcaption>
</figure>
</html>
"""


def sweep_page(summary: pd.DataFrame, by: Sequence[str], title: str) -> str:
    """Return an HTML page with the figure of a sweep; plotly's library is in it.

    Parameters
    ----------
    summary
        As of `mmrepro.execution.sweep_table.summarise`: metric, dataset, system, the columns `by`, mean,
        low, high.
    by
        Columns of the swept settings: the first is the horizontal axis, the others make facets.
    """
    plot = sweep_figure(summary, by).to_html(full_html=False, include_plotlyjs=True, div_id="sweep")
    caption = (
        f"Mean over seeds against {by[0]}, with its 95 % t interval where there are two seeds or more. "
        "Systems stand side by side at each value. "
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
    axis = Axis.of(summary[by[0]])
    marks = dict(zip(summary["system"].unique(), itertools.cycle(_MARKS), strict=False))
    abreast: dict[Any, list[Any]] = summary.groupby(offered)["system"].unique().map(list).to_dict()
    shown: list[tuple[Any, Any]] = []
    for (choice, facet, system), found in summary.groupby([offered, places, "system"], sort=False):
        row, column = divmod(facets.index(facet), columns)
        beside = (abreast[choice].index(system) + 0.5) / len(abreast[choice]) - 0.5
        trace = _trace(found, _words(found[by[0]]), axis, beside, marks[system])
        trace.update(name=system, legendgroup=system, showlegend=(choice, system) not in shown)
        trace.visible = choice == offered.iloc[0]
        figure.add_trace(trace, row=row + 1, col=column + 1)
        shown.append((choice, system))
    figure.update_xaxes(title_text=by[0], **axis.layout)
    figure.update_layout(height=height + _AROUND_PX, margin_t=100)
    figure.update_layout(legend={"title": {"text": "System"}, "tracegroupgap": 0})
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


@dataclass(frozen=True)
class Axis:
    """The axis of a setting: numbers lie where they belong, other values one after the other.

    Attributes
    ----------
    places
        Value as a word -> where it lies.
    logarithmic
        Whether steps are factors.
    """

    places: dict[str, float]
    logarithmic: bool

    @classmethod
    def of(cls, values: pd.Series[Any]) -> Axis:
        """Choose the axis for the values of a setting."""
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        words = dict.fromkeys(_words(values))
        if not is_numeric_dtype(values) or is_bool_dtype(values) or values.isna().any():
            return cls({word: float(place) for place, word in enumerate(words)}, False)
        places = {word: float(word) for word in sorted(words, key=float)}
        ends = min(places.values()), max(places.values())
        return cls(places, ends[0] > 0 and ends[1] >= _FACTOR * ends[0])

    @property
    def layout(self) -> dict[str, Any]:
        """Ticks at the values that were swept, and nowhere else."""
        kind = "log" if self.logarithmic else "linear"
        ticks = {"tickvals": list(self.places.values()), "ticktext": list(self.places)}
        return {"type": kind, "zeroline": False, **ticks}

    def beside(self, word: str, share: float) -> float:
        """Return a place a little off the value's own, so that error bars do not hide each other.

        Parameters
        ----------
        share
            From -0.5 to 0.5.
        """
        low, high = min(self.places.values()), max(self.places.values())
        step = share * _ABREAST / max(1, len(self.places) - 1)
        if self.logarithmic:
            return self.places[word] * float((high / low) ** step)
        return self.places[word] + step * ((high - low) or 1)


def _trace(
    rows: pd.DataFrame, words: Sequence[str], axis: Axis, share: float, mark: tuple[tuple[str, str], str]
) -> Scatter:
    from plotly.graph_objects import Scatter

    (symbol, dash), colour = mark
    return Scatter(
        x=[axis.beside(word, share) for word in words],
        y=rows["mean"].tolist(),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": (rows["high"] - rows["mean"]).tolist(),
            "arrayminus": (rows["mean"] - rows["low"]).tolist(),
        },
        customdata=list(zip(words, rows["seeds"].tolist(), strict=True)),
        hovertemplate="%{customdata[0]}: %{y:.4g} (seeds: %{customdata[1]})",
        mode="lines+markers",
        marker={"symbol": symbol, "size": 8},
        line={"color": colour, "dash": dash, "width": 1.5},
    )


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
