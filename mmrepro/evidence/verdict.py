"""From measured values to a verdict; the rule that readers find in the book, in one place.

order
    Paired by seed. Holds when the 95 % interval of the difference, and the interval over clusters of
    test items where one is given, lie above the claim's margin and the Holm-adjusted exact sign-flip
    p is below 0.05. Positive but not by the margin is direction only. Fails when the intervals lie
    below the margin.
equal
    Holds when the 90 % interval of the mean difference lies within the margin on both sides of zero (two
    one-sided tests). Fails when its 95 % interval lies wholly beyond the margin on one side.
value, ratio
    Reproduced when the paper's number is inside the 95 % prediction interval of a new run *and* the
    90 % interval of our mean lies within the margin of it (two one-sided tests); compatible when only
    one of the two is true. One deterministic number is compared with the margin alone.
count
    Reproduced when the number agrees within the margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from pydantic import BaseModel, ConfigDict

from mmrepro.evidence import statistics
from mmrepro.evidence.claim import CONFIRMING_TIERS, Claim, Tier, Verdict

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05


class Estimate(BaseModel):
    """What was measured for a claim, with every number its verdict needs.

    Attributes
    ----------
    value
        The difference, ratio or number, in the claim's unit.
    interval
        95 % interval of `value`; None for one deterministic number.
    equivalence
        90 % interval of the mean (kinds value, ratio and equal).
    prediction
        95 % interval of a new run (the same kinds).
    cluster_interval
        95 % bootstrap interval over clusters of test items.
    p_value
        One-sided p that an order holds by more than the margin, before adjustment.
    n_seeds
        Seeds, or items where `basis` is ``items``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    value: float
    interval: tuple[float, float] | None = None
    equivalence: tuple[float, float] | None = None
    prediction: tuple[float, float] | None = None
    cluster_interval: tuple[float, float] | None = None
    p_value: float | None = None
    n_seeds: int = 1
    basis: Literal["seeds", "items", "exact"] = "seeds"


def estimate(claim: Claim, metrics: pd.DataFrame, dataset: str | None) -> Estimate | None:
    """Reduce tidy `metrics` (dataset, system, metric, seed, value) to the claim's estimate.

    None when a system of the claim was not measured, no seed measured both, or a ratio is to zero.
    """
    rows = metrics[(metrics["metric"] == claim.metric) & (metrics["dataset"].fillna("") == (dataset or ""))]
    measured: dict[str, dict[int, float]] = {system: {} for system in claim.systems}
    for system, seed, value in zip(rows["system"], rows["seed"], rows["value"], strict=True):
        if system in measured:
            measured[system][seed] = value
    seeds = sorted(set.intersection(*map(set, measured.values())))
    runs = np.array([[measured[system][seed] for system in claim.systems] for seed in seeds])
    if not seeds or (claim.kind == "ratio" and not runs[:, 1].all()):
        return None
    if claim.kind == "order":
        return _order_estimate(runs[:, 0] - runs[:, 1], claim.margin)
    return _value_estimate(runs[:, 0] / runs[:, 1] if claim.kind == "ratio" else runs[:, 0])


def _order_estimate(differences: np.ndarray, margin: float) -> Estimate:
    if len(differences) < 2:
        return Estimate(value=float(differences.mean()))
    return Estimate(
        value=float(differences.mean()),
        interval=statistics.mean_interval(differences),
        p_value=statistics.sign_flip_p(differences - margin),
        n_seeds=len(differences),
    )


def _value_estimate(values: np.ndarray) -> Estimate:
    if len(values) < 2:
        return Estimate(value=float(values.mean()), basis="exact")
    return Estimate(
        value=float(values.mean()),
        interval=statistics.mean_interval(values),
        equivalence=statistics.mean_interval(values, level=0.90),
        prediction=statistics.prediction_interval(values),
        n_seeds=len(values),
    )


def adjusted_p(estimates: Mapping[str, Estimate | None]) -> dict[str, float]:
    """Holm-adjust the p-values of a chapter's order claims, which are read together."""
    tested = {key: found.p_value for key, found in estimates.items() if found and found.p_value is not None}
    return dict(zip(tested, map(float, statistics.holm(list(tested.values()))), strict=True))


def decide(
    claim: Claim, found: Estimate | None, tier: Tier, p_adjusted: float | None = None
) -> tuple[Verdict, str]:
    """Give the verdict on `claim` and the sentence that says why.

    Parameters
    ----------
    found
        The estimate, or None where nothing was measured.
    tier
        Of the data that the run used; it caps the verdict.
    p_adjusted
        The Holm-adjusted p of an order claim; its own p when None.
    """
    if found is None:
        return "not testable", "nothing was measured for it in this run"
    if claim.kind == "order":
        verdict, reason = _decide_order(claim, found, p_adjusted if p_adjusted is not None else found.p_value)
    elif claim.kind == "equal":
        verdict, reason = _decide_equal(claim, found)
    else:
        verdict, reason = _decide_value(claim, found)
    if verdict in ("reproduced", "compatible") and tier not in CONFIRMING_TIERS:
        return "direction only", f"{reason}; {tier} data cannot show more"
    return verdict, reason


