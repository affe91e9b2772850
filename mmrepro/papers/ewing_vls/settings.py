"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mmrepro.papers.settings import ChapterSettings


class Settings(ChapterSettings):
    """What is read, which extractors are compared and how long each part trains.

    Attributes
    ----------
    own_tiles, own_captions
        Whether tiles and captioned images come from the reader's own tables.
    max_tiles, max_captioned, max_cores
        Kept of each class, concept, or of all cores, evenly spaced; None keeps all.
    patch_size, grid
        Side of a patch in pixels, and patches along a side of a tile.
    least_tissue
        Share of a patch that must be tissue.
    imagenet
        The tower that was trained on ImageNet.
    in_domain
        ``pocket``: a projection of that tower, trained here on captions; ``plip``: weights that the reader
        supplies.
    general
        Whether CLIP, trained on captions of any kind of picture, is compared as well.
    width
        Of what every projection gives.
    projection_epochs, projection_batch, projection_lr
        Of image-text, label and pair training, all three alike.
    duplicate_similarity
        Cosine of two images' features from which they count as copies of one another.
    tuned_seeds
        Seeds for which the upper blocks of the tower are trained on captions as well.
    tuned_epochs, tuned_lr
        Of that.
    head_epochs, head_lr, head_size
        Of aggregators; `head_size` is the width of their attention.
    transmil_size
        Width of TransMIL.
    folds
        Of cross-validation over tiles or slide blocks, and over cores.
    core_seeds
        How many of the seeds are spent on the benchmark of aggregators.
    rounds
        Bootstrap rounds, and simulated studies for each point of the power curve.
    timed, timed_size
        Towers that are timed, and the side of the image that they see.
    fine_tuned
        Whether the ImageNet tower is fine-tuned with an aggregator as well, from pixels to answer.
    fine_epochs, fine_lr, fine_batch
        Of that; a batch is so many tiles.
    workers
        Processes that run seeds side by side; results do not depend on it.
    """

    own_tiles: bool = False
    own_captions: bool = False
    max_tiles: Annotated[int, Field(ge=4)] | None = None
    max_captioned: Annotated[int, Field(ge=4)] | None = None
    max_cores: Annotated[int, Field(ge=10)] | None = None
    patch_size: Annotated[int, Field(ge=16, le=512)] = 128
    grid: Annotated[int, Field(ge=1, le=32)] = 4
    least_tissue: Annotated[float, Field(ge=0, le=1)] = 0.25
    imagenet: Literal["lite0", "vgg16"] = "lite0"
    in_domain: Literal["pocket", "plip"] = "pocket"
    general: bool = False
    width: Annotated[int, Field(ge=8, le=1024)] = 128
    projection_epochs: Annotated[int, Field(ge=1)] = 20
    projection_batch: Annotated[int, Field(ge=4)] = 64
    projection_lr: Annotated[float, Field(gt=0, le=1)] = 1e-3
    duplicate_similarity: Annotated[float, Field(gt=0, lt=1)] = 0.95
    tuned_seeds: Annotated[int, Field(ge=0)] = 1
    tuned_epochs: Annotated[int, Field(ge=1)] = 3
    tuned_lr: Annotated[float, Field(gt=0, le=1)] = 2e-4
    head_epochs: Annotated[int, Field(ge=1)] = 30
    head_lr: Annotated[float, Field(gt=0, le=1)] = 2e-3
    head_size: Annotated[int, Field(ge=4, le=1024)] = 32
    transmil_size: Annotated[int, Field(ge=8, le=1024, multiple_of=8)] = 32
    folds: Annotated[int, Field(ge=2, le=10)] = 5
    core_seeds: Annotated[int, Field(ge=1)] = 2
    rounds: Annotated[int, Field(ge=50)] = 1000
    timed: tuple[Literal["VGG16", "PLIP", "EfficientNet-Lite0"], ...] = (
        "VGG16",
        "PLIP",
        "EfficientNet-Lite0",
    )
    timed_size: Annotated[int, Field(ge=32, multiple_of=32)] = 224
    fine_tuned: bool = False
    fine_epochs: Annotated[int, Field(ge=1)] = 10
    fine_lr: Annotated[float, Field(gt=0, le=1)] = 1e-4
    fine_batch: Annotated[int, Field(ge=1)] = 2
    workers: Annotated[int, Field(ge=1, le=64)] = 1
