"""The operator's eye: it learns to read instruments from drawn ones, and is frozen afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.picture import SIZE, Panel, Picture, draw
from mmrepro.resume import resumable
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator

STRIDE = 32
READINGS = ("right", "down", "ahead", "distance", "speed")
_NEAR, _FAR = math.log(3.0), math.log(5000.0)
_SLOW, _FAST = math.log(0.2), math.log(150.0)
_AT_ONCE = 256


class Eye(nn.Module):
    """Turn a picture into visual tokens, each of a patch of 32 x 32 pixels and some of its neighbours.

    Raises
    ------
    MMReproError
        For pictures that do not divide into patches.
    """

    def __init__(self, size: int = SIZE, width: int = 64) -> None:
        super().__init__()
        if size % STRIDE:
            raise MMReproError(
                f"a picture of {size} pixels does not divide into patches; give a multiple of {STRIDE}."
            )
        self.size, self.width, self.tokens = size, width, (size // STRIDE) ** 2
        half, whole = max(8, width // 4), max(16, width // 2)
        self.patches = nn.Sequential(
            nn.Conv2d(3, half, 4, stride=4),
            nn.GELU(),
            nn.Conv2d(half, whole, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(whole, width, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
        )
        self.place = nn.Parameter(0.02 * torch.randn(self.tokens, width))

    def forward(self, pictures: Tensor) -> Tensor:
        """Look at pictures (batch, size, size, 3) of 0 to 255; tokens (batch, tokens, width).

        Raises
        ------
        MMReproError
            For pictures of another size.
        """
        if pictures.shape[1:] != (self.size, self.size, 3):
            raise MMReproError(
                f"pictures of shape {tuple(pictures.shape[1:])} were shown to an operator made for "
                f"({self.size}, {self.size}, 3); draw them with size={self.size}."
            )
        seen = self.patches(pictures.float().permute(0, 3, 1, 2) / 127.5 - 1)
        tokens: Tensor = seen.flatten(2).transpose(1, 2) + self.place
        return tokens

    @torch.no_grad()
    def look(self, pictures: Picture) -> Tensor:
        """Return the tokens of many pictures, a part of them at a time, on the eye's device."""
        parts = torch.from_numpy(pictures).split(_AT_ONCE)
        return torch.cat([self(part.to(self.place.device)) for part in parts])


class Reader(nn.Module):
    """An eye and what it reads off the picture: `READINGS`, each about -1 to 1."""

    def __init__(self, size: int = SIZE, width: int = 64) -> None:
        super().__init__()
        self.eye = Eye(size, width)
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.GELU(),
            nn.Linear(self.eye.tokens * width, 64),
            nn.GELU(),
            nn.Linear(64, len(READINGS)),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Read pictures (batch, size, size, 3); (batch, readings)."""
        read: Tensor = self.head(self.eye(pictures))
        return read


@dataclass(frozen=True)
class ReaderSettings:
    """How the eye learns: pictures drawn, their size in pixels, numbers a token, epochs."""

    pictures: int
    size: int = SIZE
    width: int = 64
    epochs: int = 8
    lr: float = 6e-3


def drawn_panels(count: int, seed: int) -> list[Panel]:
    """Draw instruments at random, with motion mostly near the nose, where steering needs it."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        tilt, turn = math.exp(rng.uniform(math.log(0.01), 0.0)), rng.uniform(-math.pi, math.pi)
        ahead = math.sqrt(1 - tilt**2) * (1 if rng.random() < 0.7 else -1)
        up = rng.normal(size=3)
        right, forward, down = (up / np.linalg.norm(up)).tolist()
        found.append(
            Panel(
                prograde=(tilt * math.cos(turn), ahead, tilt * math.sin(turn)),
                target=(0.0, 1.0, 0.0),
                up=(right, forward, down),
                distance=math.exp(rng.uniform(_NEAR, _FAR)),
                speed=math.exp(rng.uniform(_SLOW, _FAST)),
                propellant=rng.uniform(600, 1200),
            )
        )
    return found


def readings(panels: list[Panel]) -> NDArray[np.float32]:
    """Return what an eye should read, (panels, readings); distance and speed by their logarithms."""
    return np.array(
        [
            (
                panel.prograde[0],
                panel.prograde[2],
                math.copysign(1.0, panel.prograde[1]),
                2 * (math.log(panel.distance) - _NEAR) / (_FAR - _NEAR) - 1,
                2 * (math.log(panel.speed) - _SLOW) / (_FAST - _SLOW) - 1,
            )
            for panel in panels
        ],
        dtype=np.float32,
    )


def reading_loss(reader: nn.Module, batch: Batch) -> Tensor:
    """Return the mean error, squared where it is small."""
    pictures, wanted = batch
    return functional.smooth_l1_loss(reader(pictures), wanted, beta=0.05)


@resumable
def teach(settings: ReaderSettings, seed: int, device: str = "auto") -> Reader:
    """Teach an eye to read drawn instruments."""
    panels = drawn_panels(settings.pictures, seed)
    pictures = np.stack([draw(panel, settings.size) for panel in panels])
    torch.manual_seed(seed)
    reader = Reader(settings.size, settings.width)
    plan = TrainingSettings(
        epochs=settings.epochs, lr=settings.lr, batch_size=64, clip_norm=1.0, warm_up=0.06
    )
    data = Tensors(torch.from_numpy(pictures), torch.from_numpy(readings(panels)))
    fit(reader, data, reading_loss, plan, seed=seed, accelerator=make_accelerator(device))
    return reader.cpu().eval()


@torch.no_grad()
def reading_errors(reader: Reader, count: int, seed: int) -> pd.DataFrame:
    """Read new instruments.

    Returns
    -------
    DataFrame
        sideways (error of the marker's place, as a share of the ball's radius), behind (whether ahead was
        taken for behind or the other way round), distance and speed (error in %).
    """
    panels = drawn_panels(count, seed)
    pictures = torch.from_numpy(np.stack([draw(panel, reader.eye.size) for panel in panels]))
    wanted = readings(panels)
    errors = reader(pictures).numpy() - wanted
    return pd.DataFrame(
        {
            "sideways": np.hypot(errors[:, 0], errors[:, 1]),
            "behind": np.abs(errors[:, 2]) > 1,
            "distance": 100 * np.expm1(np.abs(errors[:, 3]) * (_FAR - _NEAR) / 2),
            "speed": 100 * np.expm1(np.abs(errors[:, 4]) * (_FAST - _SLOW) / 2),
        }
    )
