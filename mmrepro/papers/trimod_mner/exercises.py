"""Three exercises, from counting to a statistical test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mmrepro.display.exercise import Answer, Exercise


def count_stray(tags: Sequence[str]) -> int:
    """Count ``I-`` tags that continue no entity of their own type."""
    before = ["O", *tags][: len(tags)]
    return sum(
        tag.startswith("I-") and last not in (tag, f"B-{tag[2:]}")
        for last, tag in zip(before, tags, strict=True)
    )


def _check_stray(answer: Answer) -> None:
    found = answer(["B-PER", "I-PER", "O", "I-LOC", "I-LOC"])
    assert found is not None, "It returns None; return a number."
    assert found == 1, f"Only the first I-LOC continues nothing; one stray tag, not {found}."
    assert answer(["I-ORG"]) == 1, "At the start of a tweet nothing stands before an I- tag."
    assert answer(["B-PER", "I-LOC"]) == 1, "I-LOC does not continue a PER."
    assert answer([]) == 0, "A tweet without words has no stray tag."


def micro_f1(counts: ArrayLike) -> float:
    """Return micro-F1 in percent from rows of (right, predicted, gold) counts, one a tweet."""
    right, predicted, gold = np.asarray(counts).sum(axis=0)
    return float(200 * right / (predicted + gold))


def _check_f1(answer: Answer) -> None:
    found = answer([[1, 1, 1], [0, 1, 3]])
    assert found is not None, "It returns None; return a number in percent."
    assert abs(found - 100 / 3) < 1e-9, (
        f"Right 1, predicted 2, gold 4 make 2 * 1 / (2 + 4), a third, not {found} %: add up before dividing."
    )
    assert abs(answer([[2, 2, 2]]) - 100) < 1e-9, "All found and nothing else is 100 %."


def derangement(count: int, seed: int) -> list[int]:
    """Return a random order of ``range(count)`` in which nothing stays where it was."""
    order = np.random.default_rng(seed).permutation(count)
    moved = np.empty(count, dtype=int)
    moved[order] = np.roll(order, 1)
    return [int(place) for place in moved]


def _check_derangement(answer: Answer) -> None:
    found = answer(6, 0)
    assert found is not None, "It returns None; return a list of places."
    assert sorted(found) == list(range(6)), "Every place must be there exactly once."
    for seed in range(30):
        stays = [place for place, other in enumerate(answer(6, seed)) if place == other]
        assert not stays, f"With seed {seed} caption {stays[:1]} stays with its own tweet: no control there."
    assert len({tuple(answer(6, seed)) for seed in range(10)}) > 1, "Every seed gives the same order."


EXERCISES = (
    Exercise(
        title="The tags that scorers disagree on",
        level="easy",
        task="Write `count_stray(tags)`: how many `I-` tags of a tweet continue no entity of their own type.",
        hint="Look at each tag with the one before it; before the first stands `O`.",
        solution=count_stray,
        check=_check_stray,
    ),
    Exercise(
        title="Add up before you divide",
        level="medium",
        task=(
            "Write `micro_f1(counts)` for an array of shape (tweets, 3) with right, predicted and gold "
            "entities of each tweet: micro-F1 in percent. Then draw rows of "
            "`evaluation.tweet_counts(trained, 'text')` with replacement, and look at how far F1 moves."
        ),
        hint="F1 = 2 · right / (predicted + gold), with the sums over all tweets.",
        solution=micro_f1,
        check=_check_f1,
    ),
    Exercise(
        title="A control without loopholes",
        level="hard",
        task=(
            "A permutation may leave some captions with their own tweet, which weakens the control. Write "
            "`derangement(count, seed)`: a random order of `range(count)`, as a list, in which nothing "
            "stays in its place."
        ),
        hint="Draw a permutation, and pass everything on to the next one in its order, as in a circle.",
        solution=derangement,
        check=_check_derangement,
    ),
)
