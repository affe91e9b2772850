"""Settings of the chapter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mmrepro.papers.settings import ChapterSettings


class Settings(ChapterSettings):
    """What is read, how the tagger is built and how long it trains.

    Attributes
    ----------
    task
        The data set that models are trained on; both are audited.
    encoder
        ``trained``: word vectors learnt here; ``minilm``: frozen MiniLM states from the packaged weights,
        kept on disk; ``bert``: a BERT that is fine-tuned, from a folder that the reader supplies.
    encoder_layers
        Layers of MiniLM that are used; the last ones are shaped for whole sentences, not for words.
    captioner
        Whose captions the image view reads.
    image_folder
        Folder of the tweets' images, ``<image id>.jpg``. With it the image view reads ResNet-152 regions
        instead of captions.
    use_characters, use_gates
        Ablation switches: the character network; the gates before a view is added.
    stray_tags
        What the reader does with an ``I-`` tag that continues nothing: ``refuse`` the file, ``keep`` the
        tag, or ``repair`` it to ``B-``.
    missing_captions
        ``refuse`` tweets without a caption, or give them an ``empty`` one.
    max_words
        Longest tweet that is accepted, in words.
    max_train, max_valid, max_test
        Tweets kept of each split, evenly spaced; None keeps all.
    hidden_size
        Width of the tagger; each direction of the Bi-GRU has half of it.
    dropout, attention_dropout
        Share dropped of a layer's numbers, and of the weights with which a word looks at a view.
    """

    task: Literal["twitter2015", "twitter2017"] = "twitter2017"
    encoder: Literal["trained", "minilm", "bert"] = "minilm"
    encoder_layers: Annotated[int, Field(ge=1, le=6)] = 4
    captioner: Literal["blip2", "catr"] = "blip2"
    image_folder: str | None = None
    use_characters: bool = True
    use_gates: bool = True
    stray_tags: Literal["refuse", "keep", "repair"] = "keep"
    missing_captions: Literal["refuse", "empty"] = "empty"
    max_words: Annotated[int, Field(ge=4, le=256)] = 64
    max_train: Annotated[int, Field(ge=8)] | None = None
    max_valid: Annotated[int, Field(ge=8)] | None = None
    max_test: Annotated[int, Field(ge=8)] | None = None
    hidden_size: Annotated[int, Field(ge=8, le=2048, multiple_of=8)] = 128
    num_heads: Annotated[int, Field(ge=1, le=32)] = 4
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4
    attention_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    epochs: Annotated[int, Field(ge=1, le=200)] = 6
    lr: Annotated[float, Field(gt=0, le=1)] = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    batch_size: Annotated[int, Field(ge=1)] = 48
