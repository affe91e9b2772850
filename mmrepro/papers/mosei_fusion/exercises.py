"""Three exercises, from a line of arithmetic to a model."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from mmrepro.display.exercise import Answer, Exercise


def largest_share(labels: ArrayLike) -> float:
    """Return the accuracy, in percent, of always answering the most frequent of `labels`."""
    _, counts = np.unique(np.asarray(labels), return_counts=True)
    return float(counts.max() / counts.sum() * 100)


def _check_largest_share(answer: Answer) -> None:
    found = answer([0, 1, 1, -1])
    assert found is not None, "It returns None; return a number in percent."
    assert abs(found - 50) < 1e-9, f"Of [0, 1, 1, -1] half is the most frequent class, not {found} %."
    assert abs(answer([2, 2, 2]) - 100) < 1e-9, "One class only: always answering it is always right."


def product_of_experts(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Join decisions by the normalised product of their probabilities.

    Parameters
    ----------
    probabilities
        Shape (modalities, n, num_classes).
    """
    product = np.exp(np.log(np.clip(probabilities, 1e-12, None)).mean(axis=0))
    joined: NDArray[np.float64] = product / product.sum(axis=1, keepdims=True)
    return joined


def _check_product(answer: Answer) -> None:
    agreeing = np.array([[[0.8, 0.2]], [[0.8, 0.2]]])
    found = answer(agreeing)
    assert found is not None, "It returns None; return an array of shape (n, num_classes)."
    assert np.shape(found) == (1, 2), f"The shape must be (n, num_classes) = (1, 2), not {np.shape(found)}."
    assert np.allclose(found, agreeing[0]), (
        "Two equal experts must give what each gives: take the mean of logs."
    )
    doubtful = answer(np.array([[[0.99, 0.01]], [[0.5, 0.5]]]))
    expected = np.sqrt([0.99 * 0.5, 0.01 * 0.5])
    assert np.allclose(doubtful, expected / expected.sum()), "Normalise the geometric mean over classes."


class GatedFusion(torch.nn.Module):
    """Weigh the modalities of each example by a softmax gate, and add them up."""

    def __init__(self, hidden_size: int, num_modalities: int) -> None:
        super().__init__()
        self.gate = torch.nn.Linear(hidden_size * num_modalities, num_modalities)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Join tokens (batch, modalities, hidden_size) to (batch, hidden_size)."""
        weight = self.gate(tokens.flatten(1)).softmax(-1)
        joined: torch.Tensor = (weight.unsqueeze(-1) * tokens).sum(1)
        return joined


def _check_gate(answer: Answer) -> None:
    torch.manual_seed(0)
    module = answer(8, 3)
    assert isinstance(module, torch.nn.Module), "Pass the class: it must be a torch.nn.Module."
    tokens = torch.randn(5, 3, 8)
    joined = module(tokens)
    assert isinstance(joined, torch.Tensor), "forward returns None; return a tensor."
    assert joined.shape == (5, 8), (
        f"The shape must be (batch, hidden_size) = (5, 8), not {tuple(joined.shape)}."
    )
    same = tokens[:, :1].expand(-1, 3, -1)
    assert torch.allclose(module(same), same[:, 0], atol=1e-5), "Weights of an example must add up to 1."
    joined.sum().backward()
    assert any(weight.grad is not None for weight in module.parameters()), "The gate must be learnt."


EXERCISES = (
    Exercise(
        title="The line every table needs",
        level="easy",
        task=(
            "Write `largest_share(labels)`: the accuracy in percent of always answering the most frequent "
            "label."
        ),
        hint="`numpy.unique(labels, return_counts=True)`.",
        solution=largest_share,
        check=_check_largest_share,
    ),
    Exercise(
        title="Late fusion without the over-confident",
        level="medium",
        task=(
            "Averaging lets one over-confident modality outvote two. Write "
            "`product_of_experts(probabilities)` for an array of shape (modalities, n, classes): the "
            "geometric mean over modalities, normalised over classes. Then use it on `runs.probabilities` "
            "and compare with the average."
        ),
        hint="Take the mean of the logarithms over the first axis, then a softmax over the last.",
        solution=product_of_experts,
        check=_check_product,
    ),
    Exercise(
        title="A gate for each example",
        level="hard",
        task=(
            "Write `GatedFusion(hidden_size, num_modalities)`, a module that joins tokens "
            "(batch, modalities, hidden_size) by weights that it computes from the example and that add up "
            "to 1. Put it where `AttentionFusion` has its attention, and train it with `train_systems`."
        ),
        hint="One linear layer from all tokens to one number a modality, softmax, weighted sum.",
        solution=GatedFusion,
        check=_check_gate,
    ),
)
