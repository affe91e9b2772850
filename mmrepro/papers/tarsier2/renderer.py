"""Videos whose events are known exactly: two balls that move, grow, shrink or flash, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

FRAMES, SIDE = 12, 16  # frames of a video, pixels of an edge
COLOURS = {"red": (230, 40, 40), "green": (40, 200, 60), "blue": (60, 80, 240), "yellow": (230, 210, 40)}
_STEP, _SWELL = 4.0, 1.4  # pixels that a move covers, and that a radius changes by
# What an event adds to (x, y, radius) by its end.
ACTIONS = {
    "moves left": (-_STEP, 0.0, 0.0),
    "moves right": (_STEP, 0.0, 0.0),
    "rises": (0.0, -_STEP, 0.0),
    "sinks": (0.0, _STEP, 0.0),
    "grows": (0.0, 0.0, _SWELL),
    "shrinks": (0.0, 0.0, -_SWELL),
    "flashes": (0.0, 0.0, 0.0),
}
OPPOSITES = {"moves left": "moves right", "rises": "sinks", "grows": "shrinks"}
_DIM, _GROUND = 0.3, 20.0  # brightness of a dark flash; grey of the background
_CHUNK = 500  # videos drawn at once

Videos = NDArray[np.uint8]


@dataclass(frozen=True)
class Event:
    """Who does what in the frames `first` to `last`, both included."""

    subject: str
    action: str
    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last:
            raise MMReproError(
                f"An event lasts from frame {self.first} to frame {self.last}; the first must be 0 or more "
                "and not after the last."
            )

    @property
    def clause(self) -> str:
        """The event in words."""
        return f"{self.subject} {self.action}"


@dataclass(frozen=True)
class Scene:
    """A video before it is drawn.

    Attributes
    ----------
    balls
        Colour -> x, y and radius at the start, in pixels.
    events
        In the order of time; no two overlap, and none is told twice.
    """

    balls: dict[str, tuple[float, float, float]]
    events: tuple[Event, ...]


def draw_scenes(count: int, rng: np.random.Generator) -> list[Scene]:
    """Draw `count` scenes of two or three events."""
    return [_scene(rng) for _ in range(count)]


def _scene(rng: np.random.Generator) -> Scene:
    names = [str(name) for name in rng.choice(list(COLOURS), size=2, replace=False)]
    places = [
        [float(rng.uniform(4, 11)), centre + float(rng.uniform(-1, 1)), float(rng.choice([1.6, 2.6]))]
        for centre in (4, 11)
    ]
    balls = {name: (place[0], place[1], place[2]) for name, place in zip(names, places, strict=True)}
    events: list[Event] = []
    for first, last in _spans(int(rng.integers(2, 4)), rng):
        ball = int(rng.integers(2))
        told = {event.action for event in events if event.subject == names[ball]}
        action = str(rng.choice([each for each in _possible(places[ball]) if each not in told]))
        places[ball] = [old + new for old, new in zip(places[ball], ACTIONS[action], strict=True)]
        events.append(Event(names[ball], action, first, last))
    return Scene(balls, tuple(events))


def _spans(count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Place `count` events of three or four frames one after the other."""
    lengths = rng.integers(3, 5, size=count)
    waits = np.sort(rng.integers(0, FRAMES - lengths.sum() + 1, size=count))
    starts = waits + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return [(int(start), int(start + length - 1)) for start, length in zip(starts, lengths, strict=True)]


def _possible(place: Sequence[float]) -> list[str]:
    """List what a ball can do without leaving the picture."""
    x, y, radius = place
    allowed = {
        "moves left": x >= 6,
        "moves right": x <= 9,
        "rises": y >= 6,
        "sinks": y <= 9,
        "grows": radius < 2,
        "shrinks": radius >= 2,
        "flashes": True,
    }
    return [action for action, fits in allowed.items() if fits]


def render(scenes: Sequence[Scene]) -> Videos:
    """Draw scenes as videos, (scenes, frames, side, side, 3) RGB."""
    parts = [_render(scenes[start : start + _CHUNK]) for start in range(0, len(scenes), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, FRAMES, SIDE, SIDE, 3), np.uint8)


def states(scenes: Sequence[Scene]) -> NDArray[np.float32]:
    """Return x, y, radius and brightness of each ball in each frame, (scenes, frames, 2, 4)."""
    change = np.zeros((len(scenes), FRAMES, 2, 3), np.float32)
    light = np.ones((len(scenes), FRAMES, 2, 1), np.float32)
    start = np.array([list(scene.balls.values()) for scene in scenes], np.float32).reshape(-1, 1, 2, 3)
    for row, scene in enumerate(scenes):
        for event in scene.events:
            ball, span = list(scene.balls).index(event.subject), slice(event.first, event.last + 1)
            change[row, span, ball] = np.array(ACTIONS[event.action]) / (event.last - event.first + 1)
            if event.action == "flashes":
                light[row, event.first : event.last + 1 : 2, ball] = _DIM
    return np.concatenate([start + np.cumsum(change, axis=1), light], axis=-1)


def _render(scenes: Sequence[Scene]) -> Videos:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    moving = states(scenes)[..., None, None, :]
    frames = np.full((len(scenes), FRAMES, SIDE, SIDE, 3), _GROUND, np.float32)
    colours = np.array([[COLOURS[name] for name in scene.balls] for scene in scenes], np.float32)
    for ball in range(2):
        x, y, radius, light = np.moveaxis(moving[:, :, ball], -1, 0)
        # Soft edges: how much of a pixel the disc covers, so that half a pixel of motion shows.
        covered = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1)[..., None]
        frames += covered * (light[..., None] * colours[:, ball, None, None, None] - frames)
    return frames.round().astype(np.uint8)
