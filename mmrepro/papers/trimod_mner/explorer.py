"""One trained tagger, one tweet, other views: the spans that move."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch

from mmrepro.display.style import PALETTE
from mmrepro.papers.trimod_mner.corpus import Part
from mmrepro.papers.trimod_mner.encoder import Encoder
from mmrepro.papers.trimod_mner.model import TriModTagger
from mmrepro.papers.trimod_mner.runs import answer
from mmrepro.papers.trimod_mner.spans import Tags, strict_spans
from mmrepro.papers.trimod_mner.tweets import TYPES, masked

_COLOURS = dict(zip(TYPES, PALETTE, strict=False))


def conditions(model: TriModTagger, part: Part, seed: int = 0) -> dict[str, list[Tags]]:
    """Let a model answer every tweet with its views, without one of them, and with another's caption."""
    return {
        "as annotated": [tweet.tags for tweet in part.tweets],
        "all three": answer(model, part),
        "no hashtag": answer(model, part.silenced("hashtag")),
        "no caption": answer(model, part.silenced("image")),
        "another caption": answer(model, part.shuffled(seed)),
    }


def moved(found: Mapping[str, Sequence[Tags]]) -> np.ndarray:
    """Return the tweets whose answer a changed view moves, most affected first."""
    changes = [
        sum(len(strict_spans(found[name][row]) ^ strict_spans(whole)) for name in
            ("no hashtag", "no caption", "another caption"))
        for row, whole in enumerate(found["all three"])
    ]  # fmt: skip
    order = np.argsort(-np.asarray(changes), kind="stable")
    return np.asarray([row for row in order if changes[row]], dtype=int)


def with_caption(part: Part, row: int, words: Sequence[str], encoder: Encoder) -> Part:
    """Return one tweet of `part` with a caption that the reader typed.

    `encoder` is the model's own, since a learnt or growing one must know the new words.
    """
    one = part.take([row])
    return Part(one.tweets, one.numbers, one.hashtags, encoder.refer([list(words)]))


@torch.inference_mode()
def caption_attention(model: TriModTagger, part: Part, row: int) -> np.ndarray:
    """Return how a tweet's words look at its caption's, shape (words, caption words)."""
    model.eval()
    device = next(model.parameters()).device
    batch = [tensor.to(device) for tensor in part.take([row]).tensors().tensors]
    weights: np.ndarray = model.emissions(batch)[2]["image"][0].cpu().numpy()
    return weights


def marked(words: Sequence[str], tags: Tags) -> str:
    """Return a tweet as HTML, handles masked, entities underlined in the colour of their type."""
    shown = [html.escape(word) for word in masked(words)]
    for span in strict_spans(tags):
        colour = _COLOURS[span.kind]
        # Not on a coloured ground: no one colour of letters can be read on all of them, in both themes.
        start = f'<mark style="background:none;color:inherit;border-bottom:.2em solid {colour}">'
        shown[span.start] = start + shown[span.start]
        shown[span.stop - 1] += f" <small>{span.kind}</small></mark>"
    return " ".join(shown)


def one_tweet(part: Part, row: int, model: TriModTagger, hashtag: bool, caption: bool, typed: str) -> Part:
    """Return tweet `row` with its views switched on or off, or with a typed caption."""
    one = part.take([row])
    if caption and typed.strip():
        one = with_caption(part, row, typed.split(), cast(Encoder, model.encoder))
    if not hashtag:
        one = one.silenced("hashtag")
    return one if caption else one.silenced("image")
