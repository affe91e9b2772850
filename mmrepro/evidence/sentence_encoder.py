"""A sentence encoder from a folder of weights: mean-pooled states of a transformer, as unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrepro.errors import MMReproError

BATCH = 64
TOKENS_MOST = 64  # an event or a sentence; longer ones are cut
NEEDED = ("config.json", "model.safetensors", "tokenizer.json")


class MeanPoolEncoder:
    """Encode sentences as sentence-transformers does with mean pooling, keeping what it has seen.

    Parameters
    ----------
    folder
        With `config.json`, `model.safetensors` and `tokenizer.json`, such as all-MiniLM-L6-v2's.

    Raises
    ------
    MMReproError
        When a file of the three is missing.
    """

    def __init__(self, folder: Path) -> None:
        missing = [name for name in NEEDED if not (folder / name).is_file()]
        if missing:
            raise MMReproError(
                f"The sentence encoder in {folder} lacks {', '.join(missing)}; fetch it again."
            )
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        self._seen: dict[str, NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (texts, width)."""
        new = sorted({text for text in texts if text not in self._seen}, key=len)
        for start in range(0, len(new), BATCH):
            part = new[start : start + BATCH]
            self._seen.update(zip(part, self._encode(part), strict=True))
        width = self._model.config.hidden_size
        return np.stack([self._seen[text] for text in texts]) if texts else np.zeros((0, width), np.float32)

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        import torch

        batch = self._tokenizer(
            texts, padding=True, truncation=True, max_length=TOKENS_MOST, return_tensors="pt"
        )
        with torch.inference_mode():
            states = self._model(**batch).last_hidden_state
        kept = batch["attention_mask"].unsqueeze(-1)
        mean = (states * kept).sum(1) / kept.sum(1)
        return np.asarray(torch.nn.functional.normalize(mean, dim=-1).numpy(), dtype=np.float32)
