"""Three exercises: what a flight is worth, what a tank is worth, and how near two craft come."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmrepro.display.exercise import Answer, Exercise
from mmrepro.papers.space_operator.craft import EXHAUST, UNIT_KG
from mmrepro.papers.space_operator.score import Approach, pursuit_score


def worth(distance: float, speed: float, propellant_kg: float, time: float) -> float:
    """Return the PE1 score of a closest approach."""
    burnt = math.pow(0.1 * propellant_kg, 1.25)
    return (0.1 * distance) ** 2 + math.pow(0.5 * speed, 1.5) + burnt + 0.01 * time


def _check_worth(answer: Answer) -> None:
    found = answer(100.0, 0.0, 0.0, 0.0)
    assert found is not None, "It returns None; return a number."
    assert abs(found - 100) < 1e-9, "A hundred metres alone cost (0.1 * 100) squared."
    assert abs(answer(0.0, 8.0, 0.0, 0.0) - 8) < 1e-9, "Eight m/s cost (0.5 * 8) to the power of 1.5."
    wanted = pursuit_score(Approach(235.2, 77.9, 651.6, 200.8))
    assert abs(answer(235.2, 77.9, 651.6, 200.8) - wanted) < 1e-6, (
        "Look at the powers of propellant and time."
    )


def speed_left(units: float, dry_kg: float = 1885.0) -> float:
    """Return the change of speed in m/s that so many units of propellant give."""
    return EXHAUST * math.log((dry_kg + UNIT_KG * units) / dry_kg)


def _check_speed_left(answer: Answer) -> None:
    found = answer(0)
    assert found is not None, "It returns None; return m/s."
    assert abs(found) < 1e-9, "An empty tank gives nothing."
    assert abs(answer(1200) - speed_left(1200)) < 1.0, (
        "A full tank holds 1,200 units, and a unit is 4 kg; the observation calls it a kilogram."
    )
    assert abs(answer(300, 2000.0) - speed_left(300, 2000.0)) < 0.5, "Use the dry mass that is given."


def nearest_pass(place: Sequence[float], drift: Sequence[float], seconds: float) -> float:
    """Return the least distance of a target that moves along a straight line, from now until `seconds`."""
    square = sum(each * each for each in drift)
    when = -sum(p * v for p, v in zip(place, drift, strict=True)) / square if square else 0.0
    when = min(seconds, max(0.0, when))
    return math.hypot(*(p + when * v for p, v in zip(place, drift, strict=True)))


def _check_nearest_pass(answer: Answer) -> None:
    found = answer([100.0, 10.0, 0.0], [-5.0, 0.0, 0.0], 60.0)
    assert found is not None, "It returns None; return metres."
    assert abs(found - 10) < 1e-9, "It passes at ten metres, twenty seconds from now."
    assert abs(answer([100.0, 10.0, 0.0], [-5.0, 0.0, 0.0], 10.0) - math.hypot(50, 10)) < 1e-9, (
        "After ten seconds it has not passed yet."
    )
    assert abs(answer([100.0, 0.0, 0.0], [5.0, 0.0, 0.0], 60.0) - 100) < 1e-9, (
        "It recedes: now is as near as it gets."
    )
    assert abs(answer([3.0, 4.0, 0.0], [0.0, 0.0, 0.0], 9.0) - 5) < 1e-9, (
        "It stands still; mind a division by 0."
    )


EXERCISES = (
    Exercise(
        title="What a flight is worth",
        level="easy",
        task=(
            "Write `worth(distance, speed, propellant_kg, time)`, the score of PE1, from its formula above. "
            "Then ask it: what does a miss of fifty metres cost, and how much propellant is that?"
        ),
        hint="Four terms; only the powers differ.",
        solution=worth,
        check=_check_worth,
    ),
    Exercise(
        title="What a tank is worth",
        level="medium",
        task=(
            "Write `speed_left(units, dry_kg=1885.0)`: the change of speed, in m/s, that so many *units* of "
            "propellant give, with a specific impulse of 240 s and 9.80665 m/s² for standard gravity."
        ),
        hint="The rocket equation, and what a unit weighs.",
        solution=speed_left,
        check=_check_speed_left,
    ),
    Exercise(
        title="How near they come",
        level="hard",
        task=(
            "Write `nearest_pass(place, drift, seconds)`: a target is at `place` (m), drifts straight "
            "with `drift` (m/s), both relative to you. How near does it come within so many seconds?"
        ),
        hint="Where is the derivative of the squared distance zero, and is that moment within the span?",
        solution=nearest_pass,
        check=_check_nearest_pass,
    ),
)