def _decide_order(claim: Claim, found: Estimate, p_value: float | None) -> tuple[Verdict, str]:
    seeds = f"{found.n_seeds} {found.basis}" if found.n_seeds != 1 else "1 seed"
    if found.basis == "seeds" and found.n_seeds < max(claim.min_seeds, 2):
        sign = "for" if found.value > claim.margin else "against"
        way = f", {sign} the claim" if found.value != claim.margin else ""
        return "inconclusive", f"indicative only{way}: {seeds}, at least {claim.min_seeds} needed"
    intervals = [known for known in (found.interval, found.cluster_interval) if known is not None]
    if not intervals or p_value is None:
        return "inconclusive", "no interval could be computed"
    low, high = min(known[0] for known in intervals), max(known[1] for known in intervals)
    what, lie, do = f"the 95 % interval over {seeds}", "lies", "does"
    if found.cluster_interval:
        what, lie, do = f"the 95 % intervals over {seeds} and over clusters of test items", "lie", "do"
    chance = f"(Holm-adjusted p = {p_value:.2g})"
    if low > claim.margin:
        above = f"{what} {lie} above {claim.margin:g}"
        if p_value < ALPHA:
            return "reproduced", f"{above} {chance}"
        verdict: Verdict = "direction only" if claim.margin > 0 else "inconclusive"
        return verdict, f"{above}, but chance is not ruled out {chance}"
    if low > 0 and claim.margin > 0:
        return (
            "direction only",
            f"{what} {lie} above 0, but the difference is not shown to exceed {claim.margin:g} {chance}",
        )
    if high < claim.margin:
        return "not reproduced", f"{what} {lie} below {claim.margin:g}"
    return "inconclusive", f"{what} {do} not decide {chance}"


def _decide_equal(claim: Claim, found: Estimate) -> tuple[Verdict, str]:
    if found.n_seeds < claim.min_seeds or found.interval is None or found.equivalence is None:
        return "inconclusive", f"indicative only: {found.n_seeds} seeds, at least {claim.min_seeds} needed"
    (low, high), (lower, upper) = found.equivalence, found.interval
    if -claim.margin <= low and high <= claim.margin:
        return "reproduced", f"the 90 % interval of the mean lies within {claim.margin:g} of zero"
    if lower > claim.margin or upper < -claim.margin:
        return "not reproduced", f"the 95 % interval lies wholly farther than {claim.margin:g} from zero"
    return "inconclusive", f"the intervals lie neither within {claim.margin:g} of zero nor wholly beyond"


def _decide_value(claim: Claim, found: Estimate) -> tuple[Verdict, str]:
    target = cast(float, claim.paper_value)
    published = minus(f"{target:g}")
    if claim.kind == "count" or found.basis == "exact":
        if abs(found.value - target) <= claim.margin:
            return "reproduced", f"agrees with {published} within {claim.margin:g}"
        return "not reproduced", f"differs from {published} by more than {claim.margin:g}"
    if found.n_seeds < claim.min_seeds or found.prediction is None or found.equivalence is None:
        return "inconclusive", f"indicative only: {found.n_seeds} seeds, at least {claim.min_seeds} needed"
    predicted = found.prediction[0] <= target <= found.prediction[1]
    equivalent = max(abs(edge - target) for edge in found.equivalence) <= claim.margin
    width = "a new run's 95 % interval is " + minus(" to ".join(f"{edge:.4g}" for edge in found.prediction))
    if predicted and equivalent:
        return "reproduced", f"{width}, and our mean is within {claim.margin:g} of {published}"
    if predicted:
        return "compatible", f"{width}, too wide to show agreement within {claim.margin:g}"
    if equivalent:
        return "compatible", f"our mean is within {claim.margin:g} of {published}, but {width}"
    return "not reproduced", f"{width}, without {published}"


def minus(number: str) -> str:
    """Write a number's hyphen as the minus sign that it stands for."""
    return number.replace("-", "−")


def label(verdict: Verdict, tier: Tier) -> str:
    """Spell a verdict for readers: other than the paper's data are named with it."""
    if tier in CONFIRMING_TIERS or verdict == "not testable":
        return verdict
    return f"{verdict} ({tier} data)"


def heading_mark(verdicts: Sequence[tuple[Verdict, Tier]]) -> str:
    """Mark a chapter by its headline claims.

    ``[Re]`` when all are reproduced or compatible, ``[¬Re]`` when at least one is refuted on the
    paper's own data or in closed form, ``[Re?]`` otherwise.
    """
    if verdicts and all(verdict in ("reproduced", "compatible") for verdict, _ in verdicts):
        return "[Re]"
    if any(verdict == "not reproduced" and tier in CONFIRMING_TIERS for verdict, tier in verdicts):
        return "[¬Re]"
    return "[Re?]"
