"""How getting data fails: one source at a time, or for good."""

from __future__ import annotations

from mmrepro.errors import MMReproError


class SourceError(Exception):
    """One source could not deliver; the message says why and the next source is tried."""


class WrongContentError(SourceError):
    """A source delivered something, but not what the manifest declares."""


class DataUnavailableError(MMReproError):
    """No source could deliver: the sentence lists what was tried and what to do."""
