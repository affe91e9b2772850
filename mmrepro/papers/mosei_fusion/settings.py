"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mmrepro.papers.settings import ChapterSettings


class Settings(ChapterSettings):
    """How the four joins are built, trained and compared.

    Attributes
    ----------
    task
        ``mosi``: the real, binary, utterance-level stand-in; ``mosei``: three-way segments of the
        paper's own data, from a file the reader supplies.
    hidden_size, num_layers, num_heads, dropout
        Of every transformer encoder. The paper gives none of them.
    epochs
        Fixed, never chosen on the leaky validation split.
    max_train, max_test
        Examples kept of each split, evenly spaced; None keeps all.
    video_seeds
        How many of the seeds the video-level comparison repeats.
    video_folds
        Folds of its cross-validation.
    """

    task: Literal["mosi", "mosei"] = "mosi"
    hidden_size: Annotated[int, Field(ge=4, le=2048, multiple_of=4)] = 64
    num_layers: Annotated[int, Field(ge=1, le=24)] = 1
    num_heads: Annotated[int, Field(ge=1, le=32)] = 4
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    epochs: Annotated[int, Field(ge=1, le=1000)] = 12
    lr: Annotated[float, Field(gt=0, le=1)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    batch_size: Annotated[int, Field(ge=2)] = 64
    max_train: Annotated[int, Field(ge=40)] | None = None
    max_test: Annotated[int, Field(ge=20)] | None = None
    video_seeds: Annotated[int, Field(ge=1)] = 1
    video_folds: Annotated[int, Field(ge=2, le=20)] = 3
