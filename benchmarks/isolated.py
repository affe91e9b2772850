"""Work in a process of its own: what it yields arrives as it comes; neither a crash nor a hang spreads."""

from __future__ import annotations

import gc
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import torch

from mmrepro.errors import MMReproError

Row = dict[str, Any]
Work = Callable[..., Iterator[Row]]


def isolated(work: Work, *arguments: Any, within: float) -> Iterator[Row]:
    """Yield what `work` yields; if it fails or has not ended `within` seconds, a last row says so."""
    # A forked process need not import anew. But where there is a GPU, libraries ask for it when they are
    # imported, and after that no forked process can use it.
    context = multiprocessing.get_context("spawn" if torch.cuda.is_available() else "fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(theirs, work, arguments), daemon=True)
    process.start()
    theirs.close()
    ends = time.monotonic() + within
    try:
        while ours.poll(max(0.0, ends - time.monotonic())):
            yield ours.recv()
        yield {"left_out": f"Stopped: it had not ended after {within:.0f} s."}
    except EOFError:
        process.join()
        if process.exitcode:
            yield {"left_out": f"Its process died (exit code {process.exitcode})."}
    finally:
        process.kill()
        process.join()


def _tell(theirs: Connection, work: Work, arguments: tuple[Any, ...]) -> None:
    sys.stdout = sys.stderr  # standard output is for the results
    gc.freeze()  # else each collection would go through all that is imported
    try:
        for row in work(*arguments):
            theirs.send(row)
    except Exception as error:  # noqa: BLE001 - whatever a chapter raises is told, and the others go on
        theirs.send({"left_out": sentence(error)})


def sentence(error: Exception) -> str:
    """Tell an error in a sentence: our own as they are, others with their name."""
    if isinstance(error, MMReproError):
        return str(error)
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0] if said else 'it says no more'}"
