"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from mmrepro.papers.settings import ChapterSettings


class Settings(ChapterSettings):
    """Which cells are read, how the copilot is built and how long it trains.

    Attributes
    ----------
    own_sets
        Whether sets come from the reader's own `sets.yml` (``MMREPRO_INSTRUCTCELL``), where it names them.
    genes_per_set
        Most variable genes taken of each set; their union is the vocabulary.
    max_cells
        Cells kept of each set, evenly spaced; None keeps all.
    max_words
        Longest instruction that is used, in words.
    template_share
        Share of the training templates that is used.
    language_model
        ``trained``: a small T5 from scratch; ``t5``: weights that the reader supplies (T5-base in the paper).
    hidden_size, num_layers, num_heads
        Of the T5 that is trained from scratch.
    vocabulary_size
        Word pieces of the tokenizer that is trained with it.
    num_queries
        Soft tokens a cell becomes (8 in the paper, best of 1 to 16).
    num_values
        Vectors that the cell network hands to the Q-Former (6 in the paper).
    latent_size, decoder_size
        Of the network that writes cells.
    generation_weight
        What the loss of writing is multiplied by; the released code adds it as it is, summed over genes.
    kl_weight
        Of the latent's divergence (3 in the released code; the paper names no number).
    plane
        What cells are drawn in: ``pca``, or ``umap``, in which written cells are then judged once more, as in
        the paper; it takes seconds to compile.
    overlapping
        Templates drawn to look for overlap.
    """

    own_sets: bool = False
    genes_per_set: Annotated[int, Field(ge=20, le=20000)] = 300
    max_cells: Annotated[int, Field(ge=60)] | None = None
    max_words: Annotated[int, Field(ge=8, le=80)] = 22
    template_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    language_model: Literal["trained", "t5"] = "trained"
    hidden_size: Annotated[int, Field(ge=8, le=4096, multiple_of=4)] = 48
    num_layers: Annotated[int, Field(ge=1, le=48)] = 1
    num_heads: Annotated[int, Field(ge=1, le=64)] = 4
    vocabulary_size: Annotated[int, Field(ge=300, le=50000)] = 1500
    num_queries: Annotated[int, Field(ge=1, le=64)] = 4
    num_values: Annotated[int, Field(ge=1, le=32)] = 4
    latent_size: Annotated[int, Field(ge=2, le=512)] = 16
    decoder_size: Annotated[int, Field(ge=8, le=4096)] = 96
    generation_weight: Annotated[float, Field(gt=0)] = 0.03
    kl_weight: Annotated[float, Field(ge=0)] = 1.0
    steps: Annotated[int, Field(ge=1)] = 240
    batch_size: Annotated[int, Field(ge=4)] = 24
    lr: Annotated[float, Field(gt=0, le=1)] = 3e-3
    plane: Literal["pca", "umap"] = "pca"
    overlapping: Annotated[int, Field(ge=2)] = 60

    @field_validator("num_heads")
    @classmethod
    def _shares_the_width(cls, heads: int, info: ValidationInfo) -> int:
        width = info.data.get("hidden_size")
        if width is not None and width % heads:
            raise ValueError(f"must divide hidden_size, {width}")
        return heads
