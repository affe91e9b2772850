"""What an operator reads and says: a line of telemetry, and three words for a burn of half a second."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.agents import view
from mmrepro.papers.space_operator.environment import Waiting
from mmrepro.papers.space_operator.flight import Flight
from mmrepro.papers.space_operator.frames import prograde
from mmrepro.papers.space_operator.logs import PromptRow
from mmrepro.papers.space_operator.vector import Vector

if TYPE_CHECKING:
    from torch import Tensor

    from mmrepro.modeling.captioner import Vocabulary

DURATION = 0.5
"""Seconds of every burn that is told in words."""
LANGUAGE = (("backward", "none", "forward"), ("left", "none", "right"), ("up", "none", "down"))
"""Words of each axis for a throttle of -1, 0 and 1."""
ASK = "act"
"""Last word of a prompt: the reply follows."""
Burn = tuple[float, float, float, float]
"""Throttle forward, right, down, and seconds."""
COAST: Burn = (0.0, 0.0, 0.0, DURATION)
WORDS = [
    *("prograde", "distance", "speed", "m", "m/s", "approaching", "receding", ASK),
    *"+-.0123456789",
    *(word for axis in LANGUAGE for word in axis),
]
"""Every word of prompts, as `spelled` gives them, and of replies."""
_REPLY = re.compile(
    r"(?:perform_action)?[\s(\[]*([a-z]+)[\s,]+([a-z]+)[\s,]+([a-z]+)[\s)\].]*", re.IGNORECASE
)


class Telemetry(NamedTuple):
    """What a prompt tells in words.

    Attributes
    ----------
    prograde
        Direction of motion relative to the target along right, forward, down.
    distance, speed
        To and relative to the target, in m and m/s.
    approaching
        Whether the distance shrinks.
    """

    prograde: Vector
    distance: float
    speed: float
    approaching: bool

    def line(self) -> str:
        """Write the telemetry, always as long: what its fields cannot hold is told as their greatest."""
        right, forward, down = (round(each, 2) + 0.0 for each in self.prograde)  # no minus before a zero
        distance, speed = min(self.distance, 99_999.9), min(self.speed, 999.9)
        return (
            f"prograde {right:+.2f} {forward:+.2f} {down:+.2f} distance {distance:07.1f} m "
            f"speed {speed:05.1f} m/s {'approaching' if self.approaching else 'receding'}"
        )


def telemetry(flight: Flight) -> Telemetry:
    """Read the telemetry of the agent's craft."""
    seen = view(flight)
    motion = prograde(flight.agent.state, flight.target.state, flight.axes)
    return Telemetry(motion, seen.distance, seen.speed, seen.approaching)


def guarded_telemetry(flight: Flight) -> PromptRow:
    """Read what the game printed into the prompts of the authors' vision-language model.

    Raises
    ------
    MMReproError
        For a flight without a guard.
    """
    if flight.guard is None:
        raise MMReproError("nobody guards the target of this flight; read its telemetry() instead.")
    seen = telemetry(flight)
    away = flight.guard_true.distance
    return PromptRow(flight.time, seen.prograde, seen.distance, seen.speed, seen.approaching, away)


def guarded_line(shown: PromptRow) -> str:
    """Write guarded telemetry with the decimals of the authors' prompts, none of them a trailing zero."""
    right, forward, down = (_short(each, 8) for each in shown.prograde)
    time, lady, speed, guard = (_short(e, 2) for e in (shown.time, shown.lady, shown.speed, shown.guard))
    return (
        f"mission time {time} s prograde {right} {forward} {down} lady distance {lady} m speed {speed} m/s "
        f"{'approaching' if shown.approaching else 'receding'} guard distance {guard} m"
    )


def _short(value: float, decimals: int) -> str:
    """Write a number with at most so many decimals."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".rstrip("0").removesuffix(".")


def line(flight: Flight) -> str:
    """Write the telemetry of a flight: with mission time and the guard's distance where one guards."""
    return telemetry(flight).line() if flight.guard is None else guarded_line(guarded_telemetry(flight))


def spelled(line: str) -> str:
    """Put blanks between the characters of numbers, so that each is a word of the vocabulary."""
    return " ".join(" ".join(word) if re.search(r"\d", word) else word for word in line.split())


def told(burn: Sequence[float]) -> str:
    """Say a burn in words.

    Raises
    ------
    MMReproError
        For a throttle other than -1, 0 and 1.
    """
    if len(burn) < 3 or any(each not in (-1, 0, 1) for each in burn[:3]):
        raise MMReproError(
            f"the burn {tuple(burn)} cannot be said in words; its three throttles must be -1, 0 or 1."
        )
    return " ".join(words[int(each) + 1] for words, each in zip(LANGUAGE, burn, strict=False))


def understood(reply: str) -> Burn | None:
    """Read a reply of three words: forward, right and down, in this order.

    Case, commas, brackets and the name of the authors' function, `perform_action(...)`, do not matter.

    Returns
    -------
    tuple or None
        None for a malformed reply: other words, too few, too many, or an axis out of its place.
    """
    found = _REPLY.fullmatch(reply.strip())
    if found is None:
        return None
    words = [word.lower() for word in found.groups()]
    if any(word not in known for word, known in zip(words, LANGUAGE, strict=True)):
        return None
    forward, right, down = (known.index(word) - 1.0 for word, known in zip(words, LANGUAGE, strict=True))
    return forward, right, down, DURATION


@dataclass
class Interpreter:
    """Turns the replies of one flight into burns and counts those that it cannot read.

    Attributes
    ----------
    waiting
        What a malformed reply leads to: "hold" repeats the last burn that was understood, as the game
        does when no new one arrives; "coast" burns nothing. Before the first it coasts.
    replies, malformed
        How many came, and how many of them could not be read.

    Raises
    ------
    MMReproError
        For another way of waiting.
    """

    waiting: Waiting = "hold"
    replies: int = 0
    malformed: int = 0
    _last: Burn = COAST

    def __post_init__(self) -> None:
        if self.waiting not in ("hold", "coast"):
            raise MMReproError(
                f"a malformed reply leads to {self.waiting!r}; the craft can 'hold' or 'coast'."
            )

    def burn(self, reply: str) -> Burn:
        """Return the burn that a reply leads to."""
        self.replies += 1
        burn = understood(reply)
        if burn is None:
            self.malformed += 1
            return self._last if self.waiting == "hold" else COAST
        self._last = burn
        return burn


def constrained(logits: Tensor, axis: int, vocabulary: Vocabulary) -> Tensor:
    """Leave only the words of one axis a chance, so that no reply is malformed.

    Parameters
    ----------
    logits
        Of the next word, shape (..., vocabulary).
    axis
        0 for forward, 1 for right, 2 for down.

    Returns
    -------
    Tensor
        Of the same shape, minus infinity for every other word.
    """
    numbers = [vocabulary.number(word) for word in LANGUAGE[axis]]
    allowed = logits.new_full(logits.shape, float("-inf"))
    allowed[..., numbers] = logits[..., numbers]
    return allowed
