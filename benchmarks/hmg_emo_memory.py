"""Memory and time of a training step as the graph grows: whole graph against capped neighbourhoods.

Each size runs in a process of its own, because memory that a process has had it does not give back:

    python benchmarks/hmg_emo_memory.py --multiples 1 10 100 --limit-gb 12
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import torch

from mmrepro.papers.hmg_emo.growth import UNIT, Step, generated_corpus
from mmrepro.papers.hmg_emo.neighbours import Sampler

_FANOUT, _LAYERS, _STEPS = 8, 2, 3


def measure(multiple: int, sampler: Sampler) -> dict[str, float]:
    """Run a few training steps here and return megabytes and seconds a step."""
    torch.set_num_threads(1)
    step = Step(generated_corpus(multiple), sampler, _FANOUT, _LAYERS)
    before = _peak_mb()
    started = time.perf_counter()
    for _ in range(_STEPS):
        step.loss().backward()
    seconds = (time.perf_counter() - started) / _STEPS
    return {"kept_mb": step.kept_mb(), "peak_mb": _peak_mb(), "before_mb": before, "seconds": seconds}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_own_process(multiple: int, sampler: Sampler, limit_gb: float) -> dict[str, float] | None:
    """Measure in a new process with limited memory; None where it does not fit."""
    command = [sys.executable, __file__, "--one", str(multiple), sampler, "--limit-gb", str(limit_gb)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def main() -> None:
    """Print a table, one row a size and sampler."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--multiples", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--limit-gb", type=float, default=12.0)
    parser.add_argument("--one", nargs=2, metavar=("MULTIPLE", "SAMPLER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        bytes_allowed = int(asked.limit_gb * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (bytes_allowed, bytes_allowed))
        print(json.dumps(measure(int(asked.one[0]), asked.one[1])))
        return
    print("| edges | messages | kept for the way back (MB) | process at most (MB) | seconds a step |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for multiple in asked.multiples:
        for sampler, name in (("none", "whole graph"), ("capped", "capped neighbourhood")):
            found = in_own_process(multiple, sampler, asked.limit_gb)
            cells = (
                f"{found['kept_mb']:.1f} | {found['peak_mb']:.0f} | {found['seconds']:.2f}"
                if found
                else f"more than {asked.limit_gb:g} GB | – | –"
            )
            print(f"| {UNIT * multiple:,} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
