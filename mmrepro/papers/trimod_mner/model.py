"""The tagger: words and characters, two memories joined by gated attention, and a CRF on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import rnn
from torchcrf import CRF

from mmrepro.papers.trimod_mner.corpus import ALPHABET, FLAGS
from mmrepro.papers.trimod_mner.encoder import Encoder
from mmrepro.papers.trimod_mner.tweets import TAGS

VIEWS = ("hashtag", "image")
Batch = Sequence[Tensor]


@dataclass(frozen=True)
class TaggerConfig:
    """Sizes and ablation switches of a tagger; the paper states none of the sizes."""

    hidden_size: int = 128
    num_heads: int = 4
    dropout: float = 0.4
    attention_dropout: float = 0.1
    use_characters: bool = True
    use_gates: bool = True
    char_size: int = 16
    char_filters: int = 32


class Characters(nn.Module):
    """A word's spelling as a vector: convolution over letters, then the largest answer of each filter."""

    def __init__(self, size: int, filters: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(ALPHABET) + 2, size, padding_idx=0)
        self.filters = nn.Conv1d(size, filters, kernel_size=3, padding=1)

    def forward(self, letters: Tensor) -> Tensor:
        """Turn letters (n, words, length) into (n, words, filters)."""
        n, words, length = letters.shape
        vectors = self.letters(letters.view(n * words, length)).transpose(1, 2)
        spelled: Tensor = self.filters(vectors).amax(2).view(n, words, -1)
        return spelled


class GatedView(nn.Module):
    """Let every word look at a memory, and let a gate decide how much of what it saw is added."""

    def __init__(self, memory_size: int, config: TaggerConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.project, self.drop = nn.Linear(memory_size, size), nn.Dropout(config.dropout)
        self.attention = nn.MultiheadAttention(
            size, config.num_heads, dropout=config.attention_dropout, batch_first=True
        )
        self.gate = nn.Linear(2 * size, size) if config.use_gates else None

    def forward(self, words: Tensor, memory: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Look from words (n, t, size) at memory (n, m, memory_size) where `present` (n, m).

        Returns
        -------
        tuple
            What is to be added, (n, t, size), zero where a tweet's memory is empty; and the weights
            (n, t, m), averaged over heads.
        """
        empty = ~present.any(1)
        masked = ~present
        masked[:, 0] &= ~empty  # attention over nothing is NaN
        keys = self.drop(self.project(memory))
        seen, weights = self.attention(words, keys, keys, key_padding_mask=masked)
        if self.gate is not None:
            seen = torch.sigmoid(self.gate(torch.cat([words, seen], -1))) * seen
        return seen * (~empty)[:, None, None], weights


class TriModTagger(nn.Module):
    """Text with any of the views ``hashtag`` and ``image``.

    Parameters
    ----------
    encoder
        Turns the words of the text, of hashtags and of captions into vectors.
    views
        Which memories are read, besides the text.
    image_encoder
        Of image regions; None where the image view reads captions.
    """

    def __init__(
        self,
        encoder: Encoder,
        views: Sequence[str],
        config: TaggerConfig,
        image_encoder: Encoder | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder.fresh()
        self.image_encoder = image_encoder.fresh() if image_encoder is not None else None
        sizes = {"hashtag": encoder.dim, "image": image_encoder.dim if image_encoder else encoder.dim}
        size = config.hidden_size
        spelling = config.char_filters if config.use_characters else 0
        self.characters = Characters(config.char_size, config.char_filters) if config.use_characters else None
        self.project = nn.Linear(encoder.dim, size)
        self.text = nn.GRU(size + spelling + len(FLAGS), size // 2, batch_first=True, bidirectional=True)
        self.views = nn.ModuleDict({name: GatedView(sizes[name], config) for name in VIEWS if name in views})
        self.drop, self.norm = nn.Dropout(config.dropout), nn.LayerNorm(size)
        self.emit = nn.Linear(size, len(TAGS))
        self.crf = CRF(len(TAGS), batch_first=True)

    def forward(self, batch: Batch) -> Tensor:
        """Return the mean negative log-likelihood of a batch (see `corpus.Part.tensors`), in nats a tweet."""
        scores, mask, _ = self.emissions(batch)
        return self.loss_of(scores, mask, batch[3])

    def loss_of(self, scores: Tensor, mask: Tensor, tags: Tensor) -> Tensor:
        """Return the mean negative log-likelihood of gold `tags` under the CRF."""
        likelihood = self.crf(scores.float(), tags[:, : mask.shape[1]], mask, reduction="mean")
        return cast(Tensor, -likelihood)

    def emissions(self, batch: Batch) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Score every tag for every word, (n, t, tags); t is the longest tweet of the batch.

        Returns
        -------
        tuple
            Scores, mask (n, t), and the attention weights of every view.
        """
        ids, letters, flags, _, mask, *memories = batch
        longest = int(mask.sum(1).max())
        ids, letters, flags, mask = (part[:, :longest] for part in (ids, letters, flags, mask))
        parts = [self.project(self.encoder(ids)), flags.float()]
        if self.characters is not None:
            parts.append(self.characters(letters.int()))
        words = self._read(self.drop(torch.cat(parts, -1)), mask)
        joined, weights = words, {}
        for name, numbers in zip(VIEWS, memories, strict=True):
            if name in self.views:
                numbers = numbers[:, : max(1, int((numbers > 0).sum(1).max()))]
                encode = self.image_encoder if name == "image" and self.image_encoder else self.encoder
                added, weights[name] = self.views[name](words, encode(numbers), numbers > 0)
                joined = joined + added
        return self.emit(self.drop(self.norm(joined))), mask, weights

    def _read(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """Run the Bi-GRU over each tweet's own words; its way back must not begin in the padding."""
        lengths = mask.sum(1).cpu()
        packed = rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        return rnn.pad_packed_sequence(self.text(packed)[0], batch_first=True, total_length=mask.shape[1])[0]

    @torch.inference_mode()
    def decode(self, batch: Batch) -> list[tuple[str, ...]]:
        """Return the best tags of every tweet."""
        scores, mask, _ = self.emissions(batch)
        return self.best_tags(scores, mask)

    def best_tags(self, scores: Tensor, mask: Tensor) -> list[tuple[str, ...]]:
        """Return the likeliest tags of every tweet under the CRF (Viterbi)."""
        return [tuple(TAGS[tag] for tag in path) for path in self.crf.decode(scores.float(), mask)]


def parameter_count(model: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
