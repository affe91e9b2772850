"""Flights to turn and to scrub: their paths around the target, in space and over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.display.style import INK, PALETTE
from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    import plotly.graph_objects as go

STEPS = 41
_POINTS = 120  # of a path: more cannot be told apart on a screen
_PLACES = ("along", "normal", "radial")


def trajectory_player(tracks: Mapping[str, pd.DataFrame]) -> go.Figure:
    """Draw paths relative to the target in its rotating frame, with a slider for the mission time.

    A path ends where the craft came closest: that is what scores, and what comes after it would fill the
    picture.

    Parameters
    ----------
    tracks
        Name of a flight -> `track.Track.moments`.

    Raises
    ------
    MMReproError
        Without any flight.
    """
    import plotly.graph_objects as go

    if not tracks:
        raise MMReproError("no flights were given to play; give at least one track.")
    figure = go.Figure()
    tracks = {name: track.iloc[: int(track["distance"].argmin()) + 1] for name, track in tracks.items()}
    colours = [PALETTE[number % len(PALETTE)] for number in range(len(tracks))]
    for (name, track), colour in zip(tracks.items(), colours, strict=True):
        kept = track.iloc[np.unique(np.linspace(0, len(track) - 1, _POINTS).round().astype(int))]
        x, y, z = (kept[place].round(1).tolist() for place in _PLACES)
        figure.add_scatter3d(
            x=x, y=y, z=z, mode="lines", name=name, line={"color": colour, "width": 4}, hoverinfo="skip"
        )
    figure.add_scatter3d(
        x=[0], y=[0], z=[0], mode="markers", name="target", hoverinfo="name",
        marker={"color": INK, "size": 5, "symbol": "diamond"},
    )  # fmt: skip
    times = _times(tracks)
    states = [_state(tracks, time) for time in times]
    figure.add_scatter3d(
        **states[0], mode="markers", showlegend=False, hoverinfo="text", marker={"color": colours, "size": 5}
    )
    axis = {"gridcolor": "#d5d9de", "backgroundcolor": "white", "tickfont": {"size": 10}, "nticks": 5}
    titles = ("along the orbit (m)", "normal (m)", "outwards (m)")
    figure.update_layout(
        height=460,
        margin={"l": 15, "r": 15, "t": 10, "b": 10},
        scene={
            **{f"{each}axis": axis | {"title": {"text": told, "font": {"size": 11}}}
               for each, told in zip("xyz", titles, strict=True)},
            "aspectmode": "cube",
            # Far enough, and a little aside, that a phone shows the titles of all axes.
            "camera": {"eye": {"x": 1.7, "y": 1.7, "z": 1.05}, "center": {"x": 0.05, "y": -0.05, "z": -0.1}},
            "domain": {"y": [0.17, 1]},
        },
        legend={"orientation": "h", "y": 0.16, "yanchor": "top", "x": 0, "font": {"size": 12}},
        sliders=[_slider(times, states, len(figure.data) - 1)],
    )  # fmt: skip
    return figure


def _times(tracks: Mapping[str, pd.DataFrame]) -> NDArray[np.float64]:
    first = min(track["time"].iloc[0] for track in tracks.values())
    last = max(track["time"].iloc[-1] for track in tracks.values())
    return np.linspace(first, last, STEPS)


def _state(tracks: Mapping[str, pd.DataFrame], time: float) -> dict[str, Any]:
    """Return where all craft are at a mission time in s; after its end a flight stays where it ended."""
    found: dict[str, Any] = {
        axis: [round(float(np.interp(time, track["time"], track[place])), 1) for track in tracks.values()]
        for axis, place in zip("xyz", _PLACES, strict=True)
    }
    found["text"] = [
        f"{name}<br>{np.interp(time, track['time'], track['distance']):.0f} m, "
        f"{np.interp(time, track['time'], track['speed']):.1f} m/s"
        for name, track in tracks.items()
    ]
    return found


def _slider(times: NDArray[np.float64], states: list[dict[str, Any]], trace: int) -> dict[str, Any]:
    """Return a slider that moves the markers of one trace."""
    steps = [
        {
            "label": f"{time:.1f} s",
            "method": "restyle",
            "args": [{key: [values] for key, values in state.items()}, [trace]],
        }
        for time, state in zip(times, states, strict=True)
    ]
    return {
        "active": 0,
        "currentvalue": {"prefix": "mission time "},
        "steps": steps,
        "pad": {"t": 10},
        "y": 0.02,
    }
