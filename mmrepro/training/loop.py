"""The training loop of every chapter, on Accelerate: one device or many, the same lines."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import pandas as pd
import torch
from accelerate import Accelerator
from accelerate.data_loader import prepare_data_loader
from accelerate.utils import DistributedDataParallelKwargs, broadcast
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from mmrepro.errors import MMReproError
from mmrepro.resume import next_place
from mmrepro.training.batches import Batch, Shares, batches
from mmrepro.training.checkpoint import Checkpoint
from mmrepro.training.microbatch import MicroBatches
from mmrepro.training.objective import LossFunction, Objective
from mmrepro.training.share import Share, sharing

_REPORT_EVERY_S = 10.0  # least seconds between two lines of progress
_WORTH_SAVING_S = 2.0  # shorter than this, the end of a training is sooner reached again than read


class TrainingSettings(BaseModel):
    """How to train.

    Attributes
    ----------
    lr, weight_decay
        Of AdamW.
    batch_size
        Examples a step, over all devices: a result does not depend on how many there are. Devices beyond
        this number have nothing to do.
    accumulate
        Batches whose gradients are summed before a step.
    clip_norm
        Largest norm of the gradient; None leaves it alone.
    patience
        Epochs without a better validation loss before stopping; needs clean validation data.
    warm_up
        Share of all steps over which the learning rate rises to `lr`; over the rest it falls to zero
        along half a cosine. None keeps it at `lr`.
    loaders
        Processes that read data ahead of the step, for data that is not in memory; a result does not depend
        on how many there are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Annotated[int, Field(ge=1)]
    lr: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    batch_size: Annotated[int, Field(ge=1)] = 64
    accumulate: Annotated[int, Field(ge=1)] = 1
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    patience: Annotated[int, Field(ge=1)] | None = None
    warm_up: Annotated[float, Field(gt=0, lt=1)] | None = None
    loaders: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class Validation:
    """Held-out data.

    `clean` says that nothing about it, features included, was fitted on its labels. Early stopping on
    data that is not clean picks the epoch that remembers best, so the loop refuses it.
    """

    data: Dataset[Batch]
    clean: bool


def fit(
    model: nn.Module,
    data: Dataset[Batch],
    loss_of: LossFunction,
    settings: TrainingSettings,
    *,
    seed: int,
    validation: Validation | None = None,
    accelerator: Accelerator | None = None,
    checkpoint: Path | None = None,
) -> pd.DataFrame:
    """Train `model` in place and return its history.

    Parameters
    ----------
    loss_of
        Gives the mean loss of a batch, a scalar tensor; one that is no mean over examples says so to
        `mmrepro.training.share`. One that notes what it sees must be a `mmrepro.training.checkpoint.Watch`.
    seed
        Of the order of the batches; seed everything else before the model is made.
    validation
        Its loss is taken after each epoch; with ``patience`` the best epoch's weights are kept.
    checkpoint
        A file that holds the state, written every half a minute and at the end; a killed run goes on from
        it and gives the weights that an unbroken one gives. By default one of the run's own, where a runner
        keeps what is unfinished (`mmrepro.resume`).

    Returns
    -------
    DataFrame
        One row an epoch: epoch, loss, validation_loss (NaN without), seconds.

    Raises
    ------
    ValueError
        When early stopping is asked for without clean validation data.
    """
    accelerator = accelerator or make_accelerator()
    _refuse_unfit(settings, validation)
    accelerator.gradient_accumulation_steps = settings.accumulate
    optimizer = torch.optim.AdamW(
        model.parameters(), settings.lr, weight_decay=settings.weight_decay, fused=True
    )
    objective, optimizer = accelerator.prepare(Objective(model, loss_of), optimizer)
    loader = _share(data, settings, seed, accelerator)
    plan = f"{settings.model_dump_json()}|{seed}"
    state = Checkpoint(checkpoint or _own_checkpoint(accelerator), model, optimizer, loader, plan, loss_of)
    progress, micro = _Progress(settings.epochs), MicroBatches(accelerator)
    for epoch in range(state.resume(), settings.epochs):
        # Asked first: a run that had stopped early before it was killed must not go on.
        if settings.patience is not None and state.epochs_since_best() >= settings.patience:
            break
        _train_epoch(objective, loader, optimizer, micro, settings, epoch, state)
        held_out = _mean_loss(objective, validation, accelerator, settings) if validation else float("nan")
        progress(epoch, state.end_epoch(held_out, keep_best=settings.patience is not None))
        state.save_if_due()
    state.save_if_due(_WORTH_SAVING_S)
    if settings.patience is not None:
        state.restore_best()
    return state.history()


def _refuse_unfit(settings: TrainingSettings, validation: Validation | None) -> None:
    if settings.patience is not None and (validation is None or not validation.clean):
        raise ValueError(
            "Early stopping needs validation data that is clean; pass Validation(data, clean=True)."
        )


