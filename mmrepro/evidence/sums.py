"""The checksums of everything measured that is committed: a number changed by hand no longer fits them.

A record's own digest covers what a repeated run must give again. Seconds, memory, machine and key are not
in it, and other measurements have no digest at all; ``results/SHA256SUMS`` covers every byte of them, and
``sha256sum --check`` reads it.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from mmrepro.errors import MMReproError
from mmrepro.files import sha256_file, write_atomic
from mmrepro.project import results_dir, root

SUMS = "SHA256SUMS"


def write_measured(path: Path, content: str | bytes) -> None:
    """Write a measurement, and note its checksum where `path` is below the project's results."""
    write_atomic(path, content)
    results = results_dir().resolve()
    if not path.resolve().is_relative_to(results):
        return
    (root() / "_build").mkdir(exist_ok=True)
    with FileLock(root() / "_build" / f"{SUMS}.lock"):
        sums = _read(results / SUMS)
        sums[path.resolve().relative_to(results).as_posix()] = sha256_file(path)
        write_atomic(results / SUMS, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)))


def refuse_changed(results: Path) -> None:
    """Check that what lies in the folder `results` is what was measured, and that nothing is gone.

    Raises
    ------
    MMReproError
        Naming the first file that was changed, added or removed by hand.
    """
    sums = _read(results / SUMS)
    there = {path.relative_to(results).as_posix() for path in results.rglob("*.json")}
    for name in sorted(there.union(sums)):
        if name.endswith(".schema.json"):  # written from the code, and held to it
            continue
        if name not in there:
            raise MMReproError(f"{results / name} is gone; restore it, for a result stays whatever it says.")
        if sums.get(name) != sha256_file(results / name):
            raise MMReproError(
                f"{results / name} is not what was measured (its checksum in {SUMS} does not fit); restore "
                "it from version control, or measure again with the command that writes it."
            )


def _read(path: Path) -> dict[str, str]:
    """Return file name -> checksum; nothing where there is no file yet."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
