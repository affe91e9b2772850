"""Intervals over patients for the claims that are about tiles."""

from __future__ import annotations

from mmrepro.evidence.claim import Claim
from mmrepro.evidence.statistics import Interval, cluster_interval
from mmrepro.papers.ewing_vls.experiment import IMAGENET, STRICT
from mmrepro.papers.ewing_vls.projections import IMAGE_TEXT
from mmrepro.papers.ewing_vls.runs import Answers
from mmrepro.papers.ewing_vls.scores import auc_interval, gain_of
from mmrepro.papers.ewing_vls.tiles import Bags


def compared(claim: Claim) -> tuple[tuple[str, str, str], tuple[str, str, str]] | None:
    """Name the answers (features, aggregator, split) that a claim compares; None where it has none."""
    metric, _, split = claim.metric.partition(", ")
    if metric in ("accuracy", "macro AUC"):
        one, other = ((system, "ABMIL", split) for system in claim.systems)
    elif metric == "accuracy by aggregator":
        one, other = ((IMAGE_TEXT, system, STRICT) for system in claim.systems)
    elif metric == "accuracy by split":
        one, other = ((IMAGENET, "ABMIL", system) for system in claim.systems)
    else:
        return None
    return one, other


def patient_interval(claim: Claim, answers: Answers, bags: Bags, rounds: int) -> Interval | None:
    """Bootstrap a claim's difference over whole patients, averaged over seeds, in points."""
    keys = compared(claim)
    if keys is None:
        return None
    one, other = (answers.probabilities[key] for key in keys)
    if claim.metric.startswith("macro AUC"):
        return auc_interval(bags.labels, bags.patients, one, other, rounds)
    return cluster_interval(gain_of(bags.labels, one, other), bags.patients)
