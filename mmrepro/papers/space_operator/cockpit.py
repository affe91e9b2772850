"""Fly it yourself: six burns, one picture, and the score so far; and a recorded flight for a still page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from mmrepro.display.picture import data_url
from mmrepro.display.slider import slider
from mmrepro.display.style import PALETTE, RULE
from mmrepro.errors import MMReproError, nearest
from mmrepro.papers.space_operator.agents import view
from mmrepro.papers.space_operator.environment import SpaceEnv, Waiting
from mmrepro.papers.space_operator.picture import Picture, picture
from mmrepro.papers.space_operator.published import REPLY_TIME
from mmrepro.papers.space_operator.teacher import GAP
from mmrepro.papers.space_operator.track import Track
from mmrepro.papers.space_operator.vector import Vector

if TYPE_CHECKING:
    import plotly.graph_objects as go

BURNS: dict[str, Vector] = {
    "forward": (1.0, 0.0, 0.0),
    "back": (-1.0, 0.0, 0.0),
    "left": (0.0, -1.0, 0.0),
    "right": (0.0, 1.0, 0.0),
    "up": (0.0, 0.0, -1.0),
    "down": (0.0, 0.0, 1.0),
    "coast": (0.0, 0.0, 0.0),
}
"""Throttles of each button."""
_WORDS = (("back", "forward"), ("left", "right"), ("up", "down"))
REPLY_TIMES = (0.0, 2.0, REPLY_TIME)
LONGEST_RECORD = 45


class Status(NamedTuple):
    """Where the flight stands.

    Attributes
    ----------
    time
        Mission time in s.
    distance, speed, propellant_kg
        In m, m/s, and kg burnt so far.
    score
        So far, as the game measures it.
    over, captured
        Whether the flight is over, and whether the target was caught.
    """

    time: float
    distance: float
    speed: float
    propellant_kg: float
    score: float
    over: bool
    captured: bool

    def told(self) -> str:
        """Put it into words."""
        end = "caught! " if self.captured else "time is up. " if self.over else ""
        return (
            f"{end}{self.time:.0f} s, {self.distance:,.0f} m away at {self.speed:.1f} m/s, "
            f"{self.propellant_kg:.0f} kg burnt, score so far {self.score:,.0f}"
        )


class Session:
    """A flight flown button by button.

    Parameters
    ----------
    reply_time, waiting
        Seconds until a pressed button takes effect, and what the craft does meanwhile.
    duration
        Of a burn in s.
    """

    def __init__(
        self,
        name: str = "PE1_E1_I3",
        *,
        reply_time: float = 0.0,
        waiting: Waiting = "hold",
        duration: float = 2.0,
    ) -> None:
        self._env = SpaceEnv(name, gap=GAP, reply_time=reply_time, waiting=waiting)
        self._duration = duration
        self.restart()

    def restart(self) -> Status:
        """Begin anew."""
        self._env.reset(seed=0)
        return self.status()

    def press(self, button: str) -> Status:
        """Burn as a button says; once the flight is over, nothing happens.

        Raises
        ------
        MMReproError
            For a button that is none.
        """
        if button not in BURNS:
            raise MMReproError(f"there is no button {button!r}; {nearest(button, BURNS)}")
        if not self._env.flight.over:
            self._env.step((*BURNS[button], self._duration))
        return self.status()

    def status(self) -> Status:
        """Say where the flight stands."""
        flight = self._env.flight
        seen = view(flight)
        return Status(
            flight.time,
            seen.distance,
            seen.speed,
            flight.agent.used_kg,
            flight.score(),
            flight.over,
            flight.captured,
        )

    def look(self, size: int = 256) -> Picture:
        """Draw what the pilot sees, (size, size, 3)."""
        return picture(self._env.flight, size)


class Cockpit:
    """The widget: the picture, a button a burn, and how long a button takes to act.

    Attributes
    ----------
    session
        The flight in progress.
    widget
        To be displayed.
    """

    def __init__(self, size: int = 256) -> None:
        import ipywidgets as widgets

        self._size = size
        # Not `widgets.Image`, which has no words for those who cannot see it.
        self._image = widgets.HTML()
        self._told = widgets.HTML()
        self.buttons = {name: widgets.Button(description=name) for name in (*BURNS, "restart")}
        times = [(f"{time:g} s", time) for time in REPLY_TIMES]
        self.reply_time = widgets.Dropdown(options=times, description="reply time")
        self.waiting = widgets.Dropdown(options=["hold", "coast"], description="meanwhile")
        self.duration = widgets.Dropdown(
            options=[(f"{time:g} s", time) for time in (0.5, 2.0, 5.0)], value=2.0, description="burn"
        )
        for name, button in self.buttons.items():
            button.on_click(self._restart if name == "restart" else self._press)
        for choice in (self.reply_time, self.waiting, self.duration):
            choice.observe(self._restart, names="value")
        rows = [("left", "up", "forward"), ("right", "down", "back"), ("coast", "restart")]
        boxes = [widgets.HBox([self.buttons[name] for name in row]) for row in rows]
        choices = [self.reply_time, self.waiting, self.duration]
        self.widget = widgets.VBox([self._image, self._told, *boxes, *choices])
        self._restart()

    def _press(self, button: Any) -> None:
        self._show(self.session.press(button.description))

    def _restart(self, _: Any = None) -> None:
        self.session = Session(
            reply_time=self.reply_time.value, waiting=self.waiting.value, duration=self.duration.value
        )
        self._show(self.session.status())

    def _show(self, status: Status) -> None:
        screen = data_url(self.session.look(self._size), "PNG")
        self._image.value = (
            f'<img src="{screen}" width="{self._size}" height="{self._size}" '
            'alt="The navball and the bars of distance, speed and propellant; their numbers stand below.">'
        )
        self._told.value = status.told()


def recorded_flight(track: Track) -> go.Figure:
    """Scrub a recorded flight: what the pilot saw, above the distance and the score so far.

    Raises
    ------
    MMReproError
        For a track without pictures.
    """
    from plotly.subplots import make_subplots

    size = track.pictures.shape[1]
    if not size:
        raise MMReproError("this flight has no pictures; write it down with a size of pictures in pixels.")
    rows = np.unique(np.linspace(0, len(track.moments) - 1, LONGEST_RECORD).round().astype(int)).tolist()
    moments = track.moments.iloc[rows]
    # One below the other, so that the words have room on a phone.
    figure = make_subplots(3, 1, row_heights=[0.6, 0.1, 0.3], vertical_spacing=0.02)
    for place, row in enumerate(rows):
        source = data_url(track.pictures[row], quality=80)
        shown: dict[str, Any] = {"hoverinfo": "skip", "visible": place == 0}
        figure.add_image(source=source, row=1, col=1, **shown)
        words = _words(moments.iloc[place])
        figure.add_scatter(x=[0], y=[0], text=[words], mode="text", row=2, col=1, **shown)
        past, sizes = moments.iloc[: place + 1].round(1), [0] * place + [11]
        figure.add_scatter(
            x=past["time"].tolist(), y=past["distance"].tolist(), mode="lines+markers",
            line={"color": RULE}, marker={"color": PALETTE[1], "size": sizes}, row=3, col=1, **shown,
        )  # fmt: skip
    times, distances = moments["time"], np.log10(moments["distance"])
    figure.update_xaxes(visible=False, range=[0, size], row=1, col=1)
    figure.update_yaxes(visible=False, range=[size, 0], row=1, col=1)
    figure.update_xaxes(visible=False, range=[-1, 1], row=2, col=1)
    figure.update_yaxes(visible=False, range=[-1, 1], row=2, col=1)
    title = {"font": {"size": 12}, "standoff": 4}
    figure.update_xaxes(title={"text": "mission time (s)", **title}, row=3, col=1)
    figure.update_xaxes(range=[times.iloc[0] - 2, times.iloc[-1] + 2], row=3, col=1)
    reach = [distances.min() - 0.2, distances.max() + 0.2]
    figure.update_yaxes(title={"text": "distance (m)", **title}, row=3, col=1)
    marks = _ticks(*reach)
    figure.update_yaxes(type="log", range=reach, row=3, col=1)
    figure.update_yaxes(tickvals=marks, ticktext=[f"{mark:,g}" for mark in marks], row=3, col=1)
    figure.update_layout(
        height=640, margin={"l": 60, "r": 15, "t": 10, "b": 10}, showlegend=False,
        sliders=[slider([f"{time:.0f} s" for time in times], 0, "mission time ", 3) | {"y": -0.03}],
    )  # fmt: skip
    return figure


def _ticks(low: float, high: float) -> list[float]:
    """Choose ticks between two powers of ten; a flight may stay within a decade, which plotly leaves bare."""
    from matplotlib.ticker import LogLocator

    marks = LogLocator(subs=(1, 2, 5)).tick_values(10**low, 10**high)
    return [float(mark) for mark in marks if 10**low <= mark <= 10**high]


def _words(now: pd.Series) -> str:
    return (
        f"{now['distance']:,.0f} m away at {now['speed']:.1f} m/s<br>{_burn(now)}<br>"
        f"{now['propellant_kg']:.0f} kg burnt, score so far {now['score']:,.0f}"
    )


def _burn(now: pd.Series) -> str:
    """Say in words what is burnt."""
    words = [
        words[1 if now[axis] > 0 else 0]
        for axis, words in zip(("forward", "right", "down"), _WORDS, strict=True)
        if now[axis]
    ]
    return "burn " + ", ".join(words) if words else "no burn"
