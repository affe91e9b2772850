"""Captions as token ids, and the small text tower that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

_PAD, _UNKNOWN = "[PAD]", "[UNK]"


class Words:
    """Word ids of captions, padded to one length; a word that no training caption had is unknown."""

    def __init__(self, captions: Sequence[str]) -> None:
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

        tokenizer: Any = Tokenizer(models.WordLevel(unk_token=_UNKNOWN))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.WordLevelTrainer(special_tokens=[_PAD, _UNKNOWN], show_progress=False)
        tokenizer.train_from_iterator(captions, trainer)
        self.longest = max(len(tokenizer.encode(text).ids) for text in captions)
        tokenizer.enable_padding(pad_id=0, pad_token=_PAD, length=self.longest)
        tokenizer.enable_truncation(self.longest)
        self._tokenizer = tokenizer

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def __call__(self, captions: Sequence[str]) -> Tensor:
        """Return the ids of captions, (captions, longest)."""
        return torch.tensor([each.ids for each in self._tokenizer.encode_batch(list(captions))])


class TextTower(nn.Module):
    """One transformer layer over words, their mean, and a projection."""

    def __init__(self, words: int, longest: int, width: int, size: int = 64) -> None:
        super().__init__()
        self.words = nn.Embedding(words, size, padding_idx=0)
        self.places = nn.Parameter(0.02 * torch.randn(longest, size))
        self.layer = nn.TransformerEncoderLayer(size, 4, 2 * size, dropout=0.0, batch_first=True)
        self.project = nn.Linear(size, width)

    def forward(self, ids: Tensor) -> Tensor:
        """Turn ids (captions, longest) into embeddings (captions, width)."""
        empty = ids == 0
        hidden = self.layer(self.words(ids) + self.places, src_key_padding_mask=empty)
        kept = (~empty).unsqueeze(-1)
        found: Tensor = self.project((hidden * kept).sum(1) / kept.sum(1))
        return found
