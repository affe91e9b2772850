"""Training every variant with every seed, at equal budget a task, and what it answers and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmrepro.data.local import LocalData
from mmrepro.modeling.pretrained import from_folder
from mmrepro.papers.instructcell import templates as wording
from mmrepro.papers.instructcell.copilot import Copilot, small_t5
from mmrepro.papers.instructcell.corpus import Bank, split_cells
from mmrepro.papers.instructcell.encoder import CellEncoder, Kind
from mmrepro.papers.instructcell.prompt import (
    Answer,
    Tokens,
    adapted,
    examples,
    tensors_of,
    train_tokenizer,
    training_examples,
)
from mmrepro.papers.instructcell.settings import Settings
from mmrepro.papers.instructcell.templates import TASKS, Task, Template, Templates
from mmrepro.papers.instructcell.writer import CellWriter
from mmrepro.training.batches import Batch, Tensors
from mmrepro.training.checkpoint import Watch
from mmrepro.training.loop import TrainingSettings, fit, make_accelerator
from mmrepro.training.seed import seed_everything
from mmrepro.training.share import batch_mean

_ASKED = 256  # prompts a batch when nothing is learnt
_TOLD = 3000  # prompts that the tokenizer is trained on
Splits = dict[str, dict[str, NDArray[np.int64]]]


@dataclass(frozen=True)
class System:
    """A variant: what it is trained on, how a cell gets in, and what stands before the signal."""

    name: str
    tasks: tuple[Task, ...] = TASKS
    encoder: Kind = "q-former"
    answer: Answer = "type, then signal"


COPILOT = System("copilot")
SYSTEMS = (
    COPILOT,
    System("annotation only", ("annotation",)),
    System("annotation only, MLP", ("annotation",), encoder="mlp"),
    System("copilot, bare signal", answer="signal"),
)


@dataclass(frozen=True)
class Language:
    """The tokenizer, and how to make a fresh language model with it."""

    tokens: Tokens
    make: Callable[[], Any]

    def slots(self, count: int) -> Tokens:
        """Return the tokens for cells of `count` slots."""
        return Tokens(self.tokens.tokenizer, count)


def make_language(
    bank: Bank, splits: Splits, templates: Templates, settings: Settings, data: Callable[[str], LocalData]
) -> Language:
    """Train a tokenizer on training prompts for a small T5, or load the T5 that the reader supplies."""
    if settings.language_model == "t5":
        from transformers import AutoTokenizer, T5ForConditionalGeneration

        folder = data("t5").folder
        tokens = adapted(from_folder(AutoTokenizer, folder), settings.num_queries)

        def load() -> Any:
            model = from_folder(T5ForConditionalGeneration, folder)
            model.resize_token_embeddings(len(tokens.tokenizer))
            return model

        return Language(tokens, load)
    asked = training_examples(bank, splits, templates, TASKS, _TOLD, "", "type, then signal", seed=0)
    texts = [each.prompt for each in asked] + [each.target for each in asked]
    tokens = train_tokenizer(texts, settings.vocabulary_size, settings.num_queries)
    size, layers, heads = settings.hidden_size, settings.num_layers, settings.num_heads
    return Language(tokens, lambda: small_t5(len(tokens.tokenizer), size, layers, heads, tokens))


class LossWatch(Watch):
    """The loss that the training loop asks for, and its parts at every step on the way."""

    def __init__(self, bank: Bank, settings: Settings, device: torch.device) -> None:
        super().__init__()
        self.expression, self.counts = bank.expression.to(device), bank.counts.to(device)
        self.settings = settings

    def __call__(self, net: nn.Module, batch: Batch) -> Tensor:
        """Return text loss plus weighted loss of writing."""
        ids, mask, targets, rows, _ = batch
        found = net(ids, mask, targets, self.expression[rows], self.counts[rows], self.settings.kl_weight)
        genes = self.counts.shape[1]
        text = batch_mean(found.text, found.tokens)
        written = batch_mean(found.likelihood.mean(), found.cells)
        divergence = batch_mean(found.divergence.mean(), found.cells)
        self.note(text=text, gene=written / genes)
        return text + self.settings.generation_weight * (written + divergence)


def train(
    system: System, bank: Bank, splits: Splits, templates: Templates, language: Language, settings: Settings,
    seed: int,
) -> tuple[Copilot, pd.DataFrame]:  # fmt: skip
    """Train one variant; each task gets as many examples as in the copilot that has all three.

    Returns
    -------
    tuple
        The model, and its losses by step: text in nats a token, and nats a gene of written cells.
    """
    seed_everything(seed, settings.threads)
    size = settings.hidden_size
    encoder = CellEncoder(
        len(bank.genes),
        size,
        settings.num_queries,
        settings.num_values,
        settings.num_heads,
        kind=system.encoder,
    )
    tokens = language.slots(encoder.num_slots)
    language_model = language.make()
    writer = CellWriter(len(bank.genes), size, settings.latent_size, settings.decoder_size)
    model = Copilot(language_model, encoder, writer, tokens)
    share = len(system.tasks) / len(TASKS)
    count = round(settings.steps * settings.batch_size * share)
    asked = training_examples(
        bank, splits, templates, system.tasks, count, tokens.cell_text, system.answer, seed
    )
    plan = TrainingSettings(
        epochs=1, lr=settings.lr, weight_decay=0.01, batch_size=settings.batch_size, clip_norm=1.0
    )
    accelerator = make_accelerator(settings.device)
    watch = LossWatch(bank, settings, accelerator.device)
    fit(model, Tensors(*tensors_of(asked, tokens)), watch, plan, seed=seed, accelerator=accelerator)
    history = pd.DataFrame(watch.rows).rename_axis("step").reset_index()
    return model.eval(), history.assign(system=system.name, seed=seed)


def answers(
    model: Copilot,
    bank: Bank,
    name: str,
    task: Task,
    places: NDArray[np.int64],
    wordings: list[Template],
    seed: int,
) -> NDArray[np.str_]:
    """Let a copilot answer about some cells of a set, each asked with a template drawn from `wordings`."""
    rng = np.random.default_rng(seed)
    asked = examples(bank, name, task, places, wordings, model.tokens.cell_text, "type, then signal", rng)
    ids, mask, _, rows, _ = tensors_of(asked, model.tokens)
    device = next(model.parameters()).device
    said: list[str] = []
    for part in torch.arange(len(ids)).split(_ASKED):
        told = model.answer(
            ids[part].to(device), mask[part].to(device), bank.expression[rows[part]].to(device)
        )
        said += model.tokens.decode(told)
    return np.asarray(said)


@dataclass(frozen=True)
class Written:
    """Cells that a copilot wrote on request.

    Attributes
    ----------
    wanted
        The type that was asked for, (cells,).
    counts
        Whole counts, (cells, genes).
    named
        The type that the answer named before its signal, (cells,).
    signalled
        Whether the answer had a signal, (cells,).
    """

    wanted: NDArray[np.str_]
    counts: NDArray[np.float64]
    named: NDArray[np.str_]
    signalled: NDArray[np.bool_]


def totals_like(counts: Tensor, number: int, rng: np.random.Generator) -> Tensor:
    """Draw totals from the log-normal law of the cells in `counts`, within their range."""
    logs = np.log(counts.sum(1).numpy())
    drawn = np.clip(rng.normal(logs.mean(), logs.std(), number), logs.min(), logs.max())
    return torch.from_numpy(np.exp(drawn)).float()


@torch.no_grad()
def write_cells(
    model: Copilot, bank: Bank, name: str, splits: Splits, wordings: list[Template], seed: int
) -> Written:
    """Ask for one cell of the type of each test cell of a set; only the type of the test cell is told."""
    seed_everything(seed)
    rng = np.random.default_rng(seed)
    places = splits[name]["test"]
    asked = examples(bank, name, "generation", places, wordings, "", "type, then signal", rng)
    ids, mask, _, rows, _ = tensors_of(asked, model.tokens)
    device = next(model.parameters()).device
    train_counts = bank.counts[torch.from_numpy(bank.rows(name, splits[name]["train"]))]
    totals = totals_like(train_counts, len(places), rng).to(device)
    named, signalled, counts = [], [], []
    for part in torch.arange(len(ids)).split(_ASKED):
        prompt, seen = ids[part].to(device), mask[part].to(device)
        told = model.answer(prompt, seen, bank.expression[rows[part]].to(device))
        states, has = model.signal_states(prompt, seen, told)
        counts.append(model.writer.write(states, totals[part]).cpu().numpy().astype(float))
        named += model.tokens.decode(told)
        signalled.append(has.cpu().numpy())
    return Written(
        bank.sets[name].labels[places], np.concatenate(counts), np.asarray(named), np.concatenate(signalled)
    )


@dataclass
class Runs:
    """Trained copilots and their splits.

    Attributes
    ----------
    models
        System -> seed -> model.
    splits
        Seed -> set -> split -> places.
    """

    bank: Bank
    templates: Templates
    models: dict[str, dict[int, Copilot]] = field(default_factory=dict)
    splits: dict[int, Splits] = field(default_factory=dict)
    histories: list[pd.DataFrame] = field(default_factory=list)


def split_sets(bank: Bank, seed: int) -> Splits:
    """Split every set at random, as the paper does."""
    return {name: split_cells(each.counts.n_obs, seed) for name, each in bank.sets.items()}


def train_systems(
    bank: Bank,
    official: Templates,
    settings: Settings,
    data: Callable[[str], LocalData],
    systems: Sequence[System] = SYSTEMS,
) -> Runs:
    """Train every system with every seed; a seed also splits the cells."""
    kept = wording.chosen(official, settings.max_words, settings.template_share)
    runs = Runs(bank, kept)
    first = split_sets(bank, settings.seeds[0])
    language = make_language(bank, first, kept, settings, data)
    for seed in settings.seeds:
        runs.splits[seed] = split_sets(bank, seed)
        for system in systems:
            model, history = train(system, bank, runs.splits[seed], kept, language, settings, seed)
            runs.models.setdefault(system.name, {})[seed] = model
            runs.histories.append(history)
        print(f"seed {seed}: {len(systems)} systems trained", flush=True)
    return runs


def of_seed(runs: Runs, seed: int) -> Runs:
    """Return the part of the runs that belongs to one seed."""
    models = {system: {seed: by_seed[seed]} for system, by_seed in runs.models.items()}
    return Runs(runs.bank, runs.templates, models, {seed: runs.splits[seed]})
