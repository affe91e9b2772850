"""The whole comparison: features once, then everything that a seed decides, seed by seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmrepro.data.local import LocalData
from mmrepro.papers.ewing_vls import captions, extractors, projections, stain
from mmrepro.papers.ewing_vls.cache import cached
from mmrepro.papers.ewing_vls.captions import Corpus
from mmrepro.papers.ewing_vls.extractors import Extractor, Features, LiteTower
from mmrepro.papers.ewing_vls.finetune import fine_tune
from mmrepro.papers.ewing_vls.heads import AGGREGATORS, Aggregator
from mmrepro.papers.ewing_vls.microarray import Cores
from mmrepro.papers.ewing_vls.objective import OBJECTIVES, ImageText, Objective
from mmrepro.papers.ewing_vls.projections import IMAGE_TEXT, TUNED, Held
from mmrepro.papers.ewing_vls.runs import Answers, cross_validate, pad
from mmrepro.papers.ewing_vls.settings import Settings
from mmrepro.papers.ewing_vls.split import PROTOCOLS, Protocol, core_folds, folds
from mmrepro.papers.ewing_vls.tiles import Bags, Pixels
from mmrepro.training.parallel import Each

IMAGENET, RANDOM_PROJECTION = "ImageNet", "ImageNet, random projection"
RANDOM, NORMALISED = "random network", "ImageNet, stain normalised"
GENERAL, POCKET, FINE_TUNED = "general image-text", "pocket image-text", "ImageNet, fine-tuned"
COMPARED = (IMAGENET, IMAGE_TEXT)  # with every aggregator, and under every split
STRICT: Protocol = "patients left out"


@dataclass(frozen=True)
class Bank:
    """What no seed decides.

    Attributes
    ----------
    target
        Features -> patches of the tiles, (patches, width).
    captioned
        Both views of the captioned images, in the ImageNet tower's features, (images, 2, width).
    group
        Copies among the captioned images.
    maps, captioned_maps
        The same two as maps of the tower's lower blocks; None where no tower is tuned.
    """

    bags: Bags
    corpus: Corpus
    tower: Extractor
    target: dict[str, Features]
    captioned: Features
    group: NDArray[np.int64]
    maps: Features | None = None
    captioned_maps: Features | None = None


def make_bank(bags: Bags, corpus: Corpus, settings: Settings, data: Callable[[str], LocalData]) -> Bank:
    """Extract, with every frozen tower, what the run needs."""
    tower, device = extractors.imagenet(settings.imagenet, data), settings.device
    seen = captions.views(corpus, settings.patch_size)
    wide, maps = _frozen(tower, bags.patches, settings)
    target = {
        RANDOM: cached(extractors.random_network(settings.seeds[0]), bags.patches, device),
        IMAGENET: wide,
        NORMALISED: cached(tower, stain.normalise(bags, stain.middle(bags)), device),
    }
    if settings.in_domain == "plip":
        target[IMAGE_TEXT] = cached(extractors.clip(data("plip").folder, IMAGE_TEXT), bags.patches, device)
    if settings.general:
        target[GENERAL] = cached(extractors.clip(data("clip").folder, GENERAL), bags.patches, device)
    flat, captioned_maps = _frozen(tower, seen.reshape(-1, *seen.shape[2:]), settings)
    captioned = flat.reshape(*seen.shape[:2], -1)
    if captioned_maps is not None:
        captioned_maps = captioned_maps.reshape(*seen.shape[:2], *captioned_maps.shape[1:])
    group = captions.copies(captioned[:, 0], settings.duplicate_similarity)
    return Bank(bags, corpus, tower, target, captioned, group, maps, captioned_maps)


def _frozen(tower: Extractor, patches: Pixels, settings: Settings) -> tuple[Features, Features | None]:
    """Extract features; with the maps on the way to them where the tower's upper blocks are to be tuned."""
    if not settings.tuned_seeds or not isinstance(tower.tower, LiteTower):
        return cached(tower, patches, settings.device), None
    maps = cached(tower, patches, settings.device, "lower")
    return projections.upper_features(tower.tower.cpu(), maps), maps


@dataclass
class SeedRun:
    """Everything that one seed decided.

    Attributes
    ----------
    projected
        Features -> patches of the tiles, projected.
    """

    seed: int
    held: Held
    models: dict[str, Objective]
    projected: dict[str, Features]
    histories: list[pd.DataFrame]
    answers: Answers = field(default_factory=Answers)

    @property
    def pocket(self) -> ImageText:
        """The model that was trained on images and captions."""
        model = self.models[IMAGE_TEXT]
        assert isinstance(model, ImageText)
        return model


