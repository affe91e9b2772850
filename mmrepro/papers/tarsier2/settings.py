"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mmrepro.papers.settings import ChapterSettings
from mmrepro.papers.tarsier2.renderer import FRAMES


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Stage(_Part):
    """One stage of training: steps, and the learning rate at its height."""

    steps: Annotated[int, Field(ge=1)]
    lr: Annotated[float, Field(gt=0, le=1)]


class PreferenceSettings(Stage):
    """How preference pairs are made and learnt from.

    Attributes
    ----------
    beta
        How strongly the policy is tied to the model it starts from (0.1 in the paper).
    least_gain
        Least sum of what recall and precision lose by spoiling the video (delta, 0.3 in the paper).
    temperature, top_p
        Of the sampling (both 0.7 in the paper).
    redraws
        Further samples of the intact video, whose pairs stand for those without spoilt videos.
    """

    beta: Annotated[float, Field(gt=0)] = 0.1
    least_gain: Annotated[float, Field(ge=0, le=2)] = 0.3
    temperature: Annotated[float, Field(gt=0)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.7
    redraws: Annotated[int, Field(ge=1, le=64)] = 3


class JudgeSettings(_Part):
    """Who decides whether a text says that an event happened.

    Attributes
    ----------
    kind
        ``overlap``: shared words, offline; ``language``: a language model at `base_url`.
    base_url, model
        Of an OpenAI-compatible service; the key is read from OPENAI_API_KEY.
    """

    kind: Literal["overlap", "language"] = "overlap"
    base_url: str = "http://localhost:8000/v1"
    model: str = "gpt-3.5-turbo-0125"


class DescriberSettings(_Part):
    """A video-language model of the Qwen2-VL class that describes DREAM-1K's own videos.

    Attributes
    ----------
    frames
        Taken of each video, evenly spaced (16 in the paper's fine-tuning).
    max_pixels
        Most pixels of a frame (460,800 in the paper).
    batch_size
        Videos described at once.
    max_words
        Most tokens of a description.
    """

    frames: Annotated[int, Field(ge=2, le=768)] = 16
    max_pixels: Annotated[int, Field(ge=784)] = 460_800
    batch_size: Annotated[int, Field(ge=1)] = 4
    max_words: Annotated[int, Field(ge=1)] = 512


class Settings(ChapterSettings):
    """What is judged, which videos are drawn, and how the small model is trained.

    Attributes
    ----------
    clips
        References of DREAM-1K that are read, evenly spaced; None reads all.
    calibration_clips, held_out_clips
        References on which the judge's threshold is chosen, and others on which it is then tested.
    edited_clips
        References whose descriptions are edited.
    described_clips
        Clips whose descriptions by real systems are judged, evenly spaced; None takes all there are.
    encoder
        Whether a pretrained sentence encoder (MiniLM) makes a second judge.
    workers
        Processes that work side by side; results do not depend on it.
    pretraining_videos, fewer_videos
        The two scales of pre-training data; steps are the same.
    tuning_videos, preference_videos, test_videos
        Videos of fine-tuning, those preference pairs are drawn from, and those of the test.
    width, depth, num_heads
        Of the decoder.
    stem_width, map_width
        Channels of the frame encoder. With four, oneDNN's kernels for processors that have AVX2 and no
        AVX-512 write past their memory when gradients are taken (torch 2.15).
    pretraining, tuning, polishing
        The stages before preferences: captions of one event; all events, with tags where the arm has them
        (SFT-1 in the paper); all events without tags (SFT-2).
    preference
        The last stage.
    describer
        None leaves out the model that reads real videos.
    """

    clips: Annotated[int, Field(ge=10)] | None = None
    calibration_clips: Annotated[int, Field(ge=4)] = 100
    held_out_clips: Annotated[int, Field(ge=4)] = 100
    edited_clips: Annotated[int, Field(ge=4)] = 60
    described_clips: Annotated[int, Field(ge=5)] | None = None
    encoder: bool = False
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    pretraining_videos: Annotated[int, Field(ge=8)] = 2000
    fewer_videos: Annotated[int, Field(ge=4)] = 400
    tuning_videos: Annotated[int, Field(ge=8)] = 240
    preference_videos: Annotated[int, Field(ge=8)] = 1000
    test_videos: Annotated[int, Field(ge=8)] = 400
    width: Annotated[int, Field(ge=8, multiple_of=8)] = 48
    depth: Annotated[int, Field(ge=1)] = 1
    num_heads: Annotated[int, Field(ge=1)] = 4
    stem_width: Annotated[int, Field(ge=8, multiple_of=4)] = 12
    map_width: Annotated[int, Field(ge=8, multiple_of=4)] = 16
    batch_size: Annotated[int, Field(ge=1)] = 16
    pretraining: Stage = Stage(steps=250, lr=3e-3)
    tuning: Stage = Stage(steps=600, lr=3e-3)
    polishing: Stage = Stage(steps=150, lr=5e-4)
    preference: PreferenceSettings = PreferenceSettings(steps=60, lr=6e-5)
    max_words: Annotated[int, Field(ge=4, le=64)] = 14
    max_length: Annotated[int, Field(ge=8)] = 48
    judge: JudgeSettings = JudgeSettings()
    describer: DescriberSettings | None = None

    @field_validator("max_length")
    @classmethod
    def _frames_fit(cls, length: int) -> int:
        if length <= FRAMES:
            raise ValueError(f"must leave room for words after the {FRAMES} frames of a video")
        return length

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.fewer_videos > self.pretraining_videos:
            raise ValueError(
                f"fewer_videos is {self.fewer_videos}; it may be {self.pretraining_videos} at most"
            )
        if self.width % (2 * self.num_heads):
            raise ValueError(f"width must be a multiple of {2 * self.num_heads} for {self.num_heads} heads")
        return self
