"""Models and tokenizers of transformers, from a folder and never from the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmrepro.errors import MMReproError, first_line


def from_folder(kind: Any, folder: Path) -> Any:
    """Load what a class of transformers, `kind`, finds in a folder.

    Raises
    ------
    MMReproError
        When the folder does not hold it, or not whole.
    """
    from safetensors import SafetensorError
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        found = kind.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, LookupError, RuntimeError, SafetensorError) as error:
        raise _unusable(kind, folder, first_line(error)) from None
    vocabularies = sorted(getattr(found, "vocab_files_names", {}).values())
    if vocabularies and not any((folder / name).is_file() for name in vocabularies):
        # The library would make a tokenizer that knows no word.
        raise _unusable(kind, folder, f"there is no {' or '.join(vocabularies)}")
    return found


def text_encoder(folder: Path) -> tuple[Any, Any]:
    """Load a tokenizer and its encoder, such as a BERT, from a folder.

    Raises
    ------
    MMReproError
        When the folder does not hold them.
    """
    from transformers import AutoModel, AutoTokenizer

    return from_folder(AutoTokenizer, folder), from_folder(AutoModel, folder)


def _unusable(kind: Any, folder: Path, told: str) -> MMReproError:
    return MMReproError(f"{folder} holds no transformer for {kind.__name__} ({told}); fetch it again.")
