"""The package's source, shown where it is explained and put where it can be changed."""

from __future__ import annotations
import __future__

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mmrepro.errors import MMReproError

if TYPE_CHECKING:
    from IPython.display import Markdown

Piece = type | Callable[..., Any]


def source_of(piece: Piece) -> str:
    """Return the source of a class or function, without the indentation of its surroundings.

    Raises
    ------
    MMReproError
        When Python has no source for it, as for built-ins.
    """
    try:
        return textwrap.dedent(inspect.getsource(piece)).rstrip()
    except (OSError, TypeError):
        raise MMReproError(
            f"{piece!r} has no Python source to show; pass a class or function of mmrepro."
        ) from None


def show_source(piece: Piece) -> Markdown:
    """Show the source of a class or function, highlighted, under its name."""
    from IPython.display import Markdown

    source = source_of(piece)
    name = f"{piece.__module__}.{piece.__qualname__}".replace(".", ".<wbr>")  # where a phone may break it
    return Markdown(f"<code>{name}</code>\n\n```python\n{source}\n```")


def edit_source(piece: Piece) -> None:
    """Put the source of `piece`, with the imports of its module, into the next cell to be changed.

    Chapters take their pieces as arguments, so the changed class can be passed where the original was.
    """
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise MMReproError("edit_source works in a notebook; elsewhere use mmrepro.display.source.source_of.")
    source = source_of(piece)
    shell.set_next_input(f"{_imports_of(piece, source)}\n\n\n{source}\n")


def _imports_of(piece: Piece, source: str) -> str:
    """Return what `source` needs from its module: a star import would leave out private names."""
    module = inspect.getmodule(piece)
    if module is None:
        raise MMReproError(f"{piece!r} has no module to import from; pass a class or function of mmrepro.")
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    known = {name for name in names if name in vars(module) and name != piece.__name__}
    late = vars(module).get("annotations") is __future__.annotations
    future = "from __future__ import annotations\n" if late else ""
    listed = ", ".join(sorted(known)) or piece.__name__
    return f"{future}from {module.__name__} import {listed}"
