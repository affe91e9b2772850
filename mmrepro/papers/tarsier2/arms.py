"""Everything that is trained for one seed: the paper's stages, its ablations, and controls it lacks."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmrepro.evidence.description import DescriptionScore, autodq, event_matches, tem
from mmrepro.papers.tarsier2 import captions
from mmrepro.papers.tarsier2.model import VideoDescriber
from mmrepro.papers.tarsier2.preference import Pair, filtered, make_pairs, spoil
from mmrepro.papers.tarsier2.renderer import Scene, draw_scenes, render
from mmrepro.papers.tarsier2.settings import Settings, Stage
from mmrepro.papers.tarsier2.stages import Lesson, prefer, teach
from mmrepro.papers.tarsier2.truth import ExactJudge
from mmrepro.training.parallel import Each
from mmrepro.training.seed import seed_everything

TEST_SEED = 990  # the same test videos for every seed, so that an interval over them can be given
SPOILT, AGAIN = "spoilt video", "same video again"  # where a rejected text comes from
PRETRAINED, TUNED, LESS = "pre-training only", "SFT", "SFT after less pre-training"
GROUNDED, GROUNDED_WORDS = "SFT, grounded", "SFT, grounded, as many words"
MORE, EVENTS = "SFT, more steps", "SFT on the filter's references"
DPO = "DPO"
NO_SPOILING, NO_FILTER = "DPO without spoilt videos", "DPO without the filter"
JUDGE = ExactJudge()


@dataclass(frozen=True)
class Told:
    """What one system tells of the test videos, and what it is worth; arrays are (videos,)."""

    system: str
    seed: int
    texts: list[str]
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    order: NDArray[np.float64]
    events: NDArray[np.int64]


@dataclass(frozen=True)
class SeedRun:
    """Everything kept of one seed.

    Attributes
    ----------
    told
        One a system, in the order of training.
    losses, preferences
        History of each stage by step.
    yields
        For each source of rejected texts and each way to spoil: videos, texts that differ, pairs kept.
    """

    seed: int
    told: list[Told]
    losses: pd.DataFrame
    preferences: pd.DataFrame
    yields: pd.DataFrame


@dataclass(frozen=True)
class Bank:
    """Scenes and their videos, (videos, frames, side, side, 3) bytes."""

    scenes: list[Scene]
    videos: Tensor

    @property
    def described(self) -> list[str]:
        """All events of each video in words."""
        return [captions.describe(scene.events) for scene in self.scenes]


def make_bank(count: int, rng: np.random.Generator) -> Bank:
    """Draw and render `count` videos."""
    scenes = draw_scenes(count, rng)
    return Bank(scenes, torch.from_numpy(render(scenes)))


def run_seeds(settings: Settings, each: Each = map) -> list[SeedRun]:
    """Run every seed; `each` is the `map` that runs the jobs, as `parallel.workers` gives it."""
    runs = []
    for run in each(partial(run_seed, settings), settings.seeds):
        runs.append(run)
        print(f"seed {run.seed}: {len(run.told)} systems trained and tested", flush=True)
    return runs


def run_seed(settings: Settings, seed: int) -> SeedRun:
    """Train and test every system with one seed."""
    seed_everything(seed, settings.threads)
    with contextlib.redirect_stdout(None):  # lines of progress of seeds side by side would mix
        return _Learner(settings, seed).run()


class _Learner:
    """One seed's videos and models on their way through the stages."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings, self.seed, self.rng = settings, seed, np.random.default_rng(seed)
        self.early = make_bank(settings.pretraining_videos, self.rng)
        self.tuning = make_bank(settings.tuning_videos, self.rng)
        self.fresh = make_bank(settings.preference_videos, self.rng)  # no stage before tells of these
        self.test = make_bank(settings.test_videos, np.random.default_rng(TEST_SEED))
        self.told: list[Told] = []
        self.losses: list[pd.DataFrame] = []
        self.preferences: list[pd.DataFrame] = []

    def run(self) -> SeedRun:
        """Go through all stages."""
        base, less = (
            self._pretrained(count)
            for count in (self.settings.pretraining_videos, self.settings.fewer_videos)
        )
        self._test(PRETRAINED, base, captions.BRIEF)
        tuned = self._tuned(TUNED, base)
        self._tuned(LESS, less)
        self._tuned(GROUNDED, base, grounded=True)
        self._tuned(GROUNDED_WORDS, base, grounded=True, share=self._words_share())
        self._more(MORE, tuned, self.tuning)
        self._more(EVENTS, tuned, self.fresh)
        yields = self._preferred(tuned)
        losses, preferences = pd.concat(self.losses), pd.concat(self.preferences)
        return SeedRun(self.seed, self.told, losses, preferences, yields)

    def _pretrained(self, count: int) -> VideoDescriber:
        torch.manual_seed(self.seed)  # both scales start from the same weights
        model = VideoDescriber(self.settings)
        rng = np.random.default_rng([self.seed, count])
        texts = [captions.describe_briefly(scene.events, rng) for scene in self.early.scenes[:count]]
        lesson = Lesson(self.early.videos[:count], texts, captions.BRIEF)
        self._teach(f"pre-training, {count} videos", model, lesson, self.settings.pretraining)
        return model

    def _tuned(
        self, system: str, base: VideoDescriber, grounded: bool = False, share: float = 1.0
    ) -> VideoDescriber:
        """Tune in two stages: all events, with tags where `grounded`; then all events without tags."""
        model, first = copy.deepcopy(base), self.settings.tuning
        plain = Lesson(self.tuning.videos, self.tuning.described, captions.DETAILED)
        tagged = [captions.describe_grounded(scene.events) for scene in self.tuning.scenes]
        lesson = Lesson(self.tuning.videos, tagged, captions.GROUNDED) if grounded else plain
        shortened = first.model_copy(update={"steps": max(1, round(share * first.steps))})
        self._teach(f"{system}, first stage", model, lesson, shortened)
        self._teach(f"{system}, second stage", model, plain, self.settings.polishing)
        self._test(system, model)
        return model

    def _words_share(self) -> float:
        """Return how many words a plain description has for every word of a grounded one."""
        counts = [
            sum(len(tell(scene.events).split()) + 1 for scene in self.tuning.scenes)
            for tell in (captions.describe, captions.describe_grounded)
        ]
        return counts[0] / counts[1]

    def _more(self, system: str, tuned: VideoDescriber, bank: Bank) -> None:
        """Tune for the steps, rate and number of texts of the preference stage, on plain descriptions."""
        model, plan = copy.deepcopy(tuned), self.settings.preference
        lesson = Lesson(bank.videos, bank.described, captions.DETAILED)
        self._teach(system, model, lesson, plan, 2 * self.settings.batch_size)
        self._test(system, model)

    def _preferred(self, tuned: VideoDescriber) -> pd.DataFrame:
        """Make pairs from the tuned model's own words, and learn from each kind of them."""
        plan, fresh = self.settings.preference, self.fresh
        chosen = self._sampled(tuned, fresh.videos, 0)
        scored = scores(fresh, chosen)
        spoilt, kinds = spoil(fresh.videos, self.rng)
        told = self._sampled(tuned, spoilt, 1)
        hard = make_pairs(chosen, told, scored, scores(fresh, told), kinds)
        again: list[Pair] = []
        for redraw in range(plan.redraws):
            told = self._sampled(tuned, fresh.videos, 2 + redraw)
            again += make_pairs(chosen, told, scored, scores(fresh, told), [AGAIN] * len(told))
        kept, soft = filtered(hard, plan.least_gain), filtered(again, plan.least_gain)
        loose = [pair for pair in hard if pair.differs]
        fewest = min(len(kept), len(soft), len(loose))  # as many pairs for all, as in the paper
        for system, pairs in ((DPO, kept), (NO_SPOILING, soft), (NO_FILTER, loose)):
            self._learn(system, tuned, self._drawn(pairs, fewest))
        return _yields(hard, again, plan.least_gain)

    def _sampled(self, model: VideoDescriber, videos: Tensor, draw: int) -> list[str]:
        plan = self.settings.preference
        return model.tell(
            videos,
            captions.DETAILED,
            max_words=self.settings.max_words,
            temperature=plan.temperature,
            top_p=plan.top_p,
            seed=1000 * self.seed + 100 * draw,
        )

    def _drawn(self, pairs: Sequence[Pair], count: int) -> list[Pair]:
        places = np.sort(self.rng.choice(len(pairs), size=count, replace=False))
        return [pairs[place] for place in places]

    def _learn(self, system: str, tuned: VideoDescriber, pairs: Sequence[Pair]) -> None:
        policy, history = prefer(tuned, self.fresh.videos, pairs, captions.DETAILED, self.settings, self.seed)
        self.preferences.append(history.assign(system=system, seed=self.seed, pairs=len(pairs)))
        self._test(system, policy)

    def _teach(
        self,
        name: str,
        model: VideoDescriber,
        lesson: Lesson,
        stage: Stage,
        batch_size: int | None = None,
    ) -> None:
        history = teach(model, lesson, stage, self.settings, self.seed, batch_size)
        self.losses.append(history.assign(stage=name, seed=self.seed))

    def _test(self, system: str, model: VideoDescriber, asked: str = captions.DETAILED) -> None:
        texts = model.tell(self.test.videos, asked, max_words=self.settings.max_words)
        self.told.append(_judged(system, self.seed, self.test, texts))


