"""A language model that reads: visual tokens of a pyramid, a question, and an answer spelt digit by digit.

TextVQA's point in miniature: what is asked stands in the picture in small print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.papers.piip.branch import as_tokens
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.settings import Settings
from mmrepro.papers.piip.systems import build_pyramid, schedule_of
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.loop import fit, make_accelerator
from mmrepro.training.parallel import Each
from mmrepro.training.seed import seed_everything

QUESTIONS = ("left", "right")
_WORDS = 10 + len(QUESTIONS)  # the decoder's vocabulary: ten digits, then the questions
_FONT = 10  # pixels


def render(numbers: Sequence[str], size: tuple[int, int], generator: np.random.Generator) -> Image.Image:
    """Draw numbers side by side on noisy grey, each a little off its place, in small print."""
    height, width = size
    noise = generator.integers(190, 230, size=(height, width, 1), dtype=np.uint8)
    image = Image.fromarray(np.repeat(noise, 3, axis=2))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(_FONT)
    column = width // len(numbers)
    for place, number in enumerate(numbers):
        free = max(1, column - int(pen.textlength(number, font=font)) - 4), max(1, height - _FONT - 4)
        left, top = ((room - 1) // 2 + int(generator.integers(3)) for room in free)
        pen.text((place * column + left, top), number, fill=(20, 20, 60), font=font)
    return image


def make_pictures(count: int, size: tuple[int, int], digits: int, seed: int) -> Tensors:
    """Make pictures (n, 3, h, w) uint8, questions (n,) and answers (n, digits)."""
    generator = np.random.default_rng(seed)
    numbers = generator.integers(10**digits, size=(count, len(QUESTIONS)))
    questions = generator.integers(len(QUESTIONS), size=count)
    pixels = [
        np.asarray(render([f"{number:0{digits}d}" for number in row], size, generator)) for row in numbers
    ]
    asked = numbers[np.arange(count), questions]
    answers = np.stack([asked // 10**place % 10 for place in reversed(range(digits))], 1)
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
    return Tensors(images, torch.from_numpy(questions), torch.from_numpy(answers))


class Reader(nn.Module):
    """A pyramid whose merged map stands as visual tokens before the words of a tiny causal decoder.

    The projector is the paper's (linear, norm, GELU, linear); the map has the grid of the finest branch, so
    a pyramid also gives the language model more tokens to read.
    """

    def __init__(self, pyramid: PIIP, width: int, digits: int) -> None:
        super().__init__()
        self.pyramid, self.digits = pyramid, digits
        self.merging = pyramid.merging("language", width)
        self.words = nn.Embedding(_WORDS, width)
        count = self.merging.grid[0] * self.merging.grid[1]
        self.positions = nn.Parameter(0.02 * torch.randn(count + digits, width))
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.decoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(width), enable_nested_tensor=False)
        self.speak = nn.Linear(width, 10)

    def forward(self, images: Tensor, questions: Tensor, known: Tensor) -> Tensor:
        """Score the next digit after the question and each `known` digit.

        Shapes: images (b, 3, h, w), questions (b,), known (b, k), scores (b, k + 1, 10).
        """
        seen = as_tokens(self.merging(self.pyramid(images)))
        words = self.words(torch.cat([questions[:, None] + 10, known], 1))
        tokens = torch.cat([seen, words], 1)
        length = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length, device=tokens.device)
        states = self.decoder(tokens + self.positions[:length], mask=mask, is_causal=True)
        scores: Tensor = self.speak(states[:, seen.shape[1] :])
        return scores

    @torch.inference_mode()
    def read(self, images: Tensor, questions: Tensor) -> Tensor:
        """Answer digit by digit, the likeliest each: (b, digits)."""
        known = questions.new_zeros(len(questions), 0)
        for _ in range(self.digits):
            best = self(images, questions, known)[:, -1].argmax(-1, keepdim=True)
            known = torch.cat([known, best], 1)
        return known


def reading_loss(net: nn.Module, batch: Batch) -> Tensor:
    """Return the cross-entropy of every digit, given the true ones before it."""
    pixels, questions, answers = batch
    scores = net(scaled(pixels), questions, answers[:, :-1])
    return functional.cross_entropy(scores.flatten(0, 1), answers.flatten())


def scaled(pixels: Tensor) -> Tensor:
    """Turn uint8 pixels into numbers around zero."""
    return pixels.float() / 127.5 - 1


@dataclass(frozen=True)
class Reading:
    """One reader after training: exact answers (%) and tokens that its language model sees."""

    system: str
    seed: int
    exact: float
    tokens: int
    history: pd.DataFrame


def train_readers(settings: Settings, each: Each = map) -> list[Reading]:
    """Train every reader with the first seeds; a seed has the same pictures for all systems.

    `each` is the `map` that runs the jobs, as `parallel.workers` gives it.
    """
    asked = settings.reading
    jobs = [(name, seed) for name in asked.systems for seed in settings.seeds[: asked.runs]]
    return list(each(partial(train_reader, settings), jobs))


def train_reader(settings: Settings, job: tuple[str, int]) -> Reading:
    """Train one reader with one seed and let it read new pictures."""
    (name, seed), asked = job, settings.reading
    seed_everything(seed, settings.threads)
    reader = Reader(build_pyramid(asked.systems[name], settings), asked.width, asked.digits)
    pictures = make_pictures(asked.train_size, asked.image_size, asked.digits, seed)
    accelerator = make_accelerator(settings.device)
    history = fit(reader, pictures, reading_loss, schedule_of(asked), seed=seed, accelerator=accelerator)
    reader.eval()
    # A seed of its own: no test picture may be one of the training's.
    pixels, questions, answers = make_pictures(
        asked.test_size, asked.image_size, asked.digits, 20_000 + seed
    ).tensors
    device = next(reader.parameters()).device
    read = reader.read(scaled(pixels).to(device), questions.to(device)).cpu()
    exact = 100 * (read == answers).all(1).float().mean().item()
    return Reading(name, seed, exact, reader.merging.grid[0] * reader.merging.grid[1], history)
