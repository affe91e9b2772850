"""Errors that a user can act on: one sentence, what was wrong, where, and what would be right."""

from __future__ import annotations

import difflib
import errno
import os
import reprlib
from collections.abc import Iterable
from typing import Any

# The folder is not ours to write, is none, or is full.
_NO_PLACE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.ENOTDIR, errno.EEXIST, errno.EISDIR),
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
}
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80


class MMReproError(Exception):
    """A user's mistake or an unmet need, told in one sentence.

    The command line prints the sentence and exits with ``exit_code``; a notebook shows the sentence
    without a stack trace.
    """

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """Show one line in IPython, where a stack trace would hide the sentence."""
        return [f"{type(self).__name__}: {self}"]


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Name the valid spellings closest to `name`, as the tail of an error sentence."""
    known = sorted(candidates)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(repr(match) for match in close) + "?"
    return "valid names are " + ", ".join(known) + "." if known else "there are none."


def shortened(value: Any) -> str:
    """Show a wrong value in an error sentence, however large it is."""
    return _SHORT.repr(value)


def first_line(error: BaseException) -> str:
    """Return what an error of another library begins with, to be told within a sentence of ours."""
    return next(iter(str(error).strip().splitlines()), "").rstrip(":. ") or type(error).__name__


def no_place(error: OSError) -> str | None:
    """Say why nothing can be kept where `error` arose; None where that is not what it means."""
    if error.errno not in _NO_PLACE:
        return None
    return ": ".join(filter(None, (os.strerror(error.errno), error.filename and str(error.filename))))
