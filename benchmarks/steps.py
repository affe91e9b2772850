"""One training step of each chapter's principal model: its own classes and settings, random inputs.

Weights are random too, so nothing is downloaded. What a function imports it imports when it is called: a
package that is missing costs one chapter only.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import compile_regions
from measure import Case
from torch import nn

from mmrepro.errors import MMReproError

_WORDS = [f"word{number}" for number in range(500)]


def mosei_fusion(settings: Any, device: torch.device) -> Case:
    """Attention over the three modalities of word-aligned segments."""
    from mmrepro.papers.mosei_fusion.evaluation import cross_entropy
    from mmrepro.papers.mosei_fusion.model import AttentionFusion, EncoderConfig

    dims, count = (300, 74, 35), settings.batch_size  # as `load_aligned_mosei` reads them, 50 steps each
    config = EncoderConfig(settings.hidden_size, settings.num_layers, settings.num_heads, settings.dropout)
    features = [torch.randn(count, 50, dim) for dim in dims]
    return Case(AttentionFusion(dims, 3, config), (*features, torch.randint(3, (count,))), cross_entropy)


def cg_mer(settings: Any, device: torch.device) -> Case:
    """Refuse: nothing here is a network."""
    raise MMReproError(
        "The chapter trains forests, support vector machines and logistic regressions with scikit-learn; it "
        "has no step for a GPU."
    )


def trimod_mner(settings: Any, device: torch.device) -> Case:
    """A BERT, two memories, a Bi-GRU and a CRF on tweets of 8 to 32 words."""
    from mmrepro.papers.trimod_mner.corpus import Part
    from mmrepro.papers.trimod_mner.encoder import FineTuned
    from mmrepro.papers.trimod_mner.model import VIEWS, TriModTagger
    from mmrepro.papers.trimod_mner.runs import config_of
    from mmrepro.papers.trimod_mner.tweets import TAGS, Tweet

    with tempfile.TemporaryDirectory() as folder:
        _write_bert(Path(folder), settings)
        encoder = FineTuned(Path(folder))
    rng, tweets = np.random.default_rng(0), []
    for length in rng.integers(8, 33, settings.batch_size):
        tweets.append(Tweet("", tuple(rng.choice(_WORDS, length)), tuple(rng.choice(TAGS, length))))
    views = [[rng.choice(_WORDS, length).tolist() for _ in tweets] for length in (2, 10)]
    numbers = [encoder.refer(each) for each in ([tweet.words for tweet in tweets], *views)]

    def compiled(tagger: nn.Module) -> nn.Module:
        tagger.encoder.model = compile_regions(tagger.encoder.model)  # dicts of modules cannot be: BERT alone
        return tagger

    model, batch = TriModTagger(encoder, VIEWS, config_of(settings)), Part(tweets, *numbers).tensors().tensors
    return Case(model, batch, lambda net, batch: net(batch), compiled)


def _write_bert(folder: Path, settings: Any) -> None:
    """Write a random BERT in the layout of the real one: BERT-base where the settings ask for a BERT."""
    from transformers import BertConfig, BertModel

    size = {} if settings.encoder == "bert" else {"num_hidden_layers": 2, "intermediate_size": 256}
    width = {"hidden_size": settings.hidden_size, "num_attention_heads": settings.num_heads}
    BertModel(BertConfig(**width, **size)).save_pretrained(folder)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_WORDS]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))


def hmg_emo(settings: Any, device: torch.device) -> Case:
    """Graph attention over a drawn neighbourhood, which is drawn anew in every step."""
    from mmrepro.papers.hmg_emo.growth import UNIT, generated_corpus
    from mmrepro.papers.hmg_emo.iesn import EMOTIONS
    from mmrepro.papers.hmg_emo.model import EmotionNetwork, NetworkConfig
    from mmrepro.papers.hmg_emo.runs import EdgeLoss
    from mmrepro.papers.hmg_emo.split import split_edges

    asked = settings.batch_edges or round(settings.supervised_share * UNIT)
    drawn = generated_corpus(max(1, 10 * asked // UNIT))  # a step predicts a tenth of the edges at most
    items = {"image": torch.randn(drawn.item_count, 2048), "text": torch.randn(drawn.item_count, 768)}
    corpus = replace(
        drawn,
        emotions=EMOTIONS,
        items=items,
        modalities=tuple(items),
        present=torch.ones(drawn.item_count, len(items), dtype=torch.bool),
        labels=drawn.labels[:, : len(EMOTIONS)],
    )
    split = split_edges(corpus, "pairs", settings.valid_share, settings.test_share, seed=0)
    sizes = {"hidden_size": settings.hidden_size, "num_heads": settings.num_heads, "layers": settings.layers}
    config = NetworkConfig(corpus.modalities, labels=True, dropout=settings.dropout, **sizes)
    return Case(EmotionNetwork(corpus, config), (split.train[:asked],), EdgeLoss(split, settings))


def piip(settings: Any, device: torch.device) -> Case:
    """The parameter-inverted pyramid as a detector, its parts compiled as the chapter does it.

    accelerate's regions are the branches, whose `forward` nobody calls.
    """
    from mmrepro.papers.piip.compute import NETWORKS
    from mmrepro.papers.piip.detection import detection_loss
    from mmrepro.papers.piip.detector import build_detector, merged_map
    from mmrepro.papers.piip.settings import NetworkSetting
    from mmrepro.papers.piip.systems import compile_blocks

    networks = {
        name: NetworkSetting(dim=size.dim, depth=size.depth, heads=size.dim // 64)
        for name, size in NETWORKS.items()
    }
    named = {name: each for name, each in settings.networks.items() if not isinstance(each, str)}
    asked = settings.model_copy(update={"networks": networks | named, "compile_blocks": False})
    classes, most = 80, 7  # COCO's, and about its objects an image
    model = build_detector(asked.systems["inverted"], asked, classes)
    count, (height, width) = settings.batch_size, settings.image_size
    pixels = torch.randint(256, (count, 3, height, width), dtype=torch.uint8)
    corners = torch.rand(count, most, 2, 2).sort(2).values.flatten(2) * torch.tensor([width, height] * 2)
    corners[..., 2:] += 2

    def compiled(detector: nn.Module) -> nn.Module:
        compile_blocks(merged_map(detector).pyramid)  # type: ignore[arg-type]
        return detector

    batch = (pixels, corners, torch.randint(classes, (count, most)))
    return Case(model, batch, detection_loss, compiled)


def instructcell(settings: Any, device: torch.device) -> Case:
    """A T5 with a cell encoder and a cell writer; a third of the prompts asks for a cell."""
    from mmrepro.papers.instructcell.copilot import Copilot, small_t5
    from mmrepro.papers.instructcell.corpus import SOURCES, Bank
    from mmrepro.papers.instructcell.encoder import CellEncoder
    from mmrepro.papers.instructcell.prompt import SIGNAL, Example, tensors_of, train_tokenizer
    from mmrepro.papers.instructcell.runs import LossWatch
    from mmrepro.papers.instructcell.writer import CellWriter

    count, size = settings.batch_size, settings.hidden_size
    genes = settings.genes_per_set * len(SOURCES)  # at most: sets share some
    tokens = train_tokenizer(_WORDS, settings.vocabulary_size, settings.num_queries)
    language = (
        _t5_base(settings, tokens)
        if settings.language_model == "t5"
        else small_t5(len(tokens.tokenizer), size, settings.num_layers, settings.num_heads, tokens)
    )
    encoder = CellEncoder(genes, size, settings.num_queries, settings.num_values, settings.num_heads)
    writer = CellWriter(genes, size, settings.latent_size, settings.decoder_size)
    counts = torch.poisson(torch.rand(count, genes))
    names = tuple(map(str, range(genes)))
    bank = Bank(names, {}, counts, torch.log1p(1e4 * counts / counts.sum(1, keepdim=True)), {})
    rng, asked = np.random.default_rng(0), []
    for row in range(count):
        words, written = " ".join(rng.choice(_WORDS, settings.max_words)), row % 3 == 0
        prompt, target = (words, "word1" + SIGNAL) if written else (words + tokens.cell_text, "word1")
        asked.append(Example(row, "generation" if written else "annotation", prompt, target))
    model = Copilot(language, encoder, writer, tokens)
    return Case(model, tensors_of(asked, tokens), LossWatch(bank, settings, device))


def _t5_base(settings: Any, tokens: Any) -> Any:
    """Make T5-base untrained; only its width and heads are settings."""
    from transformers import T5Config, T5ForConditionalGeneration

    size, heads = settings.hidden_size, settings.num_heads
    config = T5Config(
        vocab_size=32128,
        d_model=size,
        d_kv=size // heads,
        d_ff=4 * size,
        num_layers=12,
        num_heads=heads,
        decoder_start_token_id=tokens.pad,
        pad_token_id=tokens.pad,
        eos_token_id=tokens.end,
    )
    return T5ForConditionalGeneration(config)


def ewing_vls(settings: Any, device: torch.device) -> Case:
    """Fine-tuning from pixels: the ImageNet tower on every patch of a tile, and attention over them."""
    from mmrepro.papers.ewing_vls.extractors import ConvolutionTower, Extractor, LiteTower
    from mmrepro.papers.ewing_vls.finetune import EndToEnd
    from mmrepro.papers.ewing_vls.heads import Head
    from mmrepro.papers.ewing_vls.runs import loss_of

    tower = ConvolutionTower() if settings.imagenet == "vgg16" else LiteTower()
    classes, count, patches, side = 3, settings.fine_batch, settings.grid**2, settings.patch_size
    model = EndToEnd(
        Extractor("", tower, settings.imagenet), Head("ABMIL", tower.width, classes, settings.head_size)
    )
    images, mask = torch.randn(count, patches, 3, side, side), torch.ones(count, patches, dtype=torch.bool)
    return Case(model, (images, mask, torch.randint(classes, (count,))), loss_of)


def tarsier2(settings: Any, device: torch.device) -> Case:
    """The video describer, told to describe all events."""
    from mmrepro.papers.tarsier2 import captions
    from mmrepro.papers.tarsier2.model import VideoDescriber
    from mmrepro.papers.tarsier2.renderer import FRAMES, SIDE, draw_scenes

    count, model = settings.batch_size, VideoDescriber(settings)
    videos = torch.randint(256, (count, FRAMES, SIDE, SIDE, 3), dtype=torch.uint8)
    scenes = draw_scenes(count, np.random.default_rng(0))
    words = model.words([captions.describe(scene.events) for scene in scenes], captions.DETAILED)
    return Case(model, (videos, words), lambda net, batch: net.captioner.loss(net(batch[0]), batch[1]))


def facetrack_mm(settings: Any, device: torch.device) -> Case:
    """The captioner of the whole picture and of one face, from encoded views."""
    from mmrepro.papers.facetrack_mm.arms import FACE
    from mmrepro.papers.facetrack_mm.runs import make_model
    from mmrepro.papers.facetrack_mm.scene import EXPRESSIONS

    count, model, rng = settings.batch_size, make_model(FACE, settings), np.random.default_rng(0)
    views = [torch.randn(count, settings.frames, 1, settings.encoded) for _ in range(2)]
    told = [f"describe {' then '.join(rng.choice(list(EXPRESSIONS), 3))}" for _ in range(count)]
    return Case(model, (*views, model.vocabulary.encode(told)), lambda net, batch: net(*batch))


def space_operator(settings: Any, device: torch.device) -> Case:
    """The operator with telemetry and picture, told what the teacher did."""
    from mmrepro.papers.space_operator.eye import Eye
    from mmrepro.papers.space_operator.policy import imitation_loss
    from mmrepro.papers.space_operator.prompt import Telemetry
    from mmrepro.papers.space_operator.runs import make_operator
    from mmrepro.papers.space_operator.teacher import Decisions

    count, size = settings.batch_size, settings.size
    operator = make_operator("both", settings, Eye(size, settings.width), seed=0)
    pictures = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    lines, replies = [Telemetry((0.0, 1.0, 0.0), 100.0, 5.0, True).line()], ["forward left none"]
    examples = operator.examples(Decisions(pictures, lines * count, replies * count))
    return Case(operator, examples.tensors, imitation_loss)


CASES: dict[str, Callable[[Any, torch.device], Case]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        mosei_fusion,
        cg_mer,
        trimod_mner,
        hmg_emo,
        piip,
        instructcell,
        ewing_vls,
        tarsier2,
        facetrack_mm,
        space_operator,
    )
}
