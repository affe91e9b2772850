"""The key of a run: a hash over everything that can change its result, and nothing else."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mmrepro.data.manifest import load_manifest
from mmrepro.data.store import declared_hashes
from mmrepro.errors import MMReproError
from mmrepro.files import sha256_file
from mmrepro.papers.paper import Paper, load_paper
from mmrepro.papers.settings import ChapterSettings
from mmrepro.project import root

SOURCES = Path(__file__).resolve().parents[1]
# Other tags change how a cell looks, not what it computes.
_EXECUTION_TAGS = {"parameters", "raises-exception", "skip-execution"}
# Where a statement holds others: those of a `try`, for one, are its handlers' too.
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


def chapter_key(slug: str, settings: ChapterSettings) -> str:
    """Hash the notebook's code, the settings, the package's modules it reaches, data and lock.

    Prose, outputs and display tags are left out; so are seconds and folders. Modules are found by
    following import statements from the notebook, wherever in a file they stand.
    """
    paper = load_paper(slug)
    cells = _code_cells(notebook_path(paper))
    own = sorted((SOURCES / "papers" / paper.module_name).glob("*.*"))
    modules = {path for path in own if path.suffix == ".py"}
    for cell in cells:
        modules |= _reached(_imported_files(_plain_python("".join(cell["source"])), ""))
    for path in list(modules):
        modules |= _reached(_module_imports(path))
    files = modules | {path for path in own if path.suffix == ".yml"}
    content = {
        "code": [_cell_identity(cell) for cell in cells],
        "settings": settings.model_dump(mode="json", exclude={"time_budget_s"}),
        "modules": {path.relative_to(SOURCES).as_posix(): sha256_file(path) for path in files},
        "data": declared_hashes(slug),
        # A verdict depends on the tier as much as on the numbers.
        "tiers": {name: entry.tier for name, entry in load_manifest(slug).datasets.items()},
        "lock": lock_hash(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _code_cells(path: Path) -> list[Any]:
    """Return the code cells of a notebook."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise MMReproError(f"{path} is not a readable notebook; restore it from version control.") from None


def notebook_path(paper: Paper) -> Path:
    """Return where the chapter's notebook is.

    Raises
    ------
    MMReproError
        When it is not there.
    """
    path = root() / "notebooks" / paper.notebook_name
    if not path.is_file():
        raise MMReproError(f"{paper.slug} has no notebook at {path}; restore it from the repository.")
    return path


def lock_hash() -> str:
    """Return the SHA-256 of the lock file: the versions of everything installed."""
    return sha256_file(root() / "requirements.lock")


def _cell_identity(cell: dict[str, Any]) -> dict[str, Any]:
    tags = sorted(_EXECUTION_TAGS & set(cell["metadata"].get("tags", [])))
    return {"source": "".join(cell["source"]), "tags": tags}


def _plain_python(source: str) -> ast.Module:
    """Parse a cell; IPython's own lines are translated where there are any."""
    if source.startswith("%%"):
        source = source.partition("\n")[2]
    try:
        return ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:  # another language, or a cell that cannot run: it imports nothing
        return ast.parse("")


def _reached(start: set[Path]) -> set[Path]:
    """Follow imports from `start` through the package."""
    seen: set[Path] = set()
    waiting = set(start)
    while waiting:
        path = waiting.pop()
        seen.add(path)
        waiting |= _module_imports(path) - seen
    return seen


def _module_imports(path: Path) -> set[Path]:
    # The time stamp and size make an edited file a new entry in a long-lived process.
    status = path.stat()
    return _cached_imports(path, status.st_mtime_ns, status.st_size)


@cache
def _cached_imports(path: Path, _mtime_ns: int, _size: int) -> set[Path]:
    within = path.relative_to(SOURCES.parent).with_suffix("")
    return _imported_files(ast.parse(path.read_bytes()), ".".join(within.parts[:-1]))


def _imported_files(tree: ast.Module, package: str) -> set[Path]:
    return {path for name in set(_imported_names(tree, package)) for path in _files_of(name)}


def _imported_names(tree: ast.Module, package: str) -> Iterator[str]:
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *base.split(".")]).rstrip(".")
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)  # a submodule, perhaps


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements of a file, nested ones too, but not their expressions, most nodes by far."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in _BLOCKS:
            waiting += getattr(node, block, ())


def _files_of(name: str) -> Iterator[Path]:
    """Yield the files that importing `name` runs: each package on the way, and the module."""
    parts = name.split(".")
    if parts[0] != "mmrepro":
        return
    for depth in range(1, len(parts) + 1):
        path = SOURCES.joinpath(*parts[1:depth])
        if (path / "__init__.py").is_file():
            yield path / "__init__.py"
        elif path.with_suffix(".py").is_file() and depth > 1:
            yield path.with_suffix(".py")
