"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mmrepro.papers.settings import ChapterSettings

Rounds = Annotated[int, Field(ge=20, le=100_000)]


class Settings(ChapterSettings):
    """How much of each stand-in is used, and how often it is drawn again.

    Attributes
    ----------
    max_clips
        CREMA-D clips kept, evenly spaced; None keeps all.
    max_recordings
        Polish recordings kept, evenly spaced; None keeps all.
    frame_step
        One Kinect frame in so many is classified; features are made at the full rate.
    min_segment_s
        Shorter gesture phases are given to their longer neighbour.
    trees
        Of the forest that answers gesture phases.
    forest_seeds
        How many of the seeds the forests repeat.
    jobs
        Threads that grow a forest's trees; unlike `threads` they change no digit.
    frame_folds, speech_folds
        Folds of the random splits.
    fusion_folds
        Folds of actors in learned fusion.
    rounds
        Bootstrap rounds over actors, and corpora drawn for the power plot.
    rater_rounds
        Rounds of the curve over the number of raters.
    people
        Size of the corpus whose precision is asked for; the paper's is 20.
    face_frames
        Frames of the clip in which faces are looked for, where the detector is installed.
    """

    max_clips: Annotated[int, Field(ge=60)] | None = None
    max_recordings: Annotated[int, Field(ge=30)] | None = None
    frame_step: Annotated[int, Field(ge=1, le=20)] = 1
    min_segment_s: Annotated[float, Field(ge=0, le=2)] = 0.2
    trees: Annotated[int, Field(ge=5, le=1000)] = 80
    forest_seeds: Annotated[int, Field(ge=1)] = 1
    jobs: Annotated[int, Field(ge=1, le=256)] = 1
    frame_folds: Annotated[int, Field(ge=2, le=20)] = 5
    speech_folds: Annotated[int, Field(ge=2, le=20)] = 10
    fusion_folds: Annotated[int, Field(ge=2, le=20)] = 10
    rounds: Rounds = 4000
    rater_rounds: Annotated[int, Field(ge=1, le=200)] = 10
    people: Annotated[int, Field(ge=2, le=500)] = 20
    face_frames: Annotated[int, Field(ge=1, le=500)] = 8
