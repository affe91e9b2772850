"""Three exercises, from order to identity."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mmrepro.display.exercise import Answer, Exercise


def common_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence of two sequences of events."""
    before = [0] * (len(second) + 1)
    for event in first:
        row = [0]
        for place, other in enumerate(second):
            row.append(before[place] + 1 if event == other else max(before[place + 1], row[-1]))
        before = row
    return before[-1]


def _check_common(answer: Answer) -> None:
    found = answer(["smile", "blink", "frown"], ["smile", "frown"])
    assert found is not None, "It returns None; return a whole number."
    assert found == 2, "Smile and frown stand in both, in this order; blink may be skipped."
    assert answer(["smile", "blink", "frown"], ["frown", "blink", "smile"]) == 1, (
        "Told backwards, any two events are in the wrong order: one is left."
    )
    assert answer([], ["smile"]) == 0, "Nothing has nothing in common."
    assert answer(["smile", "smile"], ["smile"]) == 1, "One told event cannot match twice."


def floor_of(captions: Sequence[Sequence[str]]) -> float:
    """Return the largest mean recall that one event, told of every clip, can have."""
    names = sorted({event for events in captions for event in events})
    means = [sum((name in events) / len(events) for events in captions) / len(captions) for name in names]
    return max(means)


def _check_floor(answer: Answer) -> None:
    found = answer([["smile", "blink"], ["smile"]])
    assert found is not None, "It returns None; return a number from 0 to 1."
    assert abs(found - 0.75) < 1e-9, (
        "Always telling a smile recalls 1/2 of the first clip and all of the second."
    )
    assert abs(answer([["a"], ["b"], ["a", "b", "c"]]) - 4 / 9) < 1e-9, "Average over clips, not over events."


def switches(owners: Sequence[str | None]) -> int:
    """Return how often a person's box goes from one track to another; frames without a track are skipped."""
    seen = [owner for owner in owners if owner is not None]
    return sum(one != other for one, other in pairwise(seen))


def _check_switches(answer: Answer) -> None:
    found = answer(["t1", "t1", "t2"])
    assert found is not None, "It returns None; return a whole number."
    assert found == 1, "From t1 to t2 is one switch."
    assert answer(["t1", None, None, "t1"]) == 0, (
        "A face that is lost and found by its own track is no switch."
    )
    assert answer(["t1", None, "t2", "t1"]) == 2, "There and back again are two."
    assert answer([]) == 0, "Nobody, no switch."


EXERCISES = (
    Exercise(
        title="The floor",
        level="easy",
        task=(
            "Write `floor_of(captions)`: given the events of each clip, the largest mean recall of a system "
            "that tells the same single event of every clip. Then look at the floors in the figure again."
        ),
        hint="For each event, average over clips the share of the clip's events that it makes up.",
        solution=floor_of,
        check=_check_floor,
    ),
    Exercise(
        title="In the right order",
        level="medium",
        task=(
            "Write `common_length(first, second)`: the length of the longest sequence of events that "
            "stands in both, in the same order, with gaps allowed."
        ),
        hint="Keep one row of the table: what is common to the events so far and each prefix of the second.",
        solution=common_length,
        check=_check_common,
    ),
    Exercise(
        title="Who is who",
        level="hard",
        task=(
            "Write `switches(owners)`: for one person, the name of the track that holds its box in each "
            "frame (None where there is none), how often it passes from one track to another."
        ),
        hint="First leave out the frames without a track; then compare neighbours.",
        solution=switches,
        check=_check_switches,
    ),
)
