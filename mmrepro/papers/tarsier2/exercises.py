"""Three exercises: a score, a filter and a loss."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, log1p

from mmrepro.display.exercise import Answer, Exercise


def overall_f1(scores: Sequence[tuple[str, float, float]]) -> float:
    """Return F1 of the means, over categories, of the categories' mean recall and precision."""
    kinds = sorted({kind for kind, _, _ in scores})
    by_kind = [[row for row in scores if row[0] == kind] for kind in kinds]
    recall = sum(sum(row[1] for row in own) / len(own) for own in by_kind) / len(kinds)
    precision = sum(sum(row[2] for row in own) / len(own) for own in by_kind) / len(kinds)
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _check_overall(answer: Answer) -> None:
    found = answer([("a", 1.0, 0.5), ("a", 0.0, 0.5), ("b", 1.0, 1.0)])
    assert found is not None, "It returns None; return a number."
    assert abs(found - 0.75) < 1e-9, (
        "Category a has means 0.5 and 0.5, category b 1 and 1: F1 of 0.75 and 0.75."
    )
    assert answer([("a", 0.0, 0.0)]) == 0, "Where recall and precision are 0, F1 is 0."
    mixed = answer([("a", 0.8, 0.2), ("b", 0.2, 0.8)])
    assert abs(mixed - 0.5) < 1e-9, "Join the means first, then take F1; the mean of F1s is another number."


def keep_pair(recall: Sequence[float], precision: Sequence[float], least_gain: float) -> bool:
    """Tell whether a pair passes; the first two hold the chosen text's score, then the rejected's."""
    gains = recall[0] - recall[1], precision[0] - precision[1]
    return min(gains) >= 0 and sum(gains) >= least_gain


def _check_filter(answer: Answer) -> None:
    found = answer((0.5, 0.25), (0.5, 0.25), 0.3)
    assert found is not None, "It returns None; return True or False."
    assert found, "Gains of 0.25 and 0.25 add up to 0.5."
    assert not answer((1.0, 0.0), (0.25, 0.5), 0.3), "No gain in recall makes up for a loss in precision."
    assert not answer((0.5, 0.5), (0.5, 0.25), 0.3), "A gain of 0.25 is less than 0.3."


def preference_loss(chosen: float, rejected: float, before: tuple[float, float], beta: float) -> float:
    """Return the loss of direct preference optimisation of one pair of log-probabilities."""
    margin = beta * ((chosen - before[0]) - (rejected - before[1]))
    return log1p(exp(-margin)) if margin > 0 else log1p(exp(margin)) - margin


def _check_loss(answer: Answer) -> None:
    found = answer(-3.0, -5.0, (-3.0, -5.0), 0.1)
    assert found is not None, "It returns None; return the loss."
    assert abs(found - log(2)) < 1e-9, (
        "A policy that has not moved has a loss of ln 2, whichever text is likelier."
    )
    assert abs(answer(-1.0, -5.0, (-3.0, -5.0), 1.0) - log1p(exp(-2.0))) < 1e-9, "Here the margin is 2."
    assert abs(answer(-900.0, -1.0, (-1.0, -1.0), 1.0) - 899.0) < 1e-6, (
        "Large negative margins must not overflow."
    )


EXERCISES = (
    Exercise(
        title="The mean first, or F1 first?",
        level="easy",
        task=(
            "Write `overall_f1(scores)` for a list of (category, recall, precision), one a clip: means "
            "within each category, means of those over categories, then F1 of the two; 0 where both are 0."
        ),
        hint="Go over the sorted set of categories once for recall and once for precision.",
        solution=overall_f1,
        check=_check_overall,
    ),
    Exercise(
        title="A pair worth learning from",
        level="medium",
        task=(
            "Write `keep_pair(recall, precision, least_gain)`: each of the first two holds the chosen "
            "text's score and the rejected text's. A pair is kept when neither score falls and "
            "the two gains add up to enough."
        ),
        hint="Two differences; then `min` and `sum`.",
        solution=keep_pair,
        check=_check_filter,
    ),
    Exercise(
        title="The loss that prefers",
        level="hard",
        task=(
            "Write `preference_loss(chosen, rejected, before, beta)` for one pair of log-probabilities; "
            "`before` holds those of the model that the policy started from. It must not overflow for "
            "large margins of either sign."
        ),
        hint="The loss is ln(1 + exp(-m)). For a negative margin m, take -m out of the logarithm.",
        solution=preference_loss,
        check=_check_loss,
    ),
)
