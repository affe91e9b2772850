"""From a cell and a template to tokens: the prompt, its slots for a cell, and the answer that is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmrepro.errors import MMReproError
from mmrepro.papers.instructcell.corpus import Bank, CellSet
from mmrepro.papers.instructcell.templates import Task, Template, Templates

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"
CELL, CELL_END, SLOT, SIGNAL = "<CELL>", "</CELL>", "<SLOT>", "<SIGNAL>"
SPECIAL = (PAD, END, UNKNOWN, CELL, CELL_END, SLOT, SIGNAL)
Answer = Literal["type, then signal", "signal"]


@dataclass(frozen=True)
class Example:
    """One instruction about one cell.

    Attributes
    ----------
    row
        Of the cell in the bank.
    """

    row: int
    task: Task
    prompt: str
    target: str


class Tokens:
    """The tokenizer and the numbers of the tokens that mean something to the copilot."""

    def __init__(self, tokenizer: Any, num_slots: int) -> None:
        self.tokenizer, self.num_slots = tokenizer, num_slots
        self.slot, self.signal, self.end, self.pad = (
            int(tokenizer.convert_tokens_to_ids(name)) for name in (SLOT, SIGNAL, END, PAD)
        )

    @property
    def cell_text(self) -> str:
        """What stands in a prompt where the cell belongs: brackets around its slots."""
        return CELL + SLOT * self.num_slots + CELL_END

    def encode(self, texts: Sequence[str], limit: int = 512) -> tuple[Tensor, Tensor]:
        """Cut texts into tokens, padded.

        Returns
        -------
        tuple
            Numbers and mask, both (texts, tokens).

        Raises
        ------
        MMReproError
            When a text has more than `limit` tokens: cutting it could cut a cell's slots.
        """
        batch = self.tokenizer(list(texts), padding=True, return_tensors="pt")
        if batch["input_ids"].shape[1] > limit:
            raise MMReproError(
                f"A prompt has {batch['input_ids'].shape[1]} tokens, more than {limit}; lower max_words."
            )
        return batch["input_ids"], batch["attention_mask"]

    def targets(self, texts: Sequence[str]) -> Tensor:
        """Cut answers into tokens that end with `END`; padding is -100, as the loss ignores it."""
        ids, mask = self.encode([text + END for text in texts])
        return ids.masked_fill(mask == 0, -100)

    def decode(self, ids: Tensor) -> list[str]:
        """Turn answers back into text, special tokens left out."""
        return [text.strip() for text in self.tokenizer.batch_decode(ids, skip_special_tokens=True)]


def train_tokenizer(texts: Iterable[str], size: int, num_slots: int) -> Tokens:
    """Train a byte-level tokenizer on prompts and answers: the small copilot's own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = Tokenizer(models.BPE(unk_token=UNKNOWN))
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    pieces.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=pieces,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        additional_special_tokens=[CELL, CELL_END, SLOT, SIGNAL],
    )
    return Tokens(fast, num_slots)


def adapted(tokenizer: Any, num_slots: int) -> Tokens:
    """Add the copilot's tokens to a pretrained tokenizer; the model's embedding must be resized."""
    tokenizer.add_special_tokens({"additional_special_tokens": [CELL, CELL_END, SLOT, SIGNAL]})
    return Tokens(tokenizer, num_slots)


def ask(
    cells: CellSet,
    row: int,
    task: Task,
    template: Template,
    cell_text: str,
    answer: Answer,
    rng: np.random.Generator,
) -> tuple[str, str]:
    """Fill a template for the cell at `row` of a set.

    The options stand in random order, so that their place tells nothing.

    Returns
    -------
    tuple
        The prompt, in the paper's frame of user and assistant, and the answer that is wanted.
    """
    label = cells.require_choice(str(cells.labels[row]))
    values = {
        **cells.source.facts,
        "input": cell_text,
        "choices": "(" + ", ".join(rng.permutation(cells.choices)) + ")",
        "cell_type": label,
    }
    prompt = f"User:\n{template.fill(values)}\n\nAssistant:\n"
    if task == "generation":
        return prompt, (label if answer == "type, then signal" else "") + SIGNAL
    return prompt, label


def draw(rng: np.random.Generator, templates: list[Template]) -> Template:
    """Draw one template."""
    return templates[int(rng.integers(len(templates)))]


def examples(
    bank: Bank,
    name: str,
    task: Task,
    places: NDArray[np.int64],
    templates: list[Template],
    cell_text: str,
    answer: Answer,
    rng: np.random.Generator,
) -> list[Example]:
    """Ask about some cells of a set, each with a template of its own."""
    cells = bank.sets[name]
    found = []
    for place in places:
        prompt, target = ask(cells, int(place), task, draw(rng, templates), cell_text, answer, rng)
        found.append(Example(bank.first[name] + int(place), task, prompt, target))
    return found


def training_examples(
    bank: Bank,
    splits: dict[str, dict[str, np.ndarray]],
    templates: Templates,
    tasks: Sequence[Task],
    count: int,
    cell_text: str,
    answer: Answer,
    seed: int,
) -> list[Example]:
    """Draw `count` examples: each task alike, then each of its sets, then cells and templates.

    Every batch of a multi-task copilot so has all tasks in it; cells are drawn with replacement.
    """
    rng = np.random.default_rng(seed)
    pairs = [(name, task) for task in tasks for name, each in bank.sets.items() if task in each.source.tasks]
    share = {pair: 1 / (len(tasks) * sum(other[1] == pair[1] for other in pairs)) for pair in pairs}
    found: list[Example] = []
    for name, task in pairs:
        drawn = rng.choice(splits[name]["train"], max(1, round(count * share[name, task])))
        found += examples(bank, name, task, drawn, templates[task]["train"], cell_text, answer, rng)
    return [found[place] for place in rng.permutation(len(found))]


def tensors_of(asked: Sequence[Example], tokens: Tokens) -> tuple[Tensor, ...]:
    """Return prompt, mask, target, row of the cell, and whether a cell is to be written.

    Shapes (n, t), (n, t), (n, u), (n,), (n,).
    """
    ids, mask = tokens.encode([each.prompt for each in asked])
    targets = tokens.targets([each.target for each in asked])
    rows = torch.tensor([each.row for each in asked])
    return ids, mask, targets, rows, torch.tensor([each.task == "generation" for each in asked])
