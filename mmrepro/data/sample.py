"""Built-in samples: generated files in the layout of a data set, where the real ones cannot be had."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from mmrepro.data.environment import cache_folder
from mmrepro.data.local import LocalData
from mmrepro.data.manifest import dataset
from mmrepro.data.tree import hash_folder, tree_sha256


def sample_data(slug: str, name: str, write: Callable[[Path], None]) -> LocalData:
    """Generate the sample of a data set and return it like the real one, but of tier ``synthetic``.

    Parameters
    ----------
    write
        Writes the same files on every call into the folder it is given, laid out as the data set.
    """
    entry = dataset(slug, name)
    home = cache_folder() / "samples" / slug / name
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=home))
    try:
        write(draft)
        files = hash_folder(draft)
        folder = home / tree_sha256(files)
        with contextlib.suppress(OSError):  # another process put the same sample there first
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return LocalData(
        slug=slug,
        name=name,
        folder=folder,
        tier="synthetic",
        licence="BSD-3-Clause",
        title=f"Generated sample in the layout of: {entry.title}",
        sha256=tree_sha256(files),
        source="sample",
        files=tuple(sorted(files)),
    )
