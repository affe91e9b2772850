"""Ten small torch notebooks by our runner and by other tools, in one run; then what a job costs.

    python benchmarks/engine.py                      # half an hour on two quiet cores
    python benchmarks/engine.py --notebooks 2 --only "mmrepro,papermill" --output /tmp/engine.json

Each notebook imports torch, transformers, timm, seaborn and plotly, trains a small network for some seconds
and draws a figure. All tools get the same notebooks and cores: two at a time where a tool can, one thread
each. The floor is one interpreter that imports everything once and runs all cells, its compute shared out
over the cores, by division and by measurement. Other work on the machine slows all rows, so compare ratios.
Writes results/benchmarks/engine.json, from which the book draws its page.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from checkout import small_checkout
from floor import floor
from watch import Watch

from mmrepro.book.benchmark import floor_seconds
from mmrepro.environment import describe_environment
from mmrepro.evidence.sums import write_measured
from mmrepro.execution.job import Job, Outcome
from mmrepro.execution.runner import run_jobs
from mmrepro.papers.paper import load_paper
from mmrepro.project import root

CORES, NOTEBOOKS, ROUNDS = 2, 10, 3
PEERS = ("papermill", "nbclient", "nbmake", "jupyter-cache", "jupyter-book")
CELLS = (
    "import plotly.graph_objects as go\nimport seaborn as sns\nimport timm\nimport torch\n"
    "from transformers import CLIPConfig, CLIPModel",
    "torch.manual_seed(0)\n"
    "net = torch.nn.Sequential(torch.nn.Conv2d(3, 32, 3), torch.nn.ReLU(), torch.nn.Flatten(), "
    "torch.nn.LazyLinear(10))\n"
    "images, labels = torch.randn(64, 3, 32, 32), torch.randint(10, (64,))\n"
    "net(images)\n"
    "optimizer, losses = torch.optim.AdamW(net.parameters()), []\n"
    "for step in range(60):\n"
    "    loss = torch.nn.functional.cross_entropy(net(images), labels)\n"
    "    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n    losses.append(loss.item())",
    "sns.lineplot(losses);",
    "go.Figure(go.Scatter(y=losses)).to_json()[:20]",
    'chapter.measure("loss", {"ours": losses[-1]}, dataset=None)',
)
POOL = """
import sys
from concurrent.futures import ProcessPoolExecutor
import nbformat
from nbclient import NotebookClient
def run(path):
    NotebookClient(nbformat.read(path, 4), timeout=600, shutdown_kernel="immediate").execute()
if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(run, sys.argv[1:]))
"""
CACHED = """
import logging, sys
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
if __name__ == "__main__":
    cache = get_cache("jupyter-cache")
    for path in sys.argv[1:]:
        cache.add_nb_to_project(path)
    done = load_executor("local-parallel", cache, logging.getLogger()).run_and_cache(timeout=600)
    sys.exit(bool(done.errored or done.excepted))