def scores(bank: Bank, texts: Sequence[str]) -> list[DescriptionScore]:
    """Score one text a video against its true events, exactly."""
    return [
        autodq(JUDGE, reference, captions.clauses(reference), text, captions.clauses(text))
        for reference, text in zip(bank.described, texts, strict=True)
    ]


def _judged(system: str, seed: int, bank: Bank, texts: list[str]) -> Told:
    found = scores(bank, texts)
    told = [captions.clauses(text) for text in texts]
    truth = [captions.clauses(text) for text in bank.described]
    order = [tem(event_matches(JUDGE, one, other)) for one, other in zip(truth, told, strict=True)]
    return Told(
        system,
        seed,
        texts,
        np.array([score.recall for score in found]),
        np.array([score.precision for score in found]),
        np.array(order),
        np.array([len(events) for events in told]),
    )


def _yields(hard: Sequence[Pair], again: Sequence[Pair], least_gain: float) -> pd.DataFrame:
    """Count pairs by source and kind: all, those that differ, those that pass."""
    rows = [
        {"source": source, "kind": pair.kind, "differ": pair.differs, "kept": pair.passes(least_gain)}
        for source, pairs in ((SPOILT, hard), (AGAIN, again))
        for pair in pairs
    ]
    grouped = pd.DataFrame(rows).groupby(["source", "kind"], sort=False)
    counted = grouped.agg(videos=("differ", "size"), differ=("differ", "sum"), kept=("kept", "sum"))
    return counted.reset_index()