def _share(
    data: Dataset[Batch], settings: TrainingSettings, seed: int, accelerator: Accelerator
) -> DataLoader[Batch]:
    """Load this process's share of the batches onto its device."""
    on_gpu = accelerator.device.type == "cuda"
    loader = batches(
        data,
        settings.batch_size,
        seed=seed,
        loaders=settings.loaders,
        pinned=on_gpu,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    shared: DataLoader[Batch] = prepare_data_loader(  # for one process: its batches are shares already
        loader, accelerator.device, 1, 0, put_on_device=True, non_blocking=on_gpu
    )
    return shared


def _own_checkpoint(accelerator: Accelerator) -> Path | None:
    """Name a file in the run's folder; several processes would have to agree on when to write theirs."""
    place = next_place("fit") if accelerator.num_processes == 1 else None
    return place and place.with_suffix(".pt")


def make_accelerator(device: str = "auto") -> Accelerator:
    """Make the accelerator of a run: bf16 on CUDA, full precision elsewhere.

    Raises
    ------
    MMReproError
        When CUDA is asked for and missing.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise MMReproError(
            "device 'cuda' was asked for, but torch sees no CUDA GPU; use device='cpu' or 'auto'."
        )
    on_cpu = device == "cpu" or not torch.cuda.is_available()
    precision = "no" if on_cpu else "bf16"
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)  # as in a branch that is switched off
    return Accelerator(cpu=on_cpu, mixed_precision=precision, kwargs_handlers=[unused])


def _rates(settings: TrainingSettings, epoch: int, batches_each: int) -> list[float]:
    """Return the learning rate of every batch of an epoch; it depends on nothing but the batch's number."""
    if settings.warm_up is None:
        return [settings.lr] * batches_each
    total = settings.epochs * batches_each
    peak = max(1, round(settings.warm_up * total))
    steps = range(epoch * batches_each, (epoch + 1) * batches_each)
    return [
        settings.lr
        * (
            (step + 1) / peak
            if step < peak
            else (1 + math.cos(math.pi * (step + 1 - peak) / (total - peak + 1))) / 2
        )
        for step in steps
    ]


def _train_epoch(
    objective: nn.Module,
    loader: DataLoader[Batch],
    optimizer: torch.optim.Optimizer,
    micro: MicroBatches,
    settings: TrainingSettings,
    epoch: int,
    state: Checkpoint,
) -> None:
    """Train on the batches of an epoch that are not done yet."""
    accelerator, shares = micro.accelerator, cast(Shares, loader.batch_sampler)
    objective.train()
    state.begin_epoch()
    rates = _rates(settings, epoch, len(loader))[state.batches :]
    sizes = shares.sizes()[state.batches :]
    remaining = accelerator.skip_first_batches(loader, state.batches) if state.batches else loader
    for batch, rate, (own, total) in zip(remaining, rates, sizes, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate
        with accelerator.accumulate(objective):
            # Gradients are averaged over processes, whose shares may differ by one example.
            share = Share(shares.process, shares.processes, own, total)
            with sharing(share):
                loss = micro.backward(objective, batch, share.weight)
            if settings.clip_norm is not None and accelerator.sync_gradients:
                accelerator.clip_grad_norm_(objective.parameters(), settings.clip_norm)
            optimizer.step()
            optimizer.zero_grad()
        state.note(loss, own)
        if accelerator.sync_gradients:  # else gradients would be lost that are summed so far
            state.save_if_due()
    if accelerator.num_processes > 1:
        state.add_up(lambda sums: accelerator.reduce(sums, "sum"))
        broadcast([*objective.buffers()])  # what batch normalisation keeps is of a process's own share


@torch.inference_mode()
def _mean_loss(
    objective: nn.Module, validation: Validation, accelerator: Accelerator, settings: TrainingSettings
) -> float:
    objective.eval()
    total, count = 0.0, 0
    for batch in batches(validation.data, settings.batch_size, loaders=settings.loaders):
        here = tuple(part.to(accelerator.device) for part in batch)
        total += objective(here).item() * len(here[0])
        count += len(here[0])
    # Not each process's own: a difference in the last digit, and one would stop early and the others wait.
    agreed: Tensor = broadcast(torch.tensor(total / count, dtype=torch.float64, device=accelerator.device))
    return float(agreed)


class _Progress:
    """Progress as lines of text: a bar that redraws itself floods a log and needs a widget in a page."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.last = epochs, time.perf_counter()

    def __call__(self, epoch: int, loss: float) -> None:
        now = time.perf_counter()
        if now - self.last >= _REPORT_EVERY_S:
            self.last = now
            print(f"epoch {epoch + 1}/{self.epochs}: loss {loss:.4f}", flush=True)
