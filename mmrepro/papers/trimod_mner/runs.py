"""Training every variant with every seed, at equal budget, and keeping what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pandas as pd
import torch
from torch import Tensor, nn

from mmrepro.papers.trimod_mner.corpus import Part
from mmrepro.papers.trimod_mner.encoder import Encoder
from mmrepro.papers.trimod_mner.model import TaggerConfig, TriModTagger
from mmrepro.papers.trimod_mner.settings import Settings
from mmrepro.papers.trimod_mner.spans import Tags, score, span_counts
from mmrepro.resume import resumable
from mmrepro.training.batches import Batch, batches
from mmrepro.training.checkpoint import Watch
from mmrepro.training.loop import TrainingSettings, Validation, fit, make_accelerator
from mmrepro.training.seed import seed_everything

_EVALUATED = 64  # tweets a batch when nothing is learnt


@dataclass(frozen=True)
class System:
    """A variant: which views it reads, and whether each tweet gets another tweet's caption."""

    name: str
    views: tuple[str, ...] = ()
    shuffled: bool = False


SYSTEMS = (
    System("text"),
    System("text + hashtag", ("hashtag",)),
    System("text + caption", ("image",)),
    System("all three", ("hashtag", "image")),
    System("text + shuffled caption", ("image",), shuffled=True),
)
# The control that needs no training: right captions while learning, another tweet's in the test.
SWAPPED = "text + caption, swapped in the test"


@dataclass
class Runs:
    """Answers of every system and seed.

    Attributes
    ----------
    answers
        System -> seed -> tags of every test tweet.
    models
        The trained model of every system, for the first seed.
    histories
        Loss and dev F1 (%) by system, seed and epoch.
    """

    test: Part
    answers: dict[str, dict[int, list[Tags]]] = field(default_factory=dict)
    models: dict[str, TriModTagger] = field(default_factory=dict)
    histories: list[pd.DataFrame] = field(default_factory=list)

    @property
    def gold(self) -> list[Tags]:
        """Tags of the test tweets, as annotated."""
        return [tweet.tags for tweet in self.test.tweets]


class DevWatch(Watch):
    """The loss that the training loop asks for, and the dev F1 of every epoch on the way."""

    def __init__(self, gold: Sequence[Tags]) -> None:
        super().__init__()
        self.gold, self.answers = gold, list[Tags]()

    def __call__(self, net: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of a batch; while evaluating, decode it too."""
        if net.training:
            return cast(Tensor, net(batch))
        tagger = cast(TriModTagger, net)
        scores, mask, _ = tagger.emissions(batch)
        self.answers += tagger.best_tags(scores, mask)
        if len(self.answers) == len(self.gold):
            self.note(f1=score(span_counts(self.gold, self.answers)).f1)
            self.answers = []
        return tagger.loss_of(scores, mask, batch[3])


def config_of(settings: Settings) -> TaggerConfig:
    """Take the tagger's sizes and switches from the settings."""
    return TaggerConfig(
        settings.hidden_size,
        settings.num_heads,
        settings.dropout,
        settings.attention_dropout,
        settings.use_characters,
        settings.use_gates,
    )


@resumable
def train(
    system: System,
    parts: dict[str, Part],
    encoder: Encoder,
    settings: Settings,
    seed: int,
    image_encoder: Encoder | None = None,
) -> tuple[TriModTagger, pd.DataFrame]:
    """Train one system with one seed; the epoch with the least loss on the dev split is kept.

    Every system gets the same number of epochs, batches and selections.
    """
    seed_everything(seed, settings.threads)
    model = TriModTagger(encoder, system.views, config_of(settings), image_encoder)
    plan = TrainingSettings(
        epochs=settings.epochs,
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        batch_size=settings.batch_size,
        clip_norm=5.0,
        patience=settings.epochs,
    )
    valid = parts["valid"]
    watch = DevWatch([tweet.tags for tweet in valid.tweets])
    history = fit(
        model,
        parts["train"].tensors(),
        watch,
        plan,
        seed=seed,
        validation=Validation(valid.tensors(), clean=True),
        accelerator=make_accelerator(settings.device),
    )
    return model, history.assign(system=system.name, seed=seed, dev_f1=[row["f1"] for row in watch.rows])


@torch.inference_mode()
def answer(model: TriModTagger, part: Part) -> list[Tags]:
    """Return the tags that a trained model gives to every tweet."""
    model.eval()
    device = next(model.parameters()).device
    found: list[Tags] = []
    for batch in batches(part.tensors(), _EVALUATED):
        found += model.decode([tensor.to(device) for tensor in batch])
    return found


def train_systems(
    parts: dict[str, Part],
    encoder: Encoder,
    settings: Settings,
    systems: Sequence[System] = SYSTEMS,
    image_encoder: Encoder | None = None,
) -> Runs:
    """Train every system with every seed; seed s shuffles captions and batches alike for all."""
    runs = Runs(parts["test"])
    for system in systems:
        for seed in settings.seeds:
            given = {name: part.shuffled(seed) for name, part in parts.items()} if system.shuffled else parts
            model, history = train(system, given, encoder, settings, seed, image_encoder)
            runs.answers.setdefault(system.name, {})[seed] = answer(model, given["test"])
            if system.views == ("image",) and not system.shuffled:
                runs.answers.setdefault(SWAPPED, {})[seed] = answer(model, parts["test"].shuffled(seed))
            runs.models.setdefault(system.name, model)
            runs.histories.append(history)
        print(f"{system.name}, seeds trained: {len(settings.seeds)}", flush=True)
    return runs
