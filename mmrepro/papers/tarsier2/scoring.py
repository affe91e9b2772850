"""AutoDQ on texts: edited references, and descriptions by real systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.evidence.description import (
    OFFICIAL,
    DescriptionScore,
    EmptyRule,
    autodq,
    event_matches,
    f1,
    overall,
    tem,
)
from mmrepro.evidence.events import EventExtractor, EventSource
from mmrepro.evidence.judge import Judge, OverlapJudge
from mmrepro.evidence.language_judge import Endpoint, LanguageExtractor, LanguageJudge
from mmrepro.evidence.resampling import draw_weights
from mmrepro.papers.tarsier2 import edits
from mmrepro.papers.tarsier2.benchmark import Clip
from mmrepro.papers.tarsier2.settings import JudgeSettings

UNCHANGED, REVERSED, EMPTY = "unchanged", "order reversed", "empty"
DROPPED, INVENTED = "one event dropped", "one event invented"
CONTRADICTED, REWORDED = "one event contradicted", "other words"
_LEAST_EVENTS = 3


def edited(clips: Sequence[Clip]) -> dict[str, list[tuple[Clip, list[str]]]]:
    """Edit the published events of clips in one way each: edit -> (clip, events told)."""
    kept = [clip for clip in clips if len(clip.events) >= _LEAST_EVENTS]
    found: dict[str, list[tuple[Clip, list[str]]]] = {}
    for place, clip in enumerate(kept):
        events, stranger = list(clip.events), kept[(place + 1) % len(kept)]
        flips = [edits.flipped(event, edits.UNLISTED | edits.LISTED) for event in events]
        first = next((number for number, flip in enumerate(flips) if flip is not None), None)
        ways = {
            UNCHANGED: events,
            REVERSED: events[::-1],
            DROPPED: edits.without_one(events),
            INVENTED: edits.with_one_more(events, stranger.events[0]),
            REWORDED: [edits.reworded(event) for event in events],
        }
        if first is not None:
            flip = flips[first] or ""
            ways[CONTRADICTED] = [*events[:first], flip, *events[first + 1 :]]
        ways[EMPTY] = []
        for way, told in ways.items():
            found.setdefault(way, []).append((clip, told))
    return found


def sensitivity(judge: Judge, clips: Sequence[Clip]) -> pd.DataFrame:
    """Score edited descriptions against the unedited; events of both are known, so the judge alone errs.

    Returns
    -------
    DataFrame
        edit, clips, recall, precision, F1 (as the released scorer joins them), the same F1 with the released
        rule for empty lists, and TEM, which heeds order; in percent.
    """
    rows = []
    for way, cases in edited(clips).items():
        ours, official = (
            overall([_score(judge, clip, told, rule) for clip, told in cases], ["all"] * len(cases))
            for rule in (EmptyRule(), OFFICIAL)
        )
        aligned = [tem(event_matches(judge, [e.lower() for e in clip.events], told)) for clip, told in cases]
        rows.append(
            {
                "edit": way,
                "clips": len(cases),
                "recall": 100 * ours.recall,
                "precision": 100 * ours.precision,
                "F1": 100 * ours.f1,
                "official precision": 100 * official.precision,
                "TEM": 100 * float(np.mean(aligned)),
            }
        )
    return pd.DataFrame(rows)


def _score(judge: Judge, clip: Clip, events: Sequence[str], rule: EmptyRule) -> DescriptionScore:
    reference, description = (edits.told(each).lower() for each in (clip.events, events))
    known = [event.lower() for event in clip.events]
    return autodq(judge, reference, known, description, [event.lower() for event in events], rule)


def event_counts(extractor: EventSource, clips: Sequence[Clip]) -> pd.DataFrame:
    """Count the events of each reference, by rules and as published: category, published, ours."""
    return pd.DataFrame(
        {
            "category": clip.category,
            "published": len(clip.events),
            "ours": len(extractor.events(clip.reference)),
        }
        for clip in clips
    )


def agreement(extractor: EventSource, judge: OverlapJudge, clips: Sequence[Clip]) -> dict[str, float]:
    """Compare the rules' events with the published ones: percent of these found, and of ours supported."""
    found, supported = [], []
    for clip in clips:
        ours = extractor.events(clip.reference)
        near = judge.scores([event.lower() for event in clip.events], ours) >= judge.threshold
        if near.size:
            found.append(near.any(axis=1).mean())
            supported.append(near.any(axis=0).mean())
    return {"found": 100 * float(np.mean(found)), "supported": 100 * float(np.mean(supported))}


def chosen_judge(settings: JudgeSettings, offline: OverlapJudge, cache: Path) -> tuple[Judge, EventSource]:
    """Return the judge and the source of events that are asked for; replies of a service go to `cache`."""
    if settings.kind == "overlap":
        return offline, EventExtractor()
    endpoint = Endpoint(settings.base_url, settings.model, cache)
    return LanguageJudge(endpoint), LanguageExtractor(endpoint)


def system_scores(
    judge: Judge,
    extractor: EventSource,
    clips: Sequence[Clip],
    predictions: Mapping[int, str],
    rule: EmptyRule | None = None,
) -> list[DescriptionScore]:
    """Score one system's description of every clip; a clip without one counts as described with nothing."""
    found = []
    for clip in clips:
        text = " ".join(predictions.get(clip.number, "").split())
        known = [event.lower() for event in clip.events]
        described = extractor.events(text) if text else []
        found.append(autodq(judge, clip.reference, known, text, described, rule))
    return found


def bootstrap(
    scores: Mapping[str, Sequence[DescriptionScore]], categories: Sequence[str], rounds: int = 4000
) -> dict[str, NDArray[np.float64]]:
    """Draw clips anew within each category; return each system's F1 (percent) in every draw.

    All systems share the draws, so that their differences are paired.
    """
    names = np.asarray(categories)
    means = {system: np.zeros((rounds, 2)) for system in scores}
    kinds = list(dict.fromkeys(categories))
    for seed, kind in enumerate(kinds):
        places = np.flatnonzero(names == kind)
        weights = draw_weights(len(places), len(places), rounds, seed) / len(places)
        for system, found in scores.items():
            pairs = np.array([[found[place].recall, found[place].precision] for place in places.tolist()])
            means[system] += weights @ np.nan_to_num(pairs, nan=float(np.nanmean(pairs))) / len(kinds)
    return {system: 100 * np.array([f1(*pair) for pair in pairs]) for system, pairs in means.items()}


def orders_as(published: Mapping[str, float], found: Mapping[str, float]) -> int:
    """Count the pairs of systems that stand in the published order."""
    return sum(
        (published[one] - published[other]) * (found[one] - found[other]) > 0
        for one, other in combinations(published, 2)
    )
