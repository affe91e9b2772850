"""A judge that is never wrong, for videos whose events are known; its interface is that of judges of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmrepro.evidence.judge import Relation, Relations
from mmrepro.papers.tarsier2.captions import clauses
from mmrepro.papers.tarsier2.renderer import OPPOSITES

_OPPOSITE = {**OPPOSITES, **{other: one for one, other in OPPOSITES.items()}}


@dataclass(frozen=True)
class ExactJudge:
    """An event is entailed by itself, contradicted by the opposite action of the same ball."""

    def between(self, events: Sequence[str], others: Sequence[str]) -> Relations:
        """Judge every event against every one of `others`; shape (events, others)."""
        rows = [[_relation(event, other) for other in others] for event in events]
        return np.array(rows, dtype=np.int8).reshape(len(events), len(others))

    def against_text(self, events: Sequence[str], text: str) -> Relations:
        """Judge every event against a description; shape (events,)."""
        relations = self.between(events, clauses(text))
        entailed = (relations == Relation.ENTAILMENT).any(axis=1)
        denied = (relations == Relation.CONTRADICTION).any(axis=1)
        return np.where(entailed, Relation.ENTAILMENT, -denied.astype(np.int8)).astype(np.int8)


def _relation(event: str, other: str) -> Relation:
    if event == other:
        return Relation.ENTAILMENT
    subject, _, action = event.partition(" ")
    opposite = _OPPOSITE.get(action)
    return Relation.CONTRADICTION if other == f"{subject} {opposite}" else Relation.NEUTRAL
