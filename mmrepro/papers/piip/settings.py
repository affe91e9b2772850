"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mmrepro.papers.settings import ChapterSettings

Size = tuple[Annotated[int, Field(ge=8)], Annotated[int, Field(ge=8)]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NetworkSetting(_Part):
    """An untrained vision transformer: width, blocks, heads."""

    dim: Annotated[int, Field(ge=4)]
    depth: Annotated[int, Field(ge=1)]
    heads: Annotated[int, Field(ge=1)]


class System(_Part):
    """One arrangement of networks and image sizes.

    Attributes
    ----------
    networks
        Names in `Settings.networks`, the widest first.
    sizes
        Height and width (pixels) that each network's image is resized to.
    windows
        Side of each network's attention windows in tokens; None attends over the whole grid.
    interact
        Whether neighbours exchange features.
    arrangement
        What the order must be; see `pyramid.PIIP`.
    multi_scale
        Whether training images are zoomed at random, in and out.
    longer
        Trains this many times as many epochs as the others.
    """

    networks: tuple[str, ...]
    sizes: tuple[Size, ...]
    windows: tuple[int | None, ...] | None = None
    interact: bool = True
    arrangement: Literal["inverted", "direct", "any"] = "any"
    multi_scale: bool = False
    longer: Annotated[float, Field(ge=1)] = 1.0

    @model_validator(mode="after")
    def _one_size_a_network(self) -> System:
        names = f"{len(self.networks)} networks ({', '.join(self.networks)})"
        for name, given in (("sizes", self.sizes), ("windows", self.windows)):
            if given is not None and len(given) != len(self.networks):
                raise ValueError(f"{names} need as many {name}, not {len(given)}")
        return self


class Schedule(_Part):
    """How long and how fast a task trains, and how many processes read its images ahead."""

    epochs: Annotated[int, Field(ge=1, le=500)]
    lr: Annotated[float, Field(gt=0, le=1)]
    batch_size: Annotated[int, Field(ge=1)]
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    warm_up: Annotated[float, Field(gt=0, lt=1)] = 0.2
    loaders: Annotated[int, Field(ge=0, le=64)] = 0


class SceneSettings(Schedule):
    """Classification of whole images.

    Attributes
    ----------
    dataset
        ``ucmerced``, or ``imagenet`` at profile gpu.
    runs
        How many of the seeds are used.
    turned
        Whether training turns images by right angles, as suits views from above.
    """

    dataset: Literal["ucmerced", "imagenet"] = "ucmerced"
    turned: bool = True
    systems: dict[str, System]
    image_size: Size
    runs: Annotated[int, Field(ge=1)]
    max_train: Annotated[int, Field(ge=8)] | None = None
    max_test: Annotated[int, Field(ge=8)] | None = None


class SegmentationSettings(Schedule):
    """A class for every pixel (ADE20K); see `SceneSettings`."""

    systems: dict[str, System]
    image_size: Size
    runs: Annotated[int, Field(ge=1)]
    classes: Annotated[int, Field(ge=2, le=254)] = 150


class ReadingSettings(Schedule):
    """A tiny decoder that reads rendered numbers of some `digits` from visual tokens.

    An epoch has `train_size` pictures; `width` is the decoder's.
    """

    systems: dict[str, System]
    image_size: Size
    runs: Annotated[int, Field(ge=1)]
    train_size: Annotated[int, Field(ge=8)]
    test_size: Annotated[int, Field(ge=8)]
    digits: Annotated[int, Field(ge=1, le=6)] = 1
    width: Annotated[int, Field(ge=8, multiple_of=8)] = 64


class Settings(ChapterSettings):
    """What is read, which pyramids are built and how long they train.

    Attributes
    ----------
    detection_data
        ``bccd``: blood cells; ``coco``: the paper's data, from files that the reader supplies.
    networks
        Name -> an untrained network, or the name of a pretrained one in timm.
    systems
        The arrangements that are compared on detection.
    patch, pieces
        Pixels of a patch; how often branches exchange features.
    attention, interaction_heads, deformable_backend
        Of the interaction units.
    merging
        ``dense`` convolutions as in the paper's detectors, or ``pooled`` (linear).
    image_size
        Height and width that images are kept at; no branch sees a larger one.
    head_grid, head_width, head_layers
        Grid and channels of the one map that the detection head reads, and its convolutions.
    in_memory
        Whether decoded images are kept in memory; else `loaders` processes read them ahead.
    max_train, max_test
        Images kept of each split, evenly spaced; None keeps all.
    workers
        Processes that train side by side; results do not depend on it.
    compile_blocks, checkpointing
        Regional `torch.compile`; recomputing activations instead of keeping them.
    segmentation
        None leaves it out.
    drop_path
        Of branches and interactions, constant over depth.
    """

    detection_data: Literal["bccd", "coco"] = "bccd"
    networks: dict[str, NetworkSetting | str]
    systems: dict[str, System]
    patch: Annotated[int, Field(ge=2)] = 8
    pieces: Annotated[int, Field(ge=1)] = 2
    attention: Literal["deformable", "regular"] = "deformable"
    interaction_heads: Annotated[int, Field(ge=1)] = 4
    deformable_backend: Literal["reference", "triton"] = "reference"
    merging: Literal["dense", "pooled"] = "pooled"
    image_size: Size = (120, 160)
    head_grid: tuple[int, int] = (15, 20)
    head_width: Annotated[int, Field(ge=4, multiple_of=4)] = 32
    head_layers: Annotated[int, Field(ge=1)] = 1
    in_memory: bool = True
    loaders: Annotated[int, Field(ge=0, le=64)] = 0
    max_train: Annotated[int, Field(ge=2)] | None = None
    max_test: Annotated[int, Field(ge=2)] | None = None
    epochs: Annotated[int, Field(ge=1, le=500)] = 2
    lr: Annotated[float, Field(gt=0, le=1)] = 4e-3
    batch_size: Annotated[int, Field(ge=1)] = 4
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    warm_up: Annotated[float, Field(gt=0, lt=1)] = 0.2
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    compile_blocks: bool = False
    checkpointing: bool = False
    drop_path: Annotated[float, Field(ge=0, lt=1)] = 0.0
    scenes: SceneSettings
    reading: ReadingSettings
    segmentation: SegmentationSettings | None = None

    @model_validator(mode="after")
    def _networks_exist(self) -> Settings:
        asked = [self.systems, self.scenes.systems, self.reading.systems]
        if self.segmentation is not None:
            asked.append(self.segmentation.systems)
        for systems in asked:
            for name, system in systems.items():
                unknown = [each for each in system.networks if each not in self.networks]
                if unknown:
                    known = ", ".join(self.networks)
                    raise ValueError(f"system {name!r} uses the network {unknown[0]!r}; networks are {known}")
        return self
