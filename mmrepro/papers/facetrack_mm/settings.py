"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from mmrepro.papers.settings import ChapterSettings


class Settings(ChapterSettings):
    """How many captions are judged, how many clips are drawn, and how the captioners are trained.

    Attributes
    ----------
    counted
        Captions whose words and tokens are counted, evenly spaced; None counts all.
    captions, calibration
        Real captions that are changed and judged, and others that set the judge's threshold before.
    normalise
        How Temporal Event Matching is normalised.
    frames
        Frames a drawn clip.
    encoder_clips, train_clips, test_clips
        Drawn for the encoder of views, once; for the captioners and for their test, fresh ones for each seed.
    several
        Share of clips with two or three persons.
    encoder_epochs
        Of the encoder of views.
    encoded
        Numbers a view becomes.
    width, depth, num_heads
        Of the decoder.
    epochs, batch_size, lr
        Of a captioner's instruction tuning.
    workers
        Processes in which seeds are trained side by side.
    real_frames
        Frames taken of the real clip.
    video_model
        ``none``, or ``qwen2-vl`` to tune and test a video language model on RAVDESS.
    video_frames, video_epochs, video_lr
        Of that model.
    """

    counted: Annotated[int, Field(ge=2)] | None = None
    captions: Annotated[int, Field(ge=2, le=400)] = 80
    calibration: Annotated[int, Field(ge=2, le=400)] = 60
    normalise: Literal["f1", "recall", "max"] = "f1"
    frames: Annotated[int, Field(ge=6, le=60, multiple_of=3)] = 9
    encoder_clips: Annotated[int, Field(ge=8)] = 700
    train_clips: Annotated[int, Field(ge=8)] = 500
    test_clips: Annotated[int, Field(ge=8)] = 200
    several: Annotated[float, Field(ge=0.1, le=0.9)] = 0.7
    encoder_epochs: Annotated[int, Field(ge=1)] = 8
    encoded: Annotated[int, Field(ge=8, le=1024)] = 64
    width: Annotated[int, Field(ge=8, le=1024, multiple_of=8)] = 64
    depth: Annotated[int, Field(ge=1, le=24)] = 1
    num_heads: Annotated[int, Field(ge=1, le=32)] = 4
    epochs: Annotated[int, Field(ge=1)] = 6
    batch_size: Annotated[int, Field(ge=2)] = 32
    lr: Annotated[float, Field(gt=0, le=1)] = 2e-3
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    real_frames: Annotated[int, Field(ge=4, le=120)] = 24
    video_model: Literal["none", "qwen2-vl"] = "none"
    video_frames: Annotated[int, Field(ge=2, le=128, multiple_of=2)] = 16
    video_epochs: Annotated[int, Field(ge=1)] = 3
    video_lr: Annotated[float, Field(gt=0, le=1)] = 1e-4

    @field_validator("num_heads")
    @classmethod
    def _shares_the_width(cls, heads: int, info: ValidationInfo) -> int:
        width = info.data.get("width")
        if width is not None and width % (2 * heads):
            raise ValueError(f"twice it must divide width, {width}")
        return heads
