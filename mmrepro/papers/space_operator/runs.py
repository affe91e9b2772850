"""Training every operator with every seed on the same demonstrations, and flying it from the same starts."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.space_operator import arms
from mmrepro.papers.space_operator.agents import Navball
from mmrepro.papers.space_operator.evaluation import EVADING, PASSIVE, mixed_starts, row, scene
from mmrepro.papers.space_operator.eye import Eye
from mmrepro.papers.space_operator.picture import blanked, shuffled
from mmrepro.papers.space_operator.policy import Operator, Senses, agreement, imitation_loss
from mmrepro.papers.space_operator.prompt import DURATION, understood
from mmrepro.papers.space_operator.published import REPLY_TIME
from mmrepro.papers.space_operator.rollout import corrected, fly_each, rollout
from mmrepro.papers.space_operator.settings import Settings
from mmrepro.papers.space_operator.teacher import (
    Decisions,
    DemonstrationSettings,
    demonstrate,
    joined,
    majority,
    random_starts,
)
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.parallel import Each
from mmrepro.training.seed import seed_everything

_SEEDS_APART = 10_000  # between the moments that are learned from and those held out


@dataclass(frozen=True)
class SeedRun:
    """What came of one seed.

    Attributes
    ----------
    flights
        system, seed, place (where from), evader, start, and what `evaluation.row` holds.
    replies
        Tidy rows of held-out moments (%): `agreement`, where an operator says what the teacher would, and
        `malformed`, where its reply could not be read if any word might be said.
    history
        Loss by system and epoch.
    operators
        System -> the trained operator, on the CPU.
    held
        The held-out moments.
    """

    seed: int
    flights: pd.DataFrame
    replies: list[dict[str, Any]]
    history: pd.DataFrame
    operators: dict[str, Operator]
    held: Decisions


def demonstrations(settings: Settings, seed: int) -> tuple[Decisions, Decisions]:
    """Fly the teacher for moments to learn from and others to test on."""
    plan = DemonstrationSettings(size=settings.size)
    return (
        demonstrate(settings.decisions, seed, plan),
        demonstrate(settings.held_out, seed + _SEEDS_APART, plan),
    )


def make_operator(senses: Senses, settings: Settings, eye: Eye, seed: int) -> Operator:
    """Make an untrained operator."""
    torch.manual_seed(seed)
    size = DecoderSettings(
        width=settings.width, depth=settings.depth, num_heads=settings.num_heads, max_length=64 + eye.tokens
    )
    return Operator(senses, size, eye)


def train(
    operator: Operator, decisions: Decisions, settings: Settings, seed: int, epochs: int, system: str
) -> pd.DataFrame:
    """Teach an operator to say what the teacher said; the history of its loss."""
    plan = TrainingSettings(
        epochs=epochs, lr=settings.lr, batch_size=settings.batch_size, clip_norm=1.0, warm_up=0.06
    )
    accelerator = make_accelerator(settings.device)
    examples = operator.examples(decisions)
    history = fit(operator, examples, imitation_loss, plan, seed=seed, accelerator=accelerator)
    operator.eval()
    return history.assign(system=system, seed=seed)


def run_seed(job: tuple[Settings, Eye, int]) -> SeedRun:
    """Fly the teacher, train every operator on its flights, and fly them all."""
    settings, eye, seed = job
    seed_everything(seed, settings.threads)
    learned, held = demonstrations(settings, seed)
    operators, histories = {}, []
    for name, senses in arms.SENSES.items():
        operators[name] = make_operator(senses, settings, eye, seed)
        histories.append(train(operators[name], learned, settings, seed, settings.epochs, name))
    operators |= _extended(operators[arms.TEXT], learned, settings, seed)
    flights = _fly_all(operators, held, settings, seed)
    return SeedRun(
        seed,
        flights,
        _replies(operators, held, seed),
        pd.concat(histories),
        {key: each.cpu() for key, each in operators.items()},
        held,
    )


def _replies(operators: dict[str, Operator], held: Decisions, seed: int) -> list[dict[str, Any]]:
    """Measure what operators say in held-out moments: as the teacher does, and what nobody could read."""
    found = [("agreement", arms.COMMON, majority(held))]
    for name, operator in operators.items():
        said = operator.reply(held.pictures, held.lines, free=True)
        found.append(("agreement", name, agreement(operator, held)))
        found.append(("malformed", name, float(np.mean([understood(each) is None for each in said]))))
    return [
        {"system": system, "seed": seed, "metric": metric, "value": 100 * share}
        for metric, system, share in found
    ]


def _extended(operator: Operator, learned: Decisions, settings: Settings, seed: int) -> dict[str, Operator]:
    """Train on: on moments that the operator came to itself, as DAgger does, and on no new ones.

    The second is the control: as many steps, nothing new.
    """
    starts = random_starts(settings.corrected_starts, seed + 2 * _SEEDS_APART)
    own = corrected(operator, starts, Navball(DURATION), scene(PASSIVE, settings.timeout), size=settings.size)
    both = joined(learned, own)
    repeated = np.random.default_rng(seed).integers(0, len(learned.lines), len(own.lines))
    again = Decisions(
        learned.pictures[repeated],
        [learned.lines[place] for place in repeated],
        [learned.replies[place] for place in repeated],
    )
    found = {}
    for name, moments in ((arms.CORRECTED, both), (arms.MORE, joined(learned, again))):
        found[name] = copy.deepcopy(operator)
        train(found[name], moments, settings, seed + 1, settings.corrected_epochs, name)
    return found


def _fly_all(operators: dict[str, Operator], held: Decisions, settings: Settings, seed: int) -> pd.DataFrame:
    """Fly every operator, its controls and the teacher from the same starts."""
    placed = mixed_starts(settings.starts, seed)
    places, starts = [place for place, _ in placed], [start for _, start in placed]
    rng = np.random.default_rng(seed)
    passive, evading = scene(PASSIVE, settings.timeout), scene(EVADING, settings.timeout)
    slow = scene(PASSIVE, settings.timeout, reply_time=REPLY_TIME)
    flown: dict[str, list[dict[str, Any]]] = {
        name: rollout(operator, starts, passive) for name, operator in operators.items()
    }
    seeing = operators[arms.BOTH]
    flown[arms.BLANKED] = rollout(seeing, starts, passive, look=blanked)
    flown[arms.SHUFFLED] = rollout(
        seeing, starts, passive, look=lambda pictures: shuffled(pictures, held.pictures, rng)
    )
    flown[arms.SLOW] = rollout(seeing, starts, slow)
    flown[arms.TEACHER] = fly_each(Navball(DURATION), starts, passive)
    table = _table(flown, places, "passive", seed)
    game = starts[: (len(starts) + 1) // 2]
    chased = {
        arms.BOTH: rollout(seeing, game, evading),
        arms.TEACHER: fly_each(Navball(DURATION), game, evading),
    }
    return pd.concat([table, _table(chased, places, "evading", seed)], ignore_index=True)


def _table(
    flown: dict[str, list[dict[str, Any]]], places: Sequence[str], evader: str, seed: int
) -> pd.DataFrame:
    return pd.DataFrame(
        {"system": system, "seed": seed, "place": places[number], "evader": evader, "start": number}
        | row(ended)
        | {"malformed": ended.get("malformed", 0) / ended["decisions"]}
        for system, flights in flown.items()
        for number, ended in enumerate(flights)
    )


def run_seeds(settings: Settings, eye: Eye, each: Each) -> list[SeedRun]:
    """Run every seed; `each` decides in how many processes."""
    runs: list[SeedRun] = []
    for run in each(run_seed, [(settings, eye, seed) for seed in settings.seeds]):
        print(f"seed {run.seed}: {len(run.operators)} operators trained and flown", flush=True)
        runs.append(run)
    return runs
