"""The breast tissue microarray: features of cores with a label, a test of aggregators alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrepro.data.local import LocalData
from mmrepro.data.readers import read_csv, read_npz

_FILE = "ucsb_tma_features.npz"


@dataclass(frozen=True)
class Cores:
    """Bags of features.

    Attributes
    ----------
    features
        Shape (instances, width).
    bag
        Bag of each instance, (instances,), counted from zero.
    labels
        0 benign, 1 malignant, (bags,).
    """

    features: NDArray[np.float32]
    bag: NDArray[np.int64]
    labels: NDArray[np.int64]


def load_cores(data: LocalData, most: int | None = None) -> Cores:
    """Read the benchmark; `most` keeps that many bags, evenly spaced, since the file is sorted by label."""
    arrays = read_npz(data.path(_FILE))
    bag, labels = arrays["bag"].astype(np.int64), arrays["y"].astype(np.int64)
    kept = np.unique(np.linspace(0, len(labels) - 1, most or len(labels)).round().astype(np.int64))
    rows = np.isin(bag, kept)
    return Cores(np.ascontiguousarray(arrays["X"][rows]), np.searchsorted(kept, bag[rows]), labels[kept])


def pack_table(inputs: Mapping[str, Path], output: Path) -> None:
    """Turn the package's table (label, bag, features) into arrays."""
    table = read_csv(
        inputs["ucsb_table"] / "ucsb_table/ucsb_breast_cancer.csv", header=None, float_precision="round_trip"
    )
    bags = table[1].unique()
    np.savez_compressed(
        output / _FILE,
        X=np.asfortranarray(table.iloc[:, 2:].to_numpy(np.float32)),
        bag=table[1].map({name: place for place, name in enumerate(bags)}).to_numpy(np.int16),
        y=table.groupby(1, sort=False)[0].first().to_numpy(np.int8),
    )
