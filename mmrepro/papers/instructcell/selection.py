"""Choosing genes by the labels of cells: on the training cells of each fold, or on cells that it tests."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

CHOSEN_ON = ("training cells", "all cells")
_FOLDS = 5


def fold_accuracy(
    expression: NDArray[np.float64], labels: NDArray[np.str_], chosen_on: str, genes: int, seed: int = 0
) -> float:
    """Return the accuracy (%) of logistic regression on the `genes` that tell the labels apart best.

    Parameters
    ----------
    expression, labels
        Shapes (cells, genes) and (cells,).
    chosen_on
        ``training cells``: genes are chosen anew in every fold; ``all cells``: once, so that the labels of
        the tested cells have a say in the choice.

    Raises
    ------
    MMReproError
        When `chosen_on` is neither of the two.
    """
    from sklearn.feature_selection import SelectKBest
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold

    if chosen_on not in CHOSEN_ON:
        raise MMReproError(f"Genes cannot be chosen on {chosen_on!r}; choose {' or '.join(CHOSEN_ON)}.")
    right = np.empty(len(labels), dtype=bool)
    for train, test in KFold(_FOLDS, shuffle=True, random_state=seed).split(expression):
        seen = train if chosen_on == "training cells" else np.arange(len(labels))
        with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
            warnings.simplefilter("ignore")  # a gene that no cell expresses has no F value, and comes last
            chooser = SelectKBest(k=min(genes, expression.shape[1])).fit(expression[seen], labels[seen])
        kept = chooser.get_support(indices=True)
        model = LogisticRegression(max_iter=1000).fit(expression[np.ix_(train, kept)], labels[train])
        right[test] = model.predict(expression[np.ix_(test, kept)]) == labels[test]
    return 100 * float(right.mean())
