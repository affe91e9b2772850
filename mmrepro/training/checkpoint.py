"""The state of a training run after each epoch, in memory and, where a file is named, on disk."""

from __future__ import annotations

import copy
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from mmrepro.files import sha256_bytes, write_atomic

if TYPE_CHECKING:
    from torch import nn
    from torch.utils.data import DataLoader

COLUMNS = ["epoch", "loss", "validation_loss", "seconds"]


class Checkpoint:
    """Weights, optimiser, random states and history; enough to go on as if never stopped.

    Parameters
    ----------
    plan
        Settings and seed of the run, spelled out: a checkpoint of another run is not taken up.
    """

    def __init__(
        self,
        path: Path | None,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        loader: DataLoader[Any],
        plan: str,
    ) -> None:
        self.path, self.model, self.optimizer = path, model, optimizer
        self.order = loader.generator
        shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
        self.identity = sha256_bytes(f"{plan}|{shapes}".encode())
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, Any] | None = None

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
        self.rows, self.best = saved["rows"], saved["best"]
        return len(self.rows)

    def save(self, epoch: int, loss: float, held_out: float, seconds: float, *, keep_best: bool) -> None:
        """Note one finished epoch, keep its weights if they are the best so far, and write the file."""
        # Not `held_out < ...`: an earlier epoch without a number must not stay the best for ever.
        beaten = any(row["validation_loss"] <= held_out for row in self.rows)
        better = not self.rows or not (beaten or math.isnan(held_out))
        self.rows.append({"epoch": epoch, "loss": loss, "validation_loss": held_out, "seconds": seconds})
        if keep_best and better:
            self.best = copy.deepcopy(self.model.state_dict())
        if self.path is None:
            return
        stream = io.BytesIO()
        torch.save(
            {
                "identity": self.identity,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "order": self.order.get_state(),
                "random": torch.get_rng_state(),
                "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
                "rows": self.rows,
                "best": self.best,
            },
            stream,
        )
        write_atomic(self.path, stream.getvalue())

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
