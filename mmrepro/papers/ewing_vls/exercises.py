"""Three exercises, from a bag's average to what an accuracy owes to its split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mmrepro.display.exercise import Answer, Exercise


def attention_pool(features: ArrayLike, raw: ArrayLike) -> np.ndarray:
    """Return the mean of a bag's features (patches, width), weighted by the softmax of `raw` (patches,)."""
    weights = np.exp(np.asarray(raw, dtype=float) - np.max(raw))
    return np.asarray(weights / weights.sum() @ np.asarray(features, dtype=float))


def _check_pool(answer: Answer) -> None:
    features = [[1.0, 0.0], [3.0, 2.0]]
    found = answer(features, [0.0, 0.0])
    assert found is not None, "It returns None; return an array with one number a feature."
    assert np.allclose(found, [2.0, 1.0]), "Equal attention is the plain mean."
    assert np.allclose(answer(features, [0.0, np.log(3.0)]), [2.5, 1.5]), (
        "A raw attention of ln 3 weighs three times as much as one of zero."
    )
    assert np.allclose(answer(features, [1000.0, 0.0]), [1.0, 0.0]), (
        "Large raw attentions must not overflow; subtract their maximum first."
    )


def trainable_parameters(width: int, classes: int, tower: int, frozen: bool) -> int:
    """Count what mean pooling with a linear classifier trains on features of `width`, above a tower."""
    head = width * classes + classes
    return head if frozen else head + tower


def _check_trainable(answer: Answer) -> None:
    found = answer(10, 3, 100, True)
    assert found is not None, "It returns None; return a whole number."
    assert found == 33, (
        "A linear layer from 10 to 3 has 30 weights and 3 biases; a frozen tower trains nothing."
    )
    assert answer(10, 3, 100, False) == 133, "Fine-tuning trains the tower's parameters as well."
    assert answer(512, 4, 14_714_688, True) == 2052, (
        "512 features and four classes: 2,052, whatever the tower."
    )


def shared_patients(patients: Sequence[str], folds: Sequence[Sequence[int]]) -> list[float]:
    """Return, for each fold of test tiles, the share of them whose patient also has tiles in the training."""
    shares = []
    for test in folds:
        inside = set(test)
        known = {name for place, name in enumerate(patients) if place not in inside}
        shares.append(sum(patients[place] in known for place in test) / len(test))
    return shares


def _check_shared(answer: Answer) -> None:
    patients = ["a", "a", "b", "b", "c"]
    found = answer(patients, [[0, 1], [2, 4]])
    assert found is not None, "It returns None; return a list of shares, one a fold."
    assert len(found) == 2, f"Two folds have two shares, not {len(found)}."
    assert found[0] == 0, "All tiles of patient a are tested together, so none of them was trained on."
    assert abs(found[1] - 0.5) < 1e-9, "Patient b has another tile in the training, patient c has none."


EXERCISES = (
    Exercise(
        title="Attention pooling by hand",
        level="easy",
        task=(
            "Write `attention_pool(features, raw)`: the mean of a bag's features (patches, width), "
            "weighted by the softmax of the raw attention (patches,)."
        ),
        hint="A softmax may subtract the same number from all of its inputs; take the largest.",
        solution=attention_pool,
        check=_check_pool,
    ),
    Exercise(
        title="What is trained",
        level="medium",
        task=(
            "Write `trainable_parameters(width, classes, tower, frozen)`: how many parameters are trained "
            "when a linear classifier stands on the mean of features of a tower with `tower` parameters."
        ),
        hint="Mean pooling has no parameters; the classifier has weights and biases.",
        solution=trainable_parameters,
        check=_check_trainable,
    ),
    Exercise(
        title="Old acquaintances",
        level="hard",
        task=(
            "Write `shared_patients(patients, folds)`: for each fold, a list of test tiles, the share of "
            "them whose patient also has tiles among those not tested. Then ask it of a random split here."
        ),
        hint="Collect the patients of all tiles that are not in the fold first.",
        solution=shared_patients,
        check=_check_shared,
    ),
)
