"""The least time that notebooks can take: one interpreter imports everything once and runs all cells."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

ALONE = """
import io, json, sys, time
clock = time.perf_counter
started = clock()
import matplotlib; matplotlib.use("agg")
exec(sys.argv[1]); import mmrepro.chapter, IPython.display, matplotlib.pyplot as plt
imports, started = clock() - started, clock()
for path in sys.argv[2:]:
    names = {}
    for cell in json.load(open(path))["cells"]:
        exec("".join(cell["source"]), names)
        for number in plt.get_fignums():
            plt.figure(number).savefig(io.BytesIO(), format="png", bbox_inches="tight")
        plt.close("all")
print(json.dumps({"imports_s": imports, "compute_s": clock() - started}))
"""


def floor(imports: str, paths: Sequence[str], cores: int, environment: Mapping[str, str]) -> dict[str, float]:
    """Return seconds of one interpreter for all imports, for all cells after them, and for a core's share.

    The last is of one interpreter a core, each with its share of the notebooks, all at once: cores that share
    a cache, or a processor's arithmetic, may be slower when all are busy.
    """

    def alone(some: Sequence[str]) -> dict[str, float]:
        command = [sys.executable, "-c", ALONE, imports, *some]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found

    whole = alone(paths)
    parts = [paths[core::cores] for core in range(min(cores, len(paths)))]
    with ThreadPoolExecutor(cores) as pool:
        shares = pool.map(alone, parts)
    return {**whole, "together_s": max(share["compute_s"] for share in shares)}