"""
CONFIG = "title: Ten notebooks\nexecute:\n  execute_notebooks: force\n  timeout: 600\n"


class Bench:
    """The ten notebooks and the commands that run them."""

    def __init__(self, folder: Path, notebooks: int) -> None:
        self.folder = folder
        folder.mkdir()
        self.slugs = small_checkout(folder, CELLS, notebooks)
        self.paths = [str(folder / "notebooks" / load_paper(slug).notebook_name) for slug in self.slugs]
        for name, text in (("pool.py", POOL), ("cached.py", CACHED)):
            (folder / name).write_text(text)
        self.environment = {
            **os.environ,
            **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
            "MMREPRO_ROOT": str(folder),
            "MMREPRO_OFFLINE": "1",
        }
        for name in ("MMREPRO_RUNS", "PYTHONDONTWRITEBYTECODE"):  # as a user's shell
            self.environment.pop(name, None)

    def ours(self, *options: str) -> list[str]:
        """Return the command of our own runner."""
        return [sys.executable, "-m", "mmrepro.cli", "run", *self.slugs, "--jobs", str(CORES), *options]

    def peer(self, name: str) -> list[str]:
        """Return the command of another tool."""
        python = [sys.executable]
        if name == "papermill":
            one = f"{sys.executable} -m papermill --no-progress-bar"
            lines = [f"{one} {path} {path}.out" for path in self.paths]
            return ["sh", "-c", " && ".join(lines)]
        if name == "nbclient":
            return [*python, "pool.py", *self.paths]
        if name == "nbmake":
            return [*python, "-m", "pytest", "-q", "--nbmake", "-n", str(CORES), *self.paths]
        if name == "jupyter-cache":
            return [*python, "cached.py", *self.paths]
        program = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
        return [*python, "-c", program, "build", str(self._book())]

    def _book(self) -> Path:
        folder = self.folder / "book"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        names = [Path(path).stem for path in self.paths]
        for path in self.paths:
            shutil.copy2(path, folder)
        (folder / "_config.yml").write_text(CONFIG)
        chapters = "".join(f"  - file: {name}\n" for name in names[1:])
        (folder / "_toc.yml").write_text(f"format: jb-book\nroot: {names[0]}\nchapters:\n{chapters}")
        return folder

    def change_one(self) -> None:
        """Change the code of the first notebook."""
        path = Path(self.paths[0])
        path.write_text(path.read_text().replace("range(60)", "range(59)"))

    def measured(self, runner: str, case: str, command: list[str]) -> dict[str, Any]:
        """Run `command` and return wall and CPU seconds and peak memory of its processes together."""
        log = self.folder / f"{runner}-{case}.log"
        with log.open("wb") as stream:
            started = time.perf_counter()
            process = psutil.Popen(
                command, cwd=self.folder, env=self.environment, stdout=stream, stderr=subprocess.STDOUT
            )
            watch = Watch(process)
            status = process.wait()
            wall = time.perf_counter() - started
        if status:
            sys.exit(f"{runner}, {case}: exit code {status}\n{log.read_text()[-2000:]}")
        row = {"runner": runner, "case": case, "wall_s": round(wall, 2), **watch.used()}
        print("| {runner} | {case} | {wall_s} | {cpu_s} | {peak_mb} |".format(**row), flush=True)
        return row


def our_runs(bench: Bench) -> list[dict[str, Any]]:
    """Run all notebooks with our runner: cold, then unchanged, then one changed."""
    rows = [
        bench.measured("mmrepro", "cold", bench.ours()),
        bench.measured("mmrepro", "unchanged", bench.ours()),
    ]
    bench.change_one()
    return [*rows, bench.measured("mmrepro", "one changed", bench.ours())]


def peer_runs(bench: Bench, only: list[str]) -> list[dict[str, Any]]:
    """Run all notebooks with every other tool, cold; unchanged, too, where a tool knows of that."""
    rows = [bench.measured(name, "cold", bench.peer(name)) for name in PEERS if name in only]
    if "jupyter-cache" in only:
        rows.append(bench.measured("jupyter-cache", "unchanged", bench.peer("jupyter-cache")))
    return rows


def beside_the_floor(bench: Bench) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the floor and our warm run, each the median of rounds: a machine is not as fast all the time."""
    floors, rows = [], []
    for _ in range(ROUNDS):
        floors.append(floor(CELLS[0], bench.paths, CORES, bench.environment))
        rows.append(bench.measured("mmrepro --warm", "cold", bench.ours("--warm", "--fresh")))
    floors.sort(key=lambda found: floor_seconds({"floor": found, "cores": CORES}))
    rows.sort(key=lambda row: row["wall_s"])
    return floors[ROUNDS // 2], rows[ROUNDS // 2]


def nothing(job: Job) -> Outcome:
    """Be done at once."""
    return Outcome(job, 0.0)


def sleep(job: Job) -> Outcome:
    """Be busy for a second without using a core."""
    time.sleep(1)
    return Outcome(job, 1.0)


def seconds_for(count: int, workers: int, work: Callable[[Job], Outcome], scheduler: str = "local") -> float:
    """Return the wall seconds of `count` jobs, the start of processes included."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = [Job("mosei-fusion", {"seeds": [number]}, Path(folder)) for number in range(count)]
        started = time.perf_counter()
        done = sum(1 for _ in run_jobs(jobs, workers, scheduler, work))
        assert done == count
        return round(time.perf_counter() - started, 3)


def overhead() -> list[dict[str, Any]]:
    """Measure jobs that do nothing, on this machine's processes and on a Dask cluster of the same size."""
    from distributed import LocalCluster

    rows = [
        {"scheduler": "local", "jobs": n, "wall_s": seconds_for(n, CORES, nothing)} for n in (10, 100, 1000)
    ]
    with LocalCluster(n_workers=CORES, threads_per_worker=1, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        rows += [
            {"scheduler": "Dask", "jobs": n, "wall_s": seconds_for(n, CORES, nothing, address)}
            for n in (10, 100, 1000)
        ]
    return rows


def scaling() -> list[dict[str, Any]]:
    """Measure eight sleeping jobs a worker: without overhead each row would take eight seconds."""
    return [
        {"workers": count, "jobs": 8 * count, "ideal_s": 8, "wall_s": seconds_for(8 * count, count, sleep)}
        for count in (1, 2, 4, 8, 16, 32, 64)
    ]


def what_is_asked() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--notebooks", type=int, default=NOTEBOOKS)
    parser.add_argument(
        "--only", default=",".join(("mmrepro", *PEERS)), help="tools beside the floor and our warm run"
    )
    parser.add_argument("--no-jobs", action="store_true", help="leave out what measures single jobs")
    parser.add_argument("--output", type=Path, help="a file for the results")
    asked = parser.parse_args()
    asked.only = [name for name in asked.only.split(",") if name]
    unknown = set(asked.only) - {"mmrepro", *PEERS}
    if unknown:
        parser.error(f"--only knows no {', '.join(sorted(unknown))}; choose from mmrepro, {', '.join(PEERS)}")
    whole = len(asked.only) > len(PEERS) and not asked.no_jobs and asked.notebooks == NOTEBOOKS
    if not asked.output and not whole:
        parser.error("a part of the measurements needs --output FILE: the book's page shows all")
    asked.output = asked.output or root() / "results" / "benchmarks" / "engine.json"
    return asked


def main() -> None:
    """Print a row a measurement and write them all."""
    asked = what_is_asked()
    machine = describe_environment()
    found: dict[str, Any] = {
        "made": datetime.now(UTC).date().isoformat(),
        "machine": {"cpu": machine.cpu, "cores": machine.cores, "python": machine.python},
        "versions": {name: metadata.version(name) for name in (*PEERS, "distributed")},
        "cores": CORES,
        "notebooks": asked.notebooks,
    }
    print("| runner | case | wall s | CPU s | peak MB |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="mmrepro-engine-") as folder:
        beside, apart = (
            Bench(Path(folder).resolve() / name, asked.notebooks) for name in ("beside", "apart")
        )
        found["floor"], warm = beside_the_floor(beside)
        own = our_runs(apart) if "mmrepro" in asked.only else []
        found["runners"] = [*own, warm, *peer_runs(apart, asked.only)]
    if not asked.no_jobs:
        found |= {"overhead": overhead(), "scaling": scaling()}
    write_measured(asked.output, json.dumps(found, indent=1) + "\n")
    print(json.dumps({name: found.get(name) for name in ("floor", "overhead", "scaling")}, indent=1))


if __name__ == "__main__":
    main()
