"""Talk to a cell: what a prompt is cut into, what is answered, and what is written beside real cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from mmrepro.papers.instructcell.cells import TARGET_SUM
from mmrepro.papers.instructcell.copilot import Copilot
from mmrepro.papers.instructcell.corpus import Bank
from mmrepro.papers.instructcell.prompt import ask
from mmrepro.papers.instructcell.templates import Task, Template

_SHOWN = 12  # genes


@dataclass(frozen=True)
class Turn:
    """One question and its answer.

    Attributes
    ----------
    pieces
        The prompt as the model reads it, token by token.
    wanted
        The label of the cell in its file.
    """

    prompt: str
    pieces: list[str]
    answer: str
    wanted: str


def converse(model: Copilot, bank: Bank, name: str, place: int, task: Task, template: Template) -> Turn:
    """Ask about the cell at `place` of a set with one template."""
    tokens, cells = model.tokens, bank.sets[name]
    rng = np.random.default_rng(place)
    prompt, _ = ask(cells, place, task, template, tokens.cell_text, "type, then signal", rng)
    ids, mask = tokens.encode([prompt])
    device = next(model.parameters()).device
    expression = bank.expression[bank.first[name] + place][None].to(device)
    said = tokens.decode(model.answer(ids.to(device), mask.to(device), expression))[0]
    pieces = [tokens.tokenizer.decode([number]) for number in ids[0].tolist()]
    return Turn(prompt, pieces, said, str(cells.labels[place]))


def compared_profiles(
    written: np.ndarray,
    wanted: np.ndarray,
    real: np.ndarray,
    labels: np.ndarray,
    genes: tuple[str, ...],
    kind: str,
) -> pd.DataFrame:
    """Compare mean expression of written and real cells of a type, for the genes that mark it.

    Parameters
    ----------
    written, real
        Counts, (cells, genes).
    wanted, labels
        Their types.

    Returns
    -------
    DataFrame
        gene, written, real: ln(1 + counts per 10,000), the most marking genes first.
    """
    own, other = labels == kind, labels != kind
    expressed = _expression(real)
    marking = np.argsort(expressed[other].mean(0) - expressed[own].mean(0))[:_SHOWN]
    means = _expression(written)[wanted == kind].mean(0) if (wanted == kind).any() else np.zeros(len(genes))
    return pd.DataFrame(
        {
            "gene": [genes[place] for place in marking],
            "written": means[marking],
            "real": expressed[own].mean(0)[marking],
        }
    )


def _expression(counts: np.ndarray) -> np.ndarray:
    totals = np.maximum(counts.sum(1, keepdims=True), 1)
    return np.asarray(np.log1p(counts / totals * TARGET_SUM))


@torch.no_grad()
def soft_tokens(model: Copilot, bank: Bank, rows: np.ndarray) -> np.ndarray:
    """Return the soft tokens of some cells of the bank, (cells, slots, hidden_size)."""
    device = next(model.parameters()).device
    found: np.ndarray = model.encoder(bank.expression[torch.from_numpy(rows)].to(device)).cpu().numpy()
    return found
