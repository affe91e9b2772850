"""What a copilot must be compared with: plain classifiers, and plain ways to write a cell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]
Labels = NDArray[np.str_]
_COMPONENTS = 30


def majority(_: Floats, labels: Labels, test: Floats) -> Labels:
    """Answer the most frequent label."""
    names, counts = np.unique(labels, return_counts=True)
    return np.full(len(test), names[counts.argmax()])


def logistic_regression(train: Floats, labels: Labels, test: Floats) -> Labels:
    """Answer by logistic regression on principal components of expression."""
    from sklearn.linear_model import LogisticRegression

    first, second = _components(train, test)
    scale = first.std(0)
    fitted = LogisticRegression(max_iter=1000).fit(first / scale, labels)
    return np.asarray(fitted.predict(second / scale))


def nearest_neighbours(train: Floats, labels: Labels, test: Floats) -> Labels:
    """Answer by a vote of 15 neighbours among principal components."""
    from sklearn.neighbors import KNeighborsClassifier

    first, second = _components(train, test)
    return np.asarray(KNeighborsClassifier(15).fit(first, labels).predict(second))


def gene_number(train: Floats, labels: Labels, test: Floats) -> Labels:
    """Answer from how many genes a cell expresses and nothing else: what its library gives away."""
    from sklearn.linear_model import LogisticRegression

    first, second = ((part > 0).sum(1, keepdims=True) / 100 for part in (train, test))
    return np.asarray(LogisticRegression(max_iter=1000).fit(first, labels).predict(second))


def _components(train: Floats, test: Floats) -> tuple[Floats, Floats]:
    from sklearn.decomposition import PCA

    size = min(_COMPONENTS, *(side - 1 for side in train.shape))
    reducer = PCA(size, svd_solver="covariance_eigh").fit(train)  # a full SVD takes a second
    return reducer.transform(train), reducer.transform(test)


CLASSIFIERS: dict[str, Callable[[Floats, Labels, Floats], Labels]] = {
    "majority": majority,
    "number of genes alone": gene_number,
    "logistic regression": logistic_regression,
    "15 neighbours": nearest_neighbours,
}


def latent_classifier(
    counts: Tensor,
    train: NDArray[np.int64],
    labels: Labels,
    test: NDArray[np.int64],
    seed: int,
    epochs: int = 4,
) -> Labels:
    """Answer by logistic regression on the latent of an autoencoder of counts, in the manner of scVI.

    The autoencoder is the copilot's own writer without a condition; it sees no label.
    """
    from sklearn.linear_model import LogisticRegression

    from mmrepro.papers.instructcell.writer import CellWriter

    torch.manual_seed(seed)
    model = CellWriter(counts.shape[1], condition_size=1, latent_size=10, width=64)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, fused=True)
    rows = torch.from_numpy(train)
    for _ in range(epochs):
        for batch in rows[torch.randperm(len(rows))].split(128):
            condition, noise = torch.zeros(len(batch), 1), model.noise(len(batch))
            likelihood, divergence = model.loss(condition, counts[batch], 1.0, noise)
            loss = (likelihood + divergence).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        latents = [model.latent(counts[torch.from_numpy(part)]).numpy() for part in (train, test)]
    answers = LogisticRegression(max_iter=1000).fit(latents[0], labels).predict(latents[1])
    return np.asarray(answers)


def resampled(counts: Floats, labels: Labels, wanted: Labels, rng: np.random.Generator) -> Floats:
    """Take a real training cell of each wanted label: the ceiling."""
    return np.stack([counts[rng.choice(np.flatnonzero(labels == label))] for label in wanted])


def shuffled(counts: Floats, _: Labels, wanted: Labels, rng: np.random.Generator) -> Floats:
    """Take any real training cell, whatever its label: the floor of every measure of the condition."""
    return counts[rng.integers(len(counts), size=len(wanted))]


def independent_genes(counts: Floats, labels: Labels, wanted: Labels, rng: np.random.Generator) -> Floats:
    """Draw each gene alone from the label's negative binomial, fitted by moments."""
    written = np.zeros((len(wanted), counts.shape[1]))
    for label in np.unique(wanted):
        own = counts[labels == label]
        mean, variance = own.mean(0), own.var(0)
        # Without more variance than a Poisson law has, the law is nearly one.
        dispersion = np.where(variance > mean, mean**2 / np.maximum(variance - mean, 1e-9), 1e6)
        rows = np.flatnonzero(wanted == label)
        rates = rng.gamma(
            np.maximum(dispersion, 1e-9), mean / np.maximum(dispersion, 1e-9), (len(rows), len(mean))
        )
        written[rows] = rng.poisson(rates)
    return written


SAMPLERS: dict[str, Callable[[Floats, Labels, Labels, np.random.Generator], Floats]] = {
    "real cells of the type": resampled,
    "genes drawn alone": independent_genes,
    "real cells of any type": shuffled,
}
