"""From settings to trained parts: the encoder of a run and the views that it numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from mmrepro.data.local import LocalData
from mmrepro.papers.trimod_mner.captions import caption_words, load_captions
from mmrepro.papers.trimod_mner.corpus import Part, build_parts
from mmrepro.papers.trimod_mner.encoder import Encoder, FineTuned, FrozenStates, TrainedWords
from mmrepro.papers.trimod_mner.regions import encode_images
from mmrepro.papers.trimod_mner.settings import Settings
from mmrepro.papers.trimod_mner.tweets import Tweet, thinned

GetData = Callable[[str], LocalData]


def make_encoder(settings: Settings, data: GetData) -> Encoder:
    """Make the encoder that the settings name; `data` obtains weights, where it has any.

    Raises
    ------
    MMReproError
        When weights cannot be had; the sentence says how to get them.
    """
    if settings.encoder == "trained":
        return TrainedWords()
    if settings.encoder == "bert":
        return FineTuned(data("bert").folder)
    weights = data("minilm")
    return FrozenStates(weights.folder, weights.sha256, settings.encoder_layers, settings.threads)


def limits(settings: Settings) -> dict[str, int | None]:
    """Return how many tweets of each split a run keeps."""
    return {"train": settings.max_train, "valid": settings.max_valid, "test": settings.max_test}


def make_parts(
    splits: Mapping[str, list[Tweet]], settings: Settings, data: GetData, encoder: Encoder
) -> tuple[dict[str, Part], Encoder | None]:
    """Thin the splits and number their three views.

    Returns
    -------
    tuple
        Split -> part, and the encoder of image regions; None where the image view reads captions.
    """
    kept = {name: thinned(tweets, limits(settings)[name]) for name, tweets in splits.items()}
    if settings.image_folder is not None:
        folder = Path(settings.image_folder).expanduser()
        table, numbers = encode_images(kept, folder, settings.missing_captions)
        return build_parts(kept, encoder, None, numbers), cast(Encoder, table)
    captions = load_captions(data(f"captions_{settings.captioner}"), settings.task)
    words = {
        name: caption_words(tweets, captions, settings.missing_captions) for name, tweets in kept.items()
    }
    return build_parts(kept, encoder, words), None
