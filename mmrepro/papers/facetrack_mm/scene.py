"""Clips of drawn faces that move, cross and change expression, with the script known to the frame.

Nothing here is the paper's data: the clips show only whether the mechanism works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

Motion = Literal["drift", "cross", "leave"]
EXPRESSIONS = {
    "smiles": ("mouth", "smile"),
    "frowns": ("mouth", "frown"),
    "opens-mouth": ("mouth", "open"),
    "closes-eyes": ("eyes", "closed"),
    "raises-brows": ("brows", "up"),
    "furrows-brows": ("brows", "furrow"),
}
PERSONS_MOST = 3
NOISE = 6.0  # standard deviation, in grey levels
MAIN_RADIUS, OTHER_RADIUS = (19.0, 23.0), (12.0, 15.0)  # of a face, in pixels of a scene of 96
_PIXELS = 96


class Event(NamedTuple):
    """What a face does, from its first to its last frame."""

    expression: str
    first: int
    last: int


Script = tuple[Event, ...]


@dataclass(frozen=True)
class Clips:
    """Drawn clips with what is true of them.

    Attributes
    ----------
    frames
        Grey values, shape (clips, frames, pixels, pixels).
    boxes
        Left, top, right, bottom of each person's face, in pixels, shape (clips, frames, persons, 4); NaN
        where the person is not in the picture. Person 0 is the main character: the largest face.
    scripts
        Clip -> person -> events.
    motions
        How the persons move, shape (clips,).
    """

    frames: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    scripts: list[list[Script]]
    motions: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def persons(self) -> NDArray[np.int64]:
        """Number of persons, shape (clips,)."""
        return np.array([len(scripts) for scripts in self.scripts])

    def captions(self) -> list[str]:
        """Tell in order what the main character of each clip does."""
        return [caption(scripts[0]) for scripts in self.scripts]


def caption(script: Script) -> str:
    """Tell a script: "smiles then closes-eyes"."""
    return " then ".join(event.expression for event in script)


def told_events(text: str) -> list[str]:
    """Return the events of a caption in the language of `caption`, in order; other words are left out."""
    return [word for word in text.split() if word in EXPRESSIONS]


@dataclass
class _Person:
    radius: float
    skin: float
    hair: float
    path: NDArray[np.float64]  # centre by frame, (frames, 2)
    script: Script


def draw_clips(count: int, frames: int, seed: int, *, several: float = 0.7, twins: float = 0.2) -> Clips:
    """Draw clips.

    Parameters
    ----------
    frames
        Frames a clip, at least 6: an event takes two and leaves one before it.
    several
        Share of clips with two or three persons.
    twins
        Share of those in which the others look like the main character but for their size.

    Raises
    ------
    MMReproError
        For too few frames.
    """
    if frames < 6:
        raise MMReproError(f"{frames} frames are too few for two events; give at least 6.")
    rng = np.random.default_rng(seed)
    made = [_clip(frames, rng, several, twins) for _ in range(count)]
    return Clips(
        np.stack([clip[0] for clip in made]),
        np.stack([clip[1] for clip in made]),
        [clip[2] for clip in made],
        np.array([clip[3] for clip in made]),
    )


def _clip(
    frames: int, rng: np.random.Generator, several: float, twins: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64], list[Script], Motion]:
    number = int(rng.integers(2, PERSONS_MOST + 1)) if rng.random() < several else 1
    motion: Motion = str(rng.choice(["drift", "cross"] if number > 1 else ["drift", "leave"]))  # type: ignore[assignment]
    if number > 1 and rng.random() < 0.2:
        motion = "leave"
    people = [_person(place, frames, rng, motion) for place in range(number)]
    if rng.random() < 0.5:  # else the main character would always begin on the left
        for person in people:
            person.path[:, 0] = _PIXELS - person.path[:, 0]
    if number > 1 and rng.random() < twins:
        for other in people[1:]:
            other.skin, other.hair = people[0].skin, people[0].hair
    background = rng.uniform(80, 120)
    scene = np.full((frames, _PIXELS, _PIXELS), background)
    boxes = np.full((frames, PERSONS_MOST, 4), np.nan)
    for frame in range(frames):
        for place in reversed(range(number)):  # the main character stands in front
            boxes[frame, place] = _draw(scene[frame], people[place], frame)
        for place in range(1, number):
            if _covered(boxes[frame, place], boxes[frame, :place]):
                boxes[frame, place] = np.nan
    noisy = scene + rng.normal(0, NOISE, scene.shape)
    return noisy.clip(0, 255).astype(np.uint8), boxes, [person.script for person in people], motion


def _covered(box: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Tell whether more than 0.6 of a face lies behind one of `others`."""
    low, high = np.maximum(others[:, :2], box[:2]), np.minimum(others[:, 2:], box[2:])
    hidden = np.clip(high - low, 0, None).prod(axis=1) / np.prod(box[2:] - box[:2])
    return bool((hidden > 0.6).any())


