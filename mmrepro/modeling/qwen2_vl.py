"""Released models of the Qwen2-VL class, from a folder of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mmrepro.errors import MMReproError, first_line


def load_qwen2_vl(
    folder: Path, device: str, *, plan: Any = None, names: Mapping[str, str] | None = None
) -> tuple[Any, Any]:
    """Load weights and processor, in bf16 on CUDA, never from the network.

    Parameters
    ----------
    plan
        The configuration; the folder's own where it is None.
    names
        Pattern of a tensor's name in the files -> what the model calls it.

    Returns
    -------
    tuple
        Model and processor.

    Raises
    ------
    MMReproError
        When files are missing or not whole, or hold other tensors than the model needs.
    """
    from safetensors import SafetensorError
    from transformers import AutoProcessor, Qwen2VLForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    kind = torch.bfloat16 if device.startswith("cuda") else torch.float32
    ways: dict[str, Any] = {"dtype": kind, "local_files_only": True, "output_loading_info": True}
    if plan is not None:
        ways["config"] = plan
    try:
        loaded: Any = Qwen2VLForConditionalGeneration.from_pretrained(
            folder, key_mapping=dict(names) if names else None, **ways
        )
        processor: Any = AutoProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            folder, local_files_only=True
        )
    except (OSError, ValueError, LookupError, RuntimeError, SafetensorError) as error:
        raise _unusable(folder, first_line(error)) from None
    model, found = loaded
    lacking = sorted(found["missing_keys"])
    if lacking:  # the library would draw them at random
        raise _unusable(folder, f"the weights lack {len(lacking)} tensors, {lacking[0]} first")
    return model.to(device).eval(), processor


def _unusable(folder: Path, told: str) -> MMReproError:
    return MMReproError(
        f"{folder} holds no whole model of Qwen2-VL's class ({told}); fetch weights and processor again."
    )
