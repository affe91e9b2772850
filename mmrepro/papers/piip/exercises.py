"""Three exercises, from one formula to a whole budget."""

from __future__ import annotations

from collections.abc import Sequence

from mmrepro.display.exercise import Answer, Exercise


def attention_macs(tokens: int, dim: int, window: int | None) -> int:
    """Return the MACs of attending: scores and weighted sum, `window` tokens a side or over all."""
    seen = tokens if window is None else min(window**2, tokens)
    return 2 * tokens * seen * dim


def _check_attention(answer: Answer) -> None:
    found = answer(100, 8, None)
    assert found is not None, "It returns None; return a number of MACs."
    assert found == 2 * 100 * 100 * 8, (
        f"Every token scores every token and sums every value: 2 x 100 x 100 x 8 MACs, not {found}."
    )
    assert answer(100, 8, 5) == 2 * 100 * 25 * 8, "In windows of 5 x 5 a token sees 25 tokens."
    assert answer(16, 8, 5) == 2 * 16 * 16 * 8, "A grid smaller than its window is seen whole, and no more."


def affordable_size(budget: float, dim: int, depth: int, patch: int = 16) -> int:
    """Return the largest image side (pixels) whose linear layers cost at most `budget` MACs."""
    side = 0
    while 12 * depth * dim**2 * ((side + patch) // patch) ** 2 <= budget:
        side += patch
    return side


def _check_size(answer: Answer) -> None:
    found = answer(12 * 12 * 192**2 * 100, 192, 12)
    assert found is not None, "It returns None; return a side in pixels."
    assert found == 160, (
        f"A hundred tokens of a 12-block network 192 wide are a 10 x 10 grid: 160 pixels, not {found}."
    )
    assert answer(12 * 12 * 192**2 * 100, 384, 12) == 80, (
        "Twice the width costs four times as much a token: half the side is left."
    )
    assert answer(10.0, 192, 12) == 0, "A budget below one token buys no image at all."


def interaction_order(branches: int) -> list[tuple[int, int]]:
    """Return the pairs that exchange features in one interaction, in order; 0 is the widest branch."""
    return [(place, place + 1) for place in reversed(range(branches - 1))]


def _check_order(answer: Answer) -> None:
    found = answer(3)
    assert found is not None, "It returns None; return a list of pairs."
    pairs = [tuple(pair) for pair in found]
    assert sorted(pairs) == [(0, 1), (1, 2)], "Only neighbours talk: three branches make two pairs."
    assert pairs == [(1, 2), (0, 1)], "The pair on the finest images comes first."
    assert [tuple(pair) for pair in answer(1)] == [], "A single branch has nobody to talk to."
    assert len(answer(5)) == 4, "Five branches make four pairs of neighbours."


EXERCISES: Sequence[Exercise] = (
    Exercise(
        title="Count attention",
        level="easy",
        task="Write `attention_macs(tokens, dim, window)`: the MACs of scores and weighted sum in one block, "
        "with windows of `window` tokens a side, or over all tokens when `window` is None.",
        hint="Each token meets as many tokens as a window holds, but never more than there are; each meeting "
        "costs `dim` MACs for the score and `dim` for the sum.",
        solution=attention_macs,
        check=_check_attention,
    ),
    Exercise(
        title="Spend a budget",
        level="medium",
        task="Write `affordable_size(budget, dim, depth, patch=16)`: the largest side, a multiple of the "
        "patch, of a square image whose linear layers (12 dim² MACs a token and block) fit in `budget`.",
        hint="Count tokens first: budget over the price of one; then the side of the largest square grid.",
        solution=affordable_size,
        check=_check_size,
    ),
    Exercise(
        title="Who talks first",
        level="hard",
        task="Write `interaction_order(branches)`: the pairs (i, i + 1) that exchange features in one "
        "interaction, in the order of the released code; branch 0 is the widest, on the smallest image.",
        hint="Pairs go from the largest image to the smallest, so a message from the finest branch can reach "
        "the widest within one interaction.",
        solution=interaction_order,
        check=_check_order,
    ),
)
