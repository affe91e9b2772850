"""The stages of training: telling what a text says, and preferring one text to another."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from mmrepro.papers.tarsier2.model import VideoDescriber
from mmrepro.papers.tarsier2.preference import Pair, dpo_loss
from mmrepro.papers.tarsier2.settings import Settings, Stage
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.checkpoint import Watch
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator

_WARM_UP, _CLIP, _DECAY = 0.05, 1.0, 0.01


@dataclass(frozen=True)
class Lesson:
    """What a stage teaches: a text for each video, asked for by a word.

    Attributes
    ----------
    videos
        Shape (videos, frames, side, side, 3), bytes.
    """

    videos: Tensor
    texts: Sequence[str]
    asked: str


class StepWatch(Watch):
    """The loss that the training loop asks for, and what is told of every step on the way.

    Parameters
    ----------
    told_of
        Gives scalars of the rows of a batch, ``loss`` among them.
    """

    def __init__(self, told_of: Callable[[nn.Module, Tensor], dict[str, Tensor]]) -> None:
        super().__init__()
        self.told_of = told_of

    def __call__(self, net: nn.Module, batch: Batch) -> Tensor:
        """Return the loss of a batch of rows."""
        told = self.told_of(net, batch[0])
        self.note(**told)
        return told["loss"]

    def history(self) -> pd.DataFrame:
        """Return one row a step, counted from 1."""
        history = pd.DataFrame(self.rows)
        return history.assign(step=range(1, len(history) + 1))


def teach(
    model: VideoDescriber,
    lesson: Lesson,
    stage: Stage,
    settings: Settings,
    seed: int,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Train `model` in place to tell the lesson's texts; return the loss of every step."""
    accelerator = make_accelerator(settings.device)
    videos = lesson.videos.to(accelerator.device)
    words = model.words(lesson.texts, lesson.asked).to(accelerator.device)

    def told_of(net: nn.Module, rows: Tensor) -> dict[str, Tensor]:
        return {"loss": model.captioner.loss(net(videos[rows]), words[rows])}

    watch = StepWatch(told_of)
    size = batch_size or settings.batch_size
    fit(
        model,
        _visits(len(videos), stage.steps, size),
        watch,
        _plan(stage, size),
        seed=seed,
        accelerator=accelerator,
    )
    return watch.history()


def prefer(
    model: VideoDescriber, videos: Tensor, pairs: Sequence[Pair], asked: str, settings: Settings, seed: int
) -> tuple[VideoDescriber, pd.DataFrame]:
    """Tune a copy of `model` on preference pairs.

    Returns
    -------
    tuple
        The tuned copy, and by step: loss, share of pairs whose chosen text gains on the rejected one
        (accuracy), and by how much (margin, times beta).
    """
    policy, plan = copy.deepcopy(model), settings.preference
    accelerator = make_accelerator(settings.device)
    shown = videos[[pair.row for pair in pairs]].to(accelerator.device)
    texts = [model.words([getattr(pair, side) for pair in pairs], asked) for side in ("chosen", "rejected")]
    chosen, rejected = (words.to(accelerator.device) for words in texts)
    chosen_before, rejected_before = _log_probabilities(model, shown, chosen, rejected)

    def told_of(net: nn.Module, rows: Tensor) -> dict[str, Tensor]:
        visual = net(shown[rows])
        above, _ = policy.captioner.log_probability(visual, chosen[rows])
        below, _ = policy.captioner.log_probability(visual, rejected[rows])
        loss = dpo_loss(above, below, chosen_before[rows], rejected_before[rows], plan.beta)
        margin = plan.beta * (above - chosen_before[rows] - below + rejected_before[rows]).detach()
        return {"loss": loss, "accuracy": (margin > 0).float().mean(), "margin": margin.mean()}

    watch = StepWatch(told_of)
    visits = _visits(len(pairs), plan.steps, settings.batch_size)
    fit(policy, visits, watch, _plan(plan, settings.batch_size), seed=seed, accelerator=accelerator)
    return policy, watch.history()


@torch.no_grad()
def _log_probabilities(
    model: VideoDescriber, videos: Tensor, *texts: Tensor, at_once: int = 256
) -> list[Tensor]:
    """Return the log-probability of each of `texts`, (videos,), under the model as it is."""
    found: list[list[Tensor]] = [[] for _ in texts]
    for start in range(0, len(videos), at_once):
        rows = slice(start, start + at_once)
        visual = model(videos[rows])
        for kept, words in zip(found, texts, strict=True):
            kept.append(model.captioner.log_probability(visual, words[rows])[0])
    return [torch.cat(parts) for parts in found]


def _visits(rows: int, steps: int, batch_size: int) -> Tensors:
    """List which row is visited, as often as `steps` batches need: every row equally often, or nearly so."""
    return Tensors(torch.arange(steps * batch_size) % rows)


def _plan(stage: Stage, batch_size: int) -> TrainingSettings:
    return TrainingSettings(
        epochs=1,
        lr=stage.lr,
        weight_decay=_DECAY,
        batch_size=batch_size,
        clip_norm=_CLIP,
        warm_up=_WARM_UP,
    )
