"""Three encoders behind one interface: words become numbers (`refer`), numbers become vectors (`forward`).

Number 0 is padding. Views are stored as numbers, so that models share one copy of frozen states, and a
reader's own caption can be added to a trained model.
"""

from __future__ import annotations

import copy
import io
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.data.environment import cache_folder
from mmrepro.errors import MMReproError
from mmrepro.files import sha256_bytes, write_atomic
from mmrepro.modeling.pretrained import text_encoder

Sentences = Sequence[Sequence[str]]


class Encoder(Protocol):
    """What the tagger asks of an encoder; each is an `nn.Module` with ``dim`` numbers a word."""

    dim: int

    def refer(self, sentences: Sentences) -> list[Tensor]:
        """Give each word of each sentence its number, shape (words,) a sentence."""

    def fresh(self) -> nn.Module:
        """Return the encoder for a new model: learnt weights start anew, frozen ones are shared."""


class TrainedWords(nn.Module):
    """Word vectors that are learnt with the tagger; words share `buckets` by a checksum."""

    def __init__(self, dim: int = 48, buckets: int = 4096) -> None:
        super().__init__()
        self.dim, self.buckets = dim, buckets
        self.vectors = nn.Embedding(buckets + 1, dim, padding_idx=0)

    def refer(self, sentences: Sentences) -> list[Tensor]:
        """Number words by a checksum of their lower-case spelling."""
        return [
            torch.tensor(
                [zlib.crc32(word.lower().encode()) % self.buckets + 1 for word in words], dtype=torch.long
            )
            for words in sentences
        ]

    def fresh(self) -> TrainedWords:
        """Return untrained vectors of the same size."""
        return TrainedWords(self.dim, self.buckets)

    def forward(self, ids: Tensor) -> Tensor:
        """Turn (n, words) numbers into (n, words, dim)."""
        vectors: Tensor = self.vectors(ids)
        return vectors


class FrozenTable(nn.Module):
    """A table of states that no training changes: row k is what number k stands for."""

    table: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        # Not persistent: a checkpoint of the tagger must not carry the table along.
        self.register_buffer("table", torch.zeros(1, dim, dtype=torch.float16), persistent=False)

    def append(self, states: Sequence[np.ndarray]) -> list[Tensor]:
        """Add the states of some sentences, each (words, dim), and return their rows."""
        ends = len(self.table) + np.cumsum([len(part) for part in states])
        rows = [torch.arange(end - len(part), end) for end, part in zip(ends, states, strict=True)]
        if states:
            added = torch.from_numpy(np.concatenate(states).astype(np.float16))
            self.table = torch.cat([self.table, added.to(self.table.device)])
        return rows

    def fresh(self) -> FrozenTable:
        """Return this table: nothing in it is learnt."""
        return self

    def forward(self, ids: Tensor) -> Tensor:
        """Turn (n, words) numbers into (n, words, dim)."""
        return functional.embedding(ids, self.table).float()


class FrozenStates(FrozenTable):
    """States of a frozen transformer, kept on disk under a hash of weights, layers and words."""

    def __init__(self, folder: Path, identity: str, layers: int, threads: int) -> None:
        self.tokenizer, model = text_encoder(folder)
        super().__init__(model.config.hidden_size)
        model.encoder.layer = model.encoder.layer[:layers]
        # Hidden from `modules()`: its weights belong to no tagger.
        self.__dict__["model"] = model.eval().requires_grad_(False)
        self.identity, self.threads = f"{identity}|{layers}", threads

    def refer(self, sentences: Sentences) -> list[Tensor]:
        """Encode the sentences, or take their states from disk."""
        key = sha256_bytes(f"{self.identity}|{json.dumps([list(each) for each in sentences])}".encode())
        path = cache_folder() / "states" / f"{key}.npy"
        sizes = [len(words) for words in sentences]
        if path.is_file():
            states = np.load(path, allow_pickle=False)
        else:
            states = np.concatenate([np.zeros((0, self.dim), np.float16), *self._encode(sentences)])
            stream = io.BytesIO()
            np.save(stream, states)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, stream.getvalue())
        return self.append(np.split(states, np.cumsum(sizes)[:-1]))

    def _encode(self, sentences: Sentences, size: int = 32) -> list[np.ndarray]:
        """Encode sentences of like length together; a word takes the state of its first piece."""
        torch.set_num_threads(self.threads)
        states = [np.zeros((len(words), self.dim), np.float16) for words in sentences]
        order = sorted((i for i, words in enumerate(sentences) if words), key=lambda i: len(sentences[i]))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            batch = pieces_of(self.tokenizer, [sentences[i] for i in rows])
            with torch.inference_mode():
                hidden = self.__dict__["model"](**batch).last_hidden_state
            for line, row in enumerate(rows):
                for word, place in first_pieces(batch, line).items():
                    states[row][word] = hidden[line, place].numpy()
        return states


