"""Features kept on disk, named by everything that they depend on."""

from __future__ import annotations

import io

import numpy as np
import torch

from mmrepro.data.environment import cache_folder
from mmrepro.data.readers import read_npz
from mmrepro.errors import MMReproError
from mmrepro.files import sha256_bytes, write_atomic
from mmrepro.papers.ewing_vls.extractors import Extractor, Features
from mmrepro.papers.ewing_vls.tiles import Pixels
from mmrepro.training.loop import make_accelerator


def cached(extractor: Extractor, patches: Pixels, device: str = "cpu", part: str = "forward") -> Features:
    """Return the features of patches, from disk where this tower has seen these very patches before.

    `part` names the method of the tower that runs. The name of the file hashes it, and weights, scale,
    patches, precision and PyTorch's version; a file that cannot be read is made anew.
    """
    name = _key(extractor, patches, device, part)
    path = cache_folder() / "ewing-vls" / "features" / f"{name}.npz"
    if path.is_file():
        try:
            return read_npz(path)["features"]
        except (MMReproError, KeyError):
            path.unlink()
    features = extractor(patches, device, part)
    stream = io.BytesIO()
    np.savez(stream, features=features)
    write_atomic(path, stream.getvalue())
    return features


def _key(extractor: Extractor, patches: Pixels, device: str, part: str) -> str:
    accelerator = make_accelerator(device)
    facts = (
        extractor.weights_sha256,
        extractor.scale,
        part,
        sha256_bytes(np.ascontiguousarray(patches).tobytes()),
        str(patches.shape),
        f"{accelerator.device.type} {accelerator.mixed_precision}",
        torch.__version__,
    )
    return sha256_bytes("\n".join(facts).encode())
