"""Is an offline judge any good? Its threshold, chosen on some references and tested on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.evidence.events import sentences
from mmrepro.evidence.judge import OverlapJudge, Relation
from mmrepro.papers.tarsier2.benchmark import Clip
from mmrepro.papers.tarsier2.edits import LISTED, UNLISTED, flipped

Scores = NDArray[np.float64]
_GRID = np.linspace(0.2, 0.9, 71)


@dataclass(frozen=True)
class Graded:
    """Scores of events against their own reference, and against another one of the same category."""

    own: Scores
    other: Scores

    def accuracy(self, threshold: float) -> float:
        """Return the mean share of own events accepted and of others' refused (balanced accuracy)."""
        return float(((self.own >= threshold).mean() + (self.other < threshold).mean()) / 2)

    def area(self) -> float:
        """Return the area under the ROC curve: how often an own event scores above another's."""
        from sklearn.metrics import roc_auc_score

        labels = np.repeat([1, 0], [len(self.own), len(self.other)])
        return float(roc_auc_score(labels, np.concatenate([self.own, self.other])))


def best_scores(judge: OverlapJudge, events: Sequence[str], text: str) -> Scores:
    """Score each event by the best sentence or event of a text, (events,)."""
    units = list(dict.fromkeys([*sentences(text), *judge.units.events(text)]))
    return np.asarray(judge.scores(list(events), units).max(axis=1, initial=0.0))


def grade(judge: OverlapJudge, clips: Sequence[Clip], rng: np.random.Generator) -> Graded:
    """Score the events of every clip against its reference, and against one of another clip of its category.

    Raises
    ------
    MMReproError
        Where no clip shares its category with another.
    """
    own, other = [], []
    for clip in clips:
        rivals = [each for each in clips if each.category == clip.category and each is not clip]
        if not rivals or not clip.events:
            continue
        rival = rivals[int(rng.integers(len(rivals)))]
        own.append(best_scores(judge, clip.events, clip.reference))
        other.append(best_scores(judge, clip.events, rival.reference))
    if not own:
        raise MMReproError("No two clips share a category, so no judge can be graded; give more clips.")
    return Graded(np.concatenate(own), np.concatenate(other))


def best_threshold(graded: Graded) -> float:
    """Return the threshold of the highest balanced accuracy; the middle one of several."""
    found = np.array([graded.accuracy(threshold) for threshold in _GRID])
    best = np.flatnonzero(found == found.max())
    return float(_GRID[best[len(best) // 2]])


def calibrated(
    judge: OverlapJudge, first: Sequence[Clip], second: Sequence[Clip], seed: int = 0
) -> tuple[OverlapJudge, Graded]:
    """Choose a judge's threshold on `first`; return it with its grades on `second`."""
    rng = np.random.default_rng(seed)
    threshold = best_threshold(grade(judge, first, rng))
    return replace(judge, threshold=threshold), grade(judge, second, rng)


def split_clips(
    clips: Sequence[Clip], first: int, second: int, seed: int = 0
) -> tuple[list[Clip], list[Clip]]:
    """Draw two sets of clips that share none; fewer where there are not so many."""
    order = np.random.default_rng(seed).permutation(len(clips))
    cut = min(first, len(clips) // 2)
    return [clips[place] for place in order[:cut]], [clips[place] for place in order[cut : cut + second]]


def contradictions(judge: OverlapJudge, clips: Sequence[Clip]) -> pd.DataFrame:
    """Put an opposite into events and ask how many are still called entailed, with a veto and without.

    Returns
    -------
    DataFrame
        words (which list the opposites are from), events, and shares accepted (percent): of the true events,
        of the edited ones without a veto, and with it.
    """
    plain = replace(judge, opposites={})
    rows = []
    for name, opposites in (("known to the veto", LISTED), ("unknown to it", UNLISTED)):
        found = _accepted({"plain": plain, "veto": judge}, clips, opposites)
        rows.append({"opposites": name, **found})
    return pd.DataFrame(rows)


def _accepted(
    judges: Mapping[str, OverlapJudge], clips: Sequence[Clip], opposites: Mapping[str, str]
) -> dict[str, int | float]:
    shares: dict[str, list[bool]] = {}
    for clip in clips:
        edited = {event: flipped(event, opposites) for event in clip.events}
        true = [event for event, other in edited.items() if other is not None]
        false = [other for other in edited.values() if other is not None]
        if not true:
            continue
        for kind, judge in judges.items():
            for what, events in (("true", true), ("contradicted", false)):
                relations = judge.against_text(events, clip.reference)
                shares.setdefault(f"{what}, {kind}", []).extend(relations == Relation.ENTAILMENT)
    counted: dict[str, int | float] = {"events": len(shares.get("true, plain", []))}
    return counted | {name: 100 * float(np.mean(found)) for name, found in shares.items()}
