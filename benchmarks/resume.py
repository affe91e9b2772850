"""Kill `mmrepro run --jobs 2` at random moments and run it again: is finished work kept, is the end the same?

    python benchmarks/resume.py                  # 50 kills, ten minutes
    python benchmarks/resume.py --kills 3

A small checkout holds three chapters of a few cells. Each round starts without a cache, kills the command
with SIGKILL after a random time, and runs it again. Asked of every round: the second run succeeds; a
chapter that was told to be done is taken from the cache; no part of a chapter that was finished is done
again; the records have the digests of an unbroken run; no process of the killed run is left. Exits with 1
when a round fails.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from checkout import small_checkout

CHAPTERS, PARTS = 3, 3
CELLS = (
    "import time\nfrom mmrepro.project import root\nfrom mmrepro.resume import resumable",
    "@resumable\ndef number(seed):\n    time.sleep(0.3)\n"
    '    with (root() / "parts.txt").open("a") as log:\n        log.write(f"{seed}\\n")\n'
    "    return seed / 7",
    f"for seed in range({PARTS}):\n"
    '    chapter.measure("number", {"ours": number(seed)}, dataset=None, seed=seed)',
)


class Book:
    """The small checkout and the command that runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.slugs = folder, small_checkout(folder, CELLS, CHAPTERS)
        self.environment = {**os.environ, "MMREPRO_ROOT": str(folder), "OMP_NUM_THREADS": "1"}
        self.environment.pop("MMREPRO_RUNS", None)
        self.log = folder / "log.txt"

    def start(self) -> subprocess.Popen[bytes]:
        """Start to run all chapters, two at a time."""
        command = [sys.executable, "-m", "mmrepro.cli", "run", *self.slugs, "--jobs", "2"]
        with self.log.open("wb") as log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def forget(self) -> None:
        """Remove runs and cache."""
        shutil.rmtree(self.folder / "_build", ignore_errors=True)

    def kept_parts(self) -> int:
        """Count the parts that lie on disk."""
        return len(list((self.folder / "_build" / "unfinished").glob("*/*.part")))

    def done_parts(self) -> int:
        """Count the parts that were done since this was last asked."""
        log = self.folder / "parts.txt"
        count = len(log.read_text().splitlines()) if log.is_file() else 0
        log.unlink(missing_ok=True)
        return count

    def told(self, words: str) -> set[str]:
        """Name the chapters of which the last run said `words`."""
        return {slug for slug in self.slugs if f"{slug}: {words}" in self.log.read_text()}

    def digests(self) -> dict[str, str]:
        """Return chapter -> digest of its record."""
        folder = self.folder / "_build" / "runs" / "smoke"
        return {slug: json.loads((folder / f"{slug}.json").read_text())["digest"] for slug in self.slugs}

    def processes(self) -> Iterator[psutil.Process]:
        """Yield what runs in this checkout."""
        for process in psutil.process_iter():
            try:
                if process.environ().get("MMREPRO_ROOT") == str(self.folder):
                    yield process
            except psutil.Error:
                continue


def kill_and_resume(book: Book, after: float, expected: dict[str, str]) -> list[str]:
    """Do one round and return what is wrong with it."""
    book.forget()
    process = book.start()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done, problems = book.told("done"), []
    _, alive = psutil.wait_procs(book.processes(), timeout=5)
    if alive:
        problems.append(f"{len(alive)} process(es) left")
    kept, _ = book.kept_parts(), book.done_parts()
    if book.start().wait() != 0:
        return [*problems, f"the second run failed: {book.log.read_text()[-300:]}"]
    unchanged = book.told("unchanged")
    if not done <= unchanged:
        problems.append(f"run twice: {', '.join(sorted(done - unchanged))}")
    if book.done_parts() != PARTS * (CHAPTERS - len(unchanged)) - kept:
        problems.append("a finished part was done again")
    if book.digests() != expected:
        problems.append("other digests")
    print(f"| {after:.1f} | {len(unchanged)} | {kept} | {'; '.join(problems) or 'equal'} |", flush=True)
    return problems


def main() -> None:
    """Print a row a round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    draw = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="mmrepro-resume-") as folder:
        book = Book(Path(folder).resolve())
        started = time.perf_counter()
        if book.start().wait() != 0:
            sys.exit(book.log.read_text())
        unbroken, expected = time.perf_counter() - started, book.digests()
        print(f"Unbroken: {unbroken:.1f} s\n\n| killed after s | chapters kept | parts kept | record |")
        print("| --- | --- | --- | --- |")
        rounds = [kill_and_resume(book, draw.uniform(0, unbroken), expected) for _ in range(asked.kills)]
    failed = [problems for problems in rounds if problems]
    print(f"\n{len(rounds) - len(failed)} of {len(rounds)} kills resumed to the same records.")
    for problems in failed:
        print("; ".join(problems))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