def _person(place: int, frames: int, rng: np.random.Generator, motion: Motion) -> _Person:
    radius = float(rng.uniform(*(OTHER_RADIUS if place else MAIN_RADIUS)))
    skin, hair = float(rng.uniform(160, 220)), float(rng.uniform(130, 150))
    return _Person(radius, skin, hair, _path(place, frames, rng, motion), _script(frames, rng))


def _path(place: int, frames: int, rng: np.random.Generator, motion: Motion) -> NDArray[np.float64]:
    """Return the centre of a face by frame: persons keep their side, change sides, or walk out and back."""
    left = [24.0, 72.0, 48.0][place]
    height = [rng.uniform(34, 60), rng.uniform(28, 68), rng.uniform(76, 80)][place]
    steps = np.arange(frames)
    sway = np.cumsum(rng.uniform(-0.8, 0.8, (frames, 2)), axis=0)
    path = np.column_stack([np.full(frames, left), np.full(frames, height)]) + sway
    if motion == "cross" and place < 2:
        share = steps / (frames - 1)
        path[:, 0] += (72.0 - 24.0) * share * (1 if place == 0 else -1)
    if motion == "leave" and place == 0:
        out = int(rng.integers(1, frames - 2))
        distance = np.clip(1 - np.abs(steps - out - 0.5) / 2, 0, 1)
        path[:, 0] -= 90 * (distance > 0.5)
        path[:, 0] -= 8 * (distance > 0) * (distance <= 0.5)
    return path


def _script(frames: int, rng: np.random.Generator) -> Script:
    """Draw two or three different expressions, each two or three frames long, a frame at rest before each."""
    number = int(rng.integers(2, 4)) if frames >= 9 else 2
    names = rng.choice(list(EXPRESSIONS), number, replace=False)
    lengths = np.full(number, 2)
    spare = frames - 3 * number
    extra = rng.multinomial(spare, np.full(2 * number + 1, 1 / (2 * number + 1)))
    lengths = lengths + np.minimum(extra[:number], 1)
    events, start = [], 0
    for name, length, wait in zip(names, lengths, extra[number : 2 * number], strict=True):
        first = start + 1 + int(wait)
        events.append(Event(str(name), first, first + int(length) - 1))
        start = first + int(length)
    return tuple(events)


def state(script: Script, frame: int) -> dict[str, str]:
    """Return what of a face is moved in a frame: part -> how."""
    return dict(EXPRESSIONS[event.expression] for event in script if event.first <= frame <= event.last)


def _draw(picture: NDArray[np.float64], person: _Person, frame: int) -> NDArray[np.float64]:
    """Draw one face into `picture` and return its box, NaN where less than half of it is inside."""
    (x, y), radius = person.path[frame], person.radius
    box = np.array([x - 0.8 * radius, y - radius, x + 0.8 * radius, y + radius])
    low, high = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int) + 1
    low, high = np.maximum(low, 0), np.minimum(high, _PIXELS)
    if (high <= low).any():
        return np.full(4, np.nan)
    patch = picture[low[1] : high[1], low[0] : high[0]]
    rows, columns = np.mgrid[low[1] : high[1], low[0] : high[0]]
    _paint(patch, (columns - x) / radius, (rows - y) / radius, person, state(person.script, frame))
    inside = np.clip(box, 0, _PIXELS)
    seen = np.prod(inside[2:] - inside[:2]) / np.prod(box[2:] - box[:2])
    return inside if seen >= 0.5 else np.full(4, np.nan)


def _paint(
    patch: NDArray[Any], u: NDArray[Any], v: NDArray[Any], person: _Person, how: dict[str, str]
) -> None:
    """Paint a face in its own coordinates: u to the right, v down, the face an ellipse of 0.8 by 1."""
    face = (u / 0.8) ** 2 + v**2 <= 1
    patch[face] = person.skin
    patch[face & (v < -0.62)] = person.hair
    eye_height = 0.02 if how.get("eyes") == "closed" else 0.13
    brow = how.get("brows")
    for side in (-1, 1):
        at = u - side * 0.34
        patch[(at / 0.16) ** 2 + ((v + 0.16) / eye_height) ** 2 <= 1] = 20
        line = {"up": -0.58, "furrow": -0.3}.get(brow or "", -0.4) + (
            -0.6 * side * at if brow == "furrow" else 0
        )
        patch[(np.abs(at) <= 0.2) & (np.abs(v - line) <= 0.05)] = 50
    if how.get("mouth") == "open":
        patch[(u / 0.22) ** 2 + ((v - 0.5) / 0.24) ** 2 <= 1] = 40
        return
    bend = {"smile": -1.6, "frown": 1.6}.get(how.get("mouth", ""), 0.0)
    patch[(np.abs(u) <= 0.34) & (np.abs(v - (0.5 + bend * (u * u - 0.05))) <= 0.06)] = 40