class FineTuned(nn.Module):
    """A transformer that is trained with the tagger; a number stands for a word of a known sentence."""

    pieces: Tensor
    sentence_of: Tensor
    place_of: Tensor

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.tokenizer, self.model = text_encoder(folder)
        self.dim = self.model.config.hidden_size
        self.register_buffer("pieces", torch.zeros(1, 1, dtype=torch.long), persistent=False)
        self.register_buffer("sentence_of", torch.zeros(1, dtype=torch.long), persistent=False)
        self.register_buffer("place_of", torch.zeros(1, dtype=torch.long), persistent=False)

    def refer(self, sentences: Sentences) -> list[Tensor]:
        """Cut the sentences into pieces and note where each word begins."""
        found = []
        for words in sentences:
            batch = pieces_of(self.tokenizer, [list(words)]) if words else None
            places = list(first_pieces(batch, 0).values()) if batch is not None else []
            first = len(self.place_of)
            if batch is not None:
                self._add(batch["input_ids"][0], places)
            found.append(torch.arange(first, first + len(places)))
        return found

    def _add(self, pieces: Tensor, places: list[int]) -> None:
        device = self.pieces.device
        pieces = pieces.to(device)
        width = max(self.pieces.shape[1], len(pieces))
        rows = [functional.pad(part, (0, width - part.shape[-1])) for part in (self.pieces, pieces[None])]
        self.pieces = torch.cat(rows)
        number = torch.full((len(places),), len(self.pieces) - 1, device=device)
        self.sentence_of = torch.cat([self.sentence_of, number])
        self.place_of = torch.cat([self.place_of, torch.tensor(places, device=device)])

    def fresh(self) -> FineTuned:
        """Return a copy with the weights as they were loaded."""
        return copy.deepcopy(self)

    def forward(self, ids: Tensor) -> Tensor:
        """Turn (n, words) numbers, one sentence a row, into (n, words, dim)."""
        pieces = self.pieces[self.sentence_of[ids[:, 0]]]
        width = max(1, int((pieces != 0).sum(1).max()))
        pieces = pieces[:, :width]
        seen = pieces != 0
        seen[:, 0] = True  # a view may be empty, attention over nothing is NaN
        hidden = self.model(input_ids=pieces, attention_mask=seen.long()).last_hidden_state
        places = self.place_of[ids].clamp(max=width - 1)
        picked: Tensor = hidden.gather(1, places[..., None].expand(-1, -1, self.dim))
        return picked


def pieces_of(tokenizer: Any, sentences: Sentences) -> Any:
    """Cut sentences, given as words, into padded pieces.

    Raises
    ------
    MMReproError
        When a sentence has more pieces than the model takes.
    """
    batch = tokenizer([list(words) for words in sentences], is_split_into_words=True, padding=True,
                      return_tensors="pt")  # fmt: skip
    longest = batch["input_ids"].shape[1]
    if longest > 512:
        raise MMReproError(f"A text has {longest} word pieces, more than the 512 of the encoder; shorten it.")
    return batch


def first_pieces(batch: Any, line: int) -> dict[int, int]:
    """Return word -> place of its first piece."""
    places: dict[int, int] = {}
    for place, word in enumerate(batch.word_ids(line)):
        if word is not None:
            places.setdefault(word, place)
    return places
