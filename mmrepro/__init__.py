"""Executable reproductions of multimodal machine-learning papers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmrepro.chapter import open_chapter
    from mmrepro.display.source import edit_source, show_source

__version__ = "0.1.0"
__all__ = ["edit_source", "open_chapter", "show_source"]

# Loaded at first use: importing mmrepro must stay cheap.
_HOMES = {
    "open_chapter": "mmrepro.chapter",
    "show_source": "mmrepro.display.source",
    "edit_source": "mmrepro.display.source",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'mmrepro' has no attribute {name!r}")
