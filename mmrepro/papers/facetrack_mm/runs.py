"""Training every system with every seed on the same drawn clips, and what each tells about new ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmrepro.modeling.captioner import DecoderSettings
from mmrepro.papers.facetrack_mm.arms import ARMS, CONSTANT, Arm, constant_caption
from mmrepro.papers.facetrack_mm.detection import follow_clips
from mmrepro.papers.facetrack_mm.encoder import Encoded, encode_clips
from mmrepro.papers.facetrack_mm.model import INSTRUCTIONS, FaceCaptioner, ViewEncoder
from mmrepro.papers.facetrack_mm.scene import Clips, draw_clips, told_events
from mmrepro.papers.facetrack_mm.settings import Settings
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.parallel import Each
from mmrepro.training.seed import seed_everything

_SEEDS_APART = 10_000  # between the training and the test clips of a seed


@dataclass(frozen=True)
class SeedRun:
    """What came of one seed.

    Attributes
    ----------
    clips
        The test clips.
    followed
        The boxes that the tracker followed in them, (clips, frames, 4).
    told
        System -> instruction -> what it told of each test clip.
    history
        Loss by system and epoch.
    """

    seed: int
    clips: Clips
    followed: NDArray[np.float64]
    told: dict[str, dict[str, list[str]]]
    history: pd.DataFrame


def clips_of(settings: Settings, seed: int) -> tuple[Clips, Clips]:
    """Draw the clips of a seed, for training and for the test."""
    frames, several = settings.frames, settings.several
    return (
        draw_clips(settings.train_clips, frames, seed, several=several),
        draw_clips(settings.test_clips, frames, seed + _SEEDS_APART, several=several),
    )


def instruction_texts(clips: Clips) -> list[tuple[int, str]]:
    """Return (clip, text) of every instruction for every clip: describe all, the first, the last event."""
    texts = []
    for row, text in enumerate(clips.captions()):
        events = told_events(text)
        answers = {"describe": text, "first": events[0], "last": events[-1]}
        texts += [(row, f"{instruction} {answers[instruction]}") for instruction in INSTRUCTIONS]
    return texts


def make_model(arm: Arm, settings: Settings) -> FaceCaptioner:
    """Make the captioner of an arm, untrained."""
    frames = settings.frames
    size = DecoderSettings(
        width=settings.width,
        depth=settings.depth,
        num_heads=settings.num_heads,
        max_length=max(arm.tokens(frames) + 16, 32),
    )
    return FaceCaptioner(
        frames, max(arm.parts, 1), arm.whole_tokens(frames), arm.face_tokens(frames), settings.encoded, size
    )


def views_of(arm: Arm, encoded: Encoded) -> tuple[Tensor, Tensor]:
    """Return the encoded views that an arm is shown."""
    return encoded.whole[max(arm.parts, 1)], encoded.face[arm.whose]


def train_arm(
    arm: Arm, encoded: Encoded, clips: Clips, settings: Settings, seed: int
) -> tuple[FaceCaptioner, pd.DataFrame]:
    """Tune one captioner to the instructions; every arm sees the same clips in the same order."""
    torch.manual_seed(seed)
    model = make_model(arm, settings)
    whole, face = views_of(arm, encoded)
    rows, texts = zip(*instruction_texts(clips), strict=True)
    words = model.vocabulary.encode(list(texts))

    def loss(net: nn.Module, batch: Batch) -> Tensor:
        row, told = batch
        found: Tensor = net(whole[row.cpu()].to(row.device), face[row.cpu()].to(row.device), told)
        return found

    plan = TrainingSettings(
        epochs=settings.epochs,
        lr=settings.lr,
        weight_decay=0.02,
        batch_size=settings.batch_size,
        clip_norm=1.0,
        warm_up=0.06,
    )
    data = Tensors(torch.tensor(rows), words)
    accelerator = make_accelerator(settings.device)
    history = fit(model, data, loss, plan, seed=seed, accelerator=accelerator)
    return model.eval(), history.assign(system=arm.name, seed=seed)


def run_seed(job: tuple[Settings, ViewEncoder, int]) -> SeedRun:
    """Draw clips, train every arm on them, and let each tell the test clips."""
    settings, encoder, seed = job
    seed_everything(seed, settings.threads)
    train, test = clips_of(settings, seed)
    followed = follow_clips(test.frames)
    encoder = encoder.to(make_accelerator(settings.device).device)
    encoded = encode_clips(encoder, train, follow_clips(train.frames))
    tested = encode_clips(encoder, test, followed)
    constant = constant_caption(train)
    told = {CONSTANT: {"describe": [constant] * len(test)}}
    histories = []
    for arm in ARMS:
        model, history = train_arm(arm, encoded, train, settings, seed)
        shown = [view.to(next(model.parameters()).device) for view in views_of(arm, tested)]
        told[arm.name] = {name: model.tell(shown[0], shown[1], name) for name in INSTRUCTIONS}
        histories.append(history)
    return SeedRun(seed, test, followed, told, pd.concat(histories, ignore_index=True))


def run_seeds(settings: Settings, encoder: ViewEncoder, each: Each) -> list[SeedRun]:
    """Run every seed; `each` decides in how many processes."""
    found: Iterable[SeedRun] = each(run_seed, [(settings, encoder, seed) for seed in settings.seeds])
    runs = []
    for run in found:
        print(f"seed {run.seed}: {len(ARMS)} systems trained", flush=True)
        runs.append(run)
    return runs