def run_seed(job: tuple[Bank, Settings, int]) -> SeedRun:
    """Train the projections of one seed, then every head on every fold."""
    bank, settings, seed = job
    held = projections.hold_out(bank.corpus, bank.group, seed)
    run = SeedRun(seed, held, {}, {}, [])
    wide = bank.target[IMAGENET]
    run.projected[RANDOM_PROJECTION] = projections.random_projection(wide, settings.width, seed)
    for name in OBJECTIVES:
        model, history = projections.train_projection(
            name, bank.corpus, bank.captioned, held.train, settings, seed
        )
        run.models[name] = model
        run.histories.append(history)
        taken = POCKET if name == IMAGE_TEXT and IMAGE_TEXT in bank.target else name
        run.projected[taken] = projections.projected(model, wide)
    if seed in settings.seeds[: settings.tuned_seeds] and bank.maps is not None:
        _tune(bank, run, settings)
    for name, features in {**bank.target, **run.projected}.items():
        _answer(bank, run, name, features, settings)
    if settings.fine_tuned:
        splits = folds(bank.bags, STRICT, settings.folds, seed)
        said = fine_tune(bank.tower, bank.bags, splits, "ABMIL", settings, seed)
        run.answers.probabilities[FINE_TUNED, "ABMIL", STRICT] = {seed: said}
    return run


def _tune(bank: Bank, run: SeedRun, settings: Settings) -> None:
    assert bank.captioned_maps is not None and bank.maps is not None
    tuned, history = projections.train_tuned(
        bank.tower, bank.corpus, bank.captioned_maps, run.pocket, run.held.train, settings, run.seed
    )
    run.histories.append(history)
    run.projected[TUNED] = projections.tuned_features(tuned, bank.maps)


def asked(name: str) -> list[tuple[Aggregator, Protocol]]:
    """Name the aggregators and splits that features are judged by."""
    if name in COMPARED:
        others: list[tuple[Aggregator, Protocol]] = [(k, STRICT) for k in AGGREGATORS if k != "ABMIL"]
        return [*(("ABMIL", split) for split in PROTOCOLS), *others]
    return (
        [("ABMIL", STRICT)]
        if name in (RANDOM, NORMALISED)
        else [("ABMIL", STRICT), ("ABMIL", "slide blocks")]
    )


def _answer(bank: Bank, run: SeedRun, name: str, features: Features, settings: Settings) -> None:
    bags = bank.bags
    padded = pad(features, bags.tile_of, len(bags.tiles))
    for kind, split in asked(name):
        splits = folds(bags, split, settings.folds, run.seed)
        said, attention = cross_validate(kind, padded, bags.labels, splits, settings, run.seed)
        run.answers.probabilities[name, kind, split] = {run.seed: said}
        run.answers.attention[name, kind, split] = {run.seed: attention}


def run_seeds(bank: Bank, settings: Settings, each: Each) -> list[SeedRun]:
    """Run every seed; `each` is the `map` that runs them, as `parallel.workers` gives it."""
    return list(each(run_seed, [(bank, settings, seed) for seed in settings.seeds]))


def gather(runs: list[SeedRun]) -> Answers:
    """Put the answers of all seeds together."""
    joined = Answers()
    for run in runs:
        for key, by_seed in run.answers.probabilities.items():
            joined.probabilities.setdefault(key, {}).update(by_seed)
        for key, attention in run.answers.attention.items():
            joined.attention.setdefault(key, {}).update(attention)
    return joined


def _run_cores(job: tuple[Cores, Aggregator, Settings, int]) -> tuple[str, int, NDArray[np.float64]]:
    cores, kind, settings, seed = job
    padded = pad(cores.features, cores.bag, len(cores.labels))
    splits = core_folds(cores.labels, settings.folds, seed)
    return kind, seed, cross_validate(kind, padded, cores.labels, splits, settings, seed)[0]


def run_cores(cores: Cores, settings: Settings, each: Each) -> Answers:
    """Cross-validate every aggregator on the benchmark's given features, with the first few seeds."""
    seeds = settings.seeds[: settings.core_seeds]
    answers = Answers()
    jobs = [(cores, kind, settings, seed) for kind in AGGREGATORS for seed in seeds]
    for kind, seed, said in each(_run_cores, jobs):
        answers.probabilities.setdefault(("given features", kind, "cores"), {})[seed] = said
    return answers
