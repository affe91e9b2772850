"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mmrepro.papers.settings import ChapterSettings


class Settings(ChapterSettings):
    """What is read, how the graph network is built and how long it trains.

    Attributes
    ----------
    task
        The data that models are trained on: Emotify, or where the reader has them the paper's own IESN, or
        PARA, photographs and the emotions of people with known traits.
    label_rows
        ``drop`` answers that tick no emotion or more than three, or ``refuse`` the file.
    nan_frames
        ``skip`` frames of the tag model that are no numbers, or ``refuse`` the file.
    ages
        Implausible ages become ``unknown``, or the file is refused.
    max_songs
        Songs kept, evenly spaced; None keeps all.
    image_size
        Side of the mel image that the small CNN reads, in pixels.
    test_share, valid_share
        Share of the edges (or of the songs, where songs are unseen) held out.
    supervised_share
        Share of the training edges that one step predicts; the others carry its messages.
    hidden_size, num_heads, layers
        Of the graph attention layers; each head has ``hidden_size / num_heads`` numbers.
    epochs, patience
        Most epochs, and epochs without a lower validation loss before training stops.
    baseline_c, boosting_rounds
        Inverse regularisation of the logistic regression; trees of the gradient boosting.
    lab_seeds
        How many of the seeds the leakage lab repeats.
    song_draws
        How often the test songs are drawn anew for an interval.
    sampler
        ``none`` sends messages over the whole graph at once; ``capped`` over a drawn neighbourhood of each
        batch; ``library`` the same with torch-geometric's own loader, which needs pyg-lib or torch-sparse.
    fanout
        Most neighbours drawn for a node and layer.
    batch_edges
        Edges predicted in one step; None takes ``supervised_share`` of the training edges.
    growth
        Sizes of the generated graphs on which memory is counted, in multiples of 8,000 edges.
    growth_whole
        The largest multiple at which the whole graph is taken at once.
    """

    task: Literal["emotify", "iesn", "para"] = "emotify"
    label_rows: Literal["drop", "refuse"] = "drop"
    nan_frames: Literal["skip", "refuse"] = "skip"
    ages: Literal["unknown", "refuse"] = "unknown"
    max_songs: Annotated[int, Field(ge=12)] | None = None
    image_size: Literal[16, 32, 64] = 16
    test_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    valid_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    supervised_share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    hidden_size: Annotated[int, Field(ge=4, le=1024, multiple_of=4)] = 32
    num_heads: Literal[1, 2, 4] = 2
    layers: Annotated[int, Field(ge=1, le=4)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    epochs: Annotated[int, Field(ge=1, le=1000)] = 60
    patience: Annotated[int, Field(ge=1)] = 6
    lr: Annotated[float, Field(gt=0, le=1)] = 1e-2
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    baseline_c: Annotated[float, Field(gt=0)] = 0.2
    boosting_rounds: Annotated[int, Field(ge=1)] = 40
    lab_seeds: Annotated[int, Field(ge=1)] = 4
    song_draws: Annotated[int, Field(ge=20)] = 300
    sampler: Literal["none", "capped", "library"] = "none"
    fanout: Annotated[int, Field(ge=1)] = 8
    batch_edges: Annotated[int, Field(ge=1)] | None = None
    growth: tuple[Annotated[int, Field(ge=1)], ...] = (1, 10, 100)
    growth_whole: Annotated[int, Field(ge=1)] = 10

    @model_validator(mode="after")
    def _data_of_the_task_are_named(self) -> Settings:
        if self.task not in self.datasets:
            raise ValueError(f"task {self.task!r} reads the data set of that name; name it in datasets")
        return self
