"""Images of other organs, the captions that their classes become, and copies among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrepro.data.local import LocalData
from mmrepro.data.readers import read_csv
from mmrepro.errors import MMReproError
from mmrepro.papers.ewing_vls.tiles import Pixels, read_image

# Folder and prefix of the file name -> what the caption says.
CONCEPTS = {
    ("crc_val_he_7k", "ADI"): "fat tissue of the colon",
    ("crc_val_he_7k", "LYM"): "lymphocytes in the colon",
    ("crc_val_he_7k", "MUC"): "mucus of the colon",
    ("crc_val_he_7k", "MUS"): "smooth muscle of the colon",
    ("crc_val_he_7k", "NORM"): "normal mucosa of the colon",
    ("crc_val_he_7k", "STR"): "stroma around a tumor of the colon",
    ("crc_val_he_7k", "TUM"): "tumor epithelium of the colon",
    ("lc25000", "colon_aca"): "adenocarcinoma of the colon",
    ("lc25000", "colon_n"): "benign tissue of the colon",
    ("lc25000", "lung_aca"): "adenocarcinoma of the lung",
    ("lc25000", "lung_n"): "benign tissue of the lung",
    ("lc25000", "lung_scc"): "squamous cell carcinoma of the lung",
    ("oral_rahman2020", "Normal_100x"): "normal epithelium of the mouth at low magnification",
    ("oral_rahman2020", "Normal_400x"): "normal epithelium of the mouth at high magnification",
    ("oral_rahman2020", "OSCC_100x"): "squamous cell carcinoma of the mouth at low magnification",
    ("oral_rahman2020", "OSCC_400x"): "squamous cell carcinoma of the mouth at high magnification",
}
WORDINGS = (
    "a histology image of {}",
    "an h&e slide showing {}",
    "{}, stained with hematoxylin and eosin",
    "microscopic view of {}",
    "a tissue section with {}",
)
UNSEEN_WORDINGS = ("{}", "this picture has {}", "the pathologist sees {}")


@dataclass(frozen=True)
class Corpus:
    """Images with a concept each.

    Attributes
    ----------
    concepts
        Phrases, as captions have them.
    concept_of
        Concept of each image, (images,).
    """

    paths: tuple[Path, ...]
    concepts: tuple[str, ...]
    concept_of: NDArray[np.int64]


def load_corpus(data: LocalData, most: int | None = None) -> Corpus:
    """Read which concept each image has from its folder and name; `most` a concept, evenly spaced.

    Raises
    ------
    MMReproError
        For an image of no known concept, or a concept without an image.
    """
    pairs = []
    for name in data.files:
        folder, _, rest = name.partition("/")
        prefix = rest.split("___")[0] if "___" in rest else rest.rpartition("_")[0]
        if (folder, prefix) not in CONCEPTS:
            raise MMReproError(
                f"{name} has no caption: {prefix!r} in {folder!r} is none of the known classes; "
                "name its concept in CONCEPTS or leave it out."
            )
        pairs.append((data.path(name), CONCEPTS[folder, prefix]))
    return _corpus(pairs, list(dict.fromkeys(CONCEPTS.values())), most)


def load_own_corpus(table: Path, most: int | None = None) -> Corpus:
    """Read the reader's own `captions.csv`: path and concept.

    Raises
    ------
    MMReproError
        For a missing column, an empty field, or a caption without its image.
    """
    frame = read_csv(table, dtype=str)
    if not {"path", "concept"} <= set(frame):
        raise MMReproError(
            f"{table.name} needs the columns path and concept; it has {', '.join(map(str, frame.columns))}."
        )
    rows = frame[["path", "concept"]]
    if rows.isna().any(axis=None):
        raise MMReproError(f"{table.name} has an empty field; every image needs a path and a concept.")
    pairs = [(table.parent / path, concept) for path, concept in rows.itertuples(index=False)]
    return _corpus(pairs, sorted(set(rows["concept"])), most)


def _corpus(pairs: Sequence[tuple[Path, str]], concepts: Sequence[str], most: int | None) -> Corpus:
    kept: list[tuple[Path, str]] = []
    for concept in concepts:
        own = sorted((pair for pair in pairs if pair[1] == concept), key=lambda pair: pair[0].as_posix())
        if not own:
            raise MMReproError(f"No image has the caption {concept!r}; a concept needs at least one image.")
        places = np.linspace(0, len(own) - 1, min(most or len(own), len(own))).round().astype(int)
        kept += [own[place] for place in places]
    lost = next((path for path, _ in kept if not path.is_file()), None)
    if lost is not None:
        raise MMReproError(f"The caption of {lost.name} has no image: there is no such file.")
    places = np.array([concepts.index(concept) for _, concept in kept])
    return Corpus(tuple(path for path, _ in kept), tuple(concepts), places)


def views(corpus: Corpus, size: int, seed: int = 7) -> Pixels:
    """Return two views of each image, (images, 2, size, size, 3): the whole of it, and a random part.

    Parts hold 30 to 100 % of the area and are flipped at random; `seed` is the same in every run, so that the
    features of a frozen tower are computed once.
    """
    rng = np.random.default_rng(seed)
    return np.stack(
        [[_whole(image, size), _part(image, size, rng)] for image in map(read_image, corpus.paths)]
    )


def _whole(image: Image.Image, size: int) -> Pixels:
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


def _part(image: Image.Image, size: int, rng: np.random.Generator) -> Pixels:
    share = np.sqrt(rng.uniform(0.3, 1.0))
    width, height = (round(side * share) for side in image.size)
    left, top = rng.integers(image.width - width + 1), rng.integers(image.height - height + 1)
    part = _whole(image.crop((left, top, left + width, top + height)), size)
    turned = part[:, ::-1] if rng.random() < 0.5 else part
    return turned[::-1] if rng.random() < 0.5 else turned


def copies(features: NDArray[np.float32], similarity: float) -> NDArray[np.int64]:
    """Group images whose features have at least this cosine: a group each, shape (images,).

    The source of LC25000 turned and flipped its own images; a split must keep such copies together.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    _, group = connected_components(csr_matrix(unit @ unit.T >= similarity), directed=False)
    return np.asarray(group, dtype=np.int64)
