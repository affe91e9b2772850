"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from mmrepro.papers.settings import ChapterSettings
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.scenario import START

Share = Annotated[float, Field(ge=0, le=1)]


class Settings(ChapterSettings):
    """How many flights are flown, how operators learn, and what waits for a reply.

    Attributes
    ----------
    flights
        Starts of every agent that does not learn.
    timeout
        Mission time in s at which flights end; 240 is the game's.
    decisions, held_out
        Moments of the teacher's flights to learn from, and others to test agreement on.
    size
        Of pictures in pixels.
    eye_pictures, eye_epochs
        Drawn instruments that the eye learns to read, once for all seeds, and how often it sees them.
    width, depth, num_heads
        Of the operator's decoder.
    epochs, batch_size, lr
        Of behaviour cloning.
    starts
        Starts of every operator: half are the game's with any roll, half are drawn around the evader.
    corrected_starts, corrected_epochs
        Starts of the round of DAgger, and epochs after it.
    reply_times
        Seconds that a reply takes; two seconds and the authors' measured time are added.
    spoilt
        Shares of replies that are made malformed; the share of the authors' log is added.
    cells
        Images of solar cells: those of the whole set, or of a small part of it.
    modules
        Sizes of a module for which grouped folds are tried.
    satellites, satellite_tests, satellite_epochs
        Rendered pictures of satellites to learn from, pictures of each test, and epochs.
    workers
        Processes in which seeds are trained side by side.
    vision_model
        ``none``, or ``qwen2-vl`` to fly a real vision-language model.
    model_seeds, model_starts, model_decisions, model_size
        Of that model: seeds, starts of each flight, decisions that it is tuned on, pixels of its pictures.
    """

    flights: Annotated[int, Field(ge=2, le=10_000)] = 16
    timeout: Annotated[float, Field(gt=START, le=3600)] = Rules.timeout
    decisions: Annotated[int, Field(ge=8)] = 2000
    held_out: Annotated[int, Field(ge=4)] = 400
    size: Annotated[int, Field(ge=32, le=1024, multiple_of=32)] = 96
    eye_pictures: Annotated[int, Field(ge=16)] = 10_000
    eye_epochs: Annotated[int, Field(ge=1)] = 8
    width: Annotated[int, Field(ge=8, le=1024, multiple_of=8)] = 64
    depth: Annotated[int, Field(ge=1, le=24)] = 1
    num_heads: Annotated[int, Field(ge=1, le=32)] = 4
    epochs: Annotated[int, Field(ge=1)] = 8
    batch_size: Annotated[int, Field(ge=2)] = 64
    lr: Annotated[float, Field(gt=0, le=1)] = 2e-3
    starts: Annotated[int, Field(ge=2, le=1000, multiple_of=2)] = 8
    corrected_starts: Annotated[int, Field(ge=2, le=1000, multiple_of=2)] = 6
    corrected_epochs: Annotated[int, Field(ge=1)] = 4
    reply_times: tuple[Annotated[float, Field(ge=0, le=60)], ...] = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
    spoilt: tuple[Share, ...] = (0.0, 0.05, 0.1, 0.3)
    cells: Literal["elpv", "elpv_subset"] = "elpv_subset"
    modules: tuple[Annotated[int, Field(ge=2)], ...] = (30, 45, 60, 75, 90)
    satellites: Annotated[int, Field(ge=20)] = 800
    satellite_tests: Annotated[int, Field(ge=20)] = 200
    satellite_epochs: Annotated[int, Field(ge=1)] = 8
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    vision_model: Literal["none", "qwen2-vl"] = "none"
    model_seeds: Annotated[int, Field(ge=1, le=100)] = 3
    model_starts: Annotated[int, Field(ge=1)] = 8
    model_decisions: Annotated[int, Field(ge=2)] = 4000
    model_size: Annotated[int, Field(ge=32)] = 448

    @field_validator("reply_times", "spoilt")
    @classmethod
    def _begins_with_none(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if 0.0 not in values or len(set(values)) < len(values):
            raise ValueError("it must hold 0, with which the others are compared, and nothing twice")
        return values

    @field_validator("num_heads")
    @classmethod
    def _shares_the_width(cls, heads: int, info: ValidationInfo) -> int:
        width = info.data.get("width")
        if width is not None and width % (2 * heads):
            raise ValueError(f"twice it must divide width, {width}")
        return heads
