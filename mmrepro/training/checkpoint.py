"""The state of a training run: in memory after each epoch, now and then on disk where a file is named."""

from __future__ import annotations

import copy
import io
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor

from mmrepro.files import sha256_bytes, write_atomic
from mmrepro.training.share import averaged

if TYPE_CHECKING:
    from torch import nn
    from torch.utils.data import DataLoader

COLUMNS = ["epoch", "loss", "validation_loss", "seconds"]
SAVE_EVERY_S = 30.0  # what a kill may cost
_SAVING_SHARE = 20  # a save that takes long is made more seldom: at most a twentieth of the time goes into it


class Watch:
    """A loss that notes what it sees; its `rows` are part of the run's state.

    Whatever else a loss keeps from batch to batch is lost when a run goes on from its checkpoint.
    """

    def __init__(self) -> None:
        self._noted: list[dict[str, Tensor | float]] = []

    def note(self, **values: Tensor | float) -> None:
        """Note scalars of a batch; those of a device stay there, since fetching them would stop the training.

        Where processes train together, each gives what it sees in its share, and all note the mean.
        """
        self._noted.append(
            {
                name: value.detach() if isinstance(value, Tensor) else value
                for name, value in averaged(values).items()
            }
        )

    @property
    def rows(self) -> list[dict[str, float]]:
        """What was noted, as numbers."""
        return [{name: float(value) for name, value in row.items()} for row in self._noted]

    @rows.setter
    def rows(self, noted: list[dict[str, float]]) -> None:
        self._noted = [{**row} for row in noted]


class Checkpoint:
    """Weights, optimiser, random states, place in the data and history; enough to go on as if never stopped.

    Parameters
    ----------
    plan
        Settings and seed of the run, spelled out: a checkpoint of another run is not taken up.
    loss_of
        What the training minimises; only a `Watch` has a state of its own.

    Attributes
    ----------
    batches
        Batches of the present epoch that are done.
    """

    def __init__(
        self,
        path: Path | None,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        loader: DataLoader[Any],
        plan: str,
        loss_of: object = None,
    ) -> None:
        self.path, self.model, self.optimizer = path, model, optimizer
        self.order = loader.generator
        self.watch = loss_of if isinstance(loss_of, Watch) else Watch()
        shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
        self.identity = sha256_bytes(f"{plan}|{shapes}".encode())
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, Any] | None = None
        self._loss: Tensor | float = 0.0
        self._forget_epoch()
        self.begin_epoch()
        self._saved_at, self._pause = time.perf_counter(), SAVE_EVERY_S

    def resume(self) -> int:
        """Take up the saved state, if it is this run's, and return the epoch to go on with."""
        if self.path is None or not self.path.is_file():
            return 0
        saved = torch.load(self.path, map_location="cpu", weights_only=True)
        if saved["identity"] != self.identity:
            return 0
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.order.set_state(saved["order"])
        torch.set_rng_state(saved["random"])
        if saved["cuda"]:
            torch.cuda.set_rng_state_all(saved["cuda"])
        self.rows, self.best, self.watch.rows = saved["rows"], saved["best"], saved["watched"]
        self.batches, self._loss, self._examples, self._seconds = saved["epoch"]
        return len(self.rows)

    def begin_epoch(self) -> None:
        """Note the order of an epoch's batches before the first is drawn, and start its clock."""
        self._epoch_order, self._started = self.order.get_state(), time.perf_counter()

    def note(self, loss: Tensor, examples: int) -> None:
        """Note a finished batch: its mean loss, which is not fetched from the device yet."""
        self.batches += 1
        self._loss = self._loss + loss.detach().double() * examples
        self._examples += examples

    def add_up(self, total: Callable[[Tensor], Tensor]) -> None:
        """Add up the epoch's loss and examples over processes; `total` does so for one tensor."""
        assert isinstance(self._loss, Tensor)
        self._loss, self._examples = (
            total(self._loss),
            int(total(torch.full_like(self._loss, self._examples))),
        )

    def end_epoch(self, held_out: float, *, keep_best: bool) -> float:
        """Note the end of an epoch, keep its weights if they are the best so far, and return its loss."""
        # Not `held_out < ...`: an earlier epoch without a number must not stay the best for ever.
        beaten = any(row["validation_loss"] <= held_out for row in self.rows)
        better = not self.rows or not (beaten or math.isnan(held_out))
        loss: float = float(self._loss) / self._examples
        told = {"loss": loss, "validation_loss": held_out, "seconds": self._epoch_seconds()}
        self.rows.append({"epoch": len(self.rows), **told})
        if keep_best and better:
            self.best = copy.deepcopy(self.model.state_dict())
        self._forget_epoch()
        self.begin_epoch()
        return loss

    def save_if_due(self, pause_s: float | None = None) -> None:
        """Write the file, where one is named and the last time is longer ago than `pause_s`."""
        now = time.perf_counter()
        if self.path is None or now - self._saved_at < (self._pause if pause_s is None else pause_s):
            return
        write_atomic(self.path, self._content())
        self._saved_at = time.perf_counter()
        self._pause = max(SAVE_EVERY_S, _SAVING_SHARE * (self._saved_at - now))

    def _content(self) -> bytes:
        stream = io.BytesIO()
        torch.save(
            {
                "identity": self.identity,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "order": self._epoch_order,
                "random": torch.get_rng_state(),
                "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
                "rows": self.rows,
                "best": self.best,
                "watched": self.watch.rows,
                "epoch": (self.batches, float(self._loss), self._examples, self._epoch_seconds()),
            },
            stream,
        )
        return stream.getvalue()

    def _forget_epoch(self) -> None:
        self.batches, self._examples, self._loss, self._seconds = 0, 0, 0.0, 0.0

    def _epoch_seconds(self) -> float:
        """Return the seconds of the present epoch, those before a break among them."""
        return float(self._seconds + time.perf_counter() - self._started)

    def epochs_since_best(self) -> int:
        """Count the epochs since the lowest validation loss."""
        losses = [row["validation_loss"] for row in self.rows]
        lowest = min((value for value in losses if not math.isnan(value)), default=math.nan)
        return len(losses) - 1 - losses.index(lowest) if lowest in losses else 0

    def restore_best(self) -> None:
        """Put the weights of the best epoch back into the model."""
        if self.best is not None:
            self.model.load_state_dict(self.best)

    def history(self) -> pd.DataFrame:
        """Return one row an epoch."""
        return pd.DataFrame(self.rows, columns=COLUMNS)
