"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy import sparse

_TYPES = {
    "bastidas_ponce_2019_e15_5.npz": ("Alpha", "Beta", "Delta", "Ductal"),
    "pc9_erlotinib_day11.npz": ("control", "erlotinib"),
    "gbm_panobinostat.npz": ("ctrl", "panobinostat"),
    "kang2018_ifnb_pbmc.npz": ("B cells", "CD14+ Monocytes", "NK cells"),
}
_CELLS, _GENES = 240, 160


def _counts(rng: np.random.Generator, kinds: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Draw counts whose genes follow the kind of a cell, with some genes that follow its group."""
    means = rng.gamma(0.4, 1.2, size=_GENES)
    lift = np.ones((kinds.max() + 1, _GENES))
    for kind in range(len(lift)):
        lift[kind, 12 * kind : 12 * kind + 12] = 8.0
    depth = rng.lognormal(0, 0.3, size=(len(kinds), 1))
    rates = means * lift[kinds] * depth * np.exp(shifts)
    return np.asarray(rng.poisson(rates + 0.02))


def _write(folder: Path, name: str, columns: dict[str, Sequence[str]], groups: int = 1) -> None:
    rng = np.random.default_rng(sorted(_TYPES).index(name))
    names = _TYPES[name]
    kinds = rng.integers(len(names), size=_CELLS)
    own = rng.integers(groups, size=_CELLS)
    shifts = rng.normal(0, 0.5, size=(groups, _GENES))[own] if groups > 1 else np.zeros((_CELLS, _GENES))
    matrix = sparse.csr_matrix(_counts(rng, kinds, shifts).astype(np.uint16))
    obs = {f"obs_{column}": np.array(values)[kinds if len(values) == len(names) else own]
           for column, values in columns.items()}  # fmt: skip
    np.savez(
        folder / name,
        data=matrix.data,
        indices=matrix.indices,
        indptr=matrix.indptr,
        shape=np.array(matrix.shape),
        genes=np.array([f"GENE{number}" for number in range(_GENES)]),
        cells=np.array([f"cell{number}" for number in range(_CELLS)]),
        **obs,  # type: ignore[arg-type]
    )


def write_pancreas(folder: Path) -> None:
    """Write generated cells of four types."""
    name = "bastidas_ponce_2019_e15_5.npz"
    _write(folder, name, {"cell_type": _TYPES[name]})


def write_pc9(folder: Path) -> None:
    """Write generated cells of two arms."""
    name = "pc9_erlotinib_day11.npz"
    _write(folder, name, {"condition": _TYPES[name]})


def write_gbm(folder: Path) -> None:
    """Write generated cells of five patients, each with two arms."""
    name = "gbm_panobinostat.npz"
    _write(
        folder, name, {"condition": _TYPES[name], "patient": [f"P{number}" for number in range(5)]}, groups=5
    )


def write_kang(folder: Path) -> None:
    """Write generated cells of three types and two donors."""
    name = "kang2018_ifnb_pbmc.npz"
    _write(folder, name, {"cell_type": _TYPES[name], "donor": ["101", "107"]}, groups=2)


_ASKS = {
    "cell type annotation": (
        "Which generated type is {input}, {species} {tissue}, {sequencing_method}? Options: {choices}.",
        "For {species} {tissue}, measured by {sequencing_method}: name the generated type of {input}.",
    ),
    "conditional pseudo cell generation": (
        "Write a generated {cell_type} of {species} {tissue}, as {sequencing_method} would.",
        "Make up a {cell_type} from {species} {tissue} by {sequencing_method}.",
    ),
    "drug sensitivity prediction": (
        "Does {input} of {species} {tissue} ({sequencing_method}) respond to {drug}? Options: {choices}.",
        "Tell how {input}, {species} {tissue}, {sequencing_method}, answers to {drug}.",
    ),
}
_OPENINGS = (
    "",
    "Please help. ",
    "A generated question. ",
    "Quickly: ",
    "For the sample only. ",
    "Once more. ",
)


def write_templates(folder: Path) -> None:
    """Write generated templates with all three splits."""
    content: dict[str, dict[str, list[dict[str, str]]]] = {}
    for task, wordings in _ASKS.items():
        rows = [
            {
                "instruction": opening + wording,
                "response": "{cell_type}: {output}" if "pseudo" in task else "{output}",
            }
            for opening in _OPENINGS
            for wording in wordings
        ]
        content[task] = {"train": rows[:8], "valid": rows[8:10], "test": rows[10:]}
    packed = gzip.compress(json.dumps(content).encode(), mtime=0)
    (folder / "instructcell_templates.json.gz").write_bytes(packed)


SAMPLES: dict[str, Callable[[Path], None]] = {
    "pancreas": write_pancreas,
    "pc9": write_pc9,
    "gbm": write_gbm,
    "kang": write_kang,
    "templates": write_templates,
}
