"""From settings to the corpus of a run."""

from __future__ import annotations

from collections.abc import Callable

from mmrepro.data.local import LocalData
from mmrepro.modeling.pretrained import text_encoder
from mmrepro.papers.hmg_emo.alignment import check_answers, check_features
from mmrepro.papers.hmg_emo.corpus import Corpus, from_emotify
from mmrepro.papers.hmg_emo.emotify import Answers, load_answers
from mmrepro.papers.hmg_emo.frozen import FrozenEncoders, resnet50
from mmrepro.papers.hmg_emo.iesn import load_iesn
from mmrepro.papers.hmg_emo.para import load_para
from mmrepro.papers.hmg_emo.settings import Settings
from mmrepro.papers.hmg_emo.tracks import Tracks, load_tracks
from mmrepro.training.loop import make_accelerator

GetData = Callable[[str], LocalData]


def read_emotify(settings: Settings, data: GetData) -> tuple[Answers, Tracks]:
    """Read Emotify's answers and tracks, and check that they belong together."""
    emotify = data("emotify")
    answers = load_answers(emotify.path("emotify/data.csv"), settings.label_rows, settings.ages)
    tracks = load_tracks(emotify, data("emotify_audio"), settings.nan_frames)
    check_features(tracks)
    check_answers(answers, tracks)
    return answers, tracks


def make_corpus(settings: Settings, data: GetData, answers: Answers, tracks: Tracks) -> Corpus:
    """Make the corpus that the settings name; the others, and their encoders, are not asked for."""
    if settings.task == "para":
        device = make_accelerator(settings.device).device
        return load_para(data("para"), FrozenEncoders(resnet50, None, "ResNet-50, IMAGENET1K_V2", device))
    if settings.task == "iesn":
        weights = data("mbert")
        device = make_accelerator(settings.device).device
        encoders = FrozenEncoders(resnet50, lambda: text_encoder(weights.folder), weights.sha256, device)
        return load_iesn(data("iesn"), encoders)
    return from_emotify(answers, tracks, settings.image_size, settings.max_songs)
