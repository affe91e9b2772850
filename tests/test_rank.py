"""Several processes, launched together, run one chapter as one process would."""

import os
import subprocess
import sys

import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.record import read_record
from mmrepro.rank import rank, world_size
from tests.conftest import SLUG

TRAINED = (
    "import torch\n"
    "from mmrepro.training.batches import Tensors\n"
    "from mmrepro.training.loop import TrainingSettings, fit, make_accelerator\n"
    "from mmrepro.training.parallel import workers\n"
    "from mmrepro.training.seed import seed_everything\n"
    "def loss(net, batch):\n"
    "    return ((net(batch[0]).squeeze(-1) - batch[1]) ** 2).mean()\n"
    "features = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))",
    'with chapter.stage("train"), workers(2) as each:\n'
    "    for seed in each(int, chapter.settings.seeds):\n"
    "        seed_everything(seed, 1)\n"
    "        model, data = torch.nn.Linear(3, 1), Tensors(features, features.sum(dim=1))\n"
    "        plan = TrainingSettings(epochs=4, lr=0.05, batch_size=16)\n"
    '        history = fit(model, data, loss, plan, seed=seed, accelerator=make_accelerator("cpu"))\n'
    '        values = {"early": history["loss"].iloc[0], "late decision": history["loss"].iloc[-1]}\n'
    '        chapter.measure("accuracy", values, dataset="mosei_aligned", seed=seed)',
    "import os\n"
    'print("processes", os.environ.get("WORLD_SIZE"), "parts", os.environ.get("MMREPRO_UNFINISHED"))',
)


def launched(checkout, *before):
    checkout.write('chapter.data("mosei_aligned")', *TRAINED)
    (checkout.root / "own.pkl").write_bytes(b"never opened")
    command = [*before, "-m", "mmrepro.cli", "run", SLUG, "--seeds", "3,4", "--output", "runs"]
    env = {**os.environ, "MMREPRO_MOSEI_ALIGNED": str(checkout.root / "own.pkl")}
    done = subprocess.run(
        command, cwd=checkout.root, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def losses(path):
    return [point.value for point in read_record(path).metrics]


def test_a_process_that_nobody_launched_is_the_first_of_one(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert (rank(), world_size()) == (0, 1)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert (rank(), world_size()) == (1, 4)


@pytest.mark.parametrize(("variable", "told"), [("RANK", "one"), ("RANK", "-1"), ("WORLD_SIZE", "0")])
def test_a_launcher_that_tells_nonsense_is_refused_in_a_sentence(monkeypatch, variable, told):
    monkeypatch.setenv(variable, told)
    with pytest.raises(MMReproError, match=rf"^{variable} is '{told}', but launchers set it to a whole"):
        (rank(), world_size())


@pytest.mark.loopback
@pytest.mark.notebook
def test_two_processes_run_a_chapter_as_one_does(checkout):
    """Each in a kernel of its own, training one model; the first tells and keeps what came of it."""
    launched(checkout, sys.executable)
    runs = checkout.root / "runs"
    record = f"smoke/{SLUG}.json"
    alone = losses(runs / record)
    (runs / record).unlink()
    together = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    told = launched(checkout, *together)
    assert told.count(f"{SLUG}: done in") == 1
    assert losses(runs / record) == pytest.approx(alone, rel=1e-5)
    assert losses(runs / "rank-1" / record) == losses(runs / record)
    assert "processes 2 parts None" in (runs / "rank-1" / "smoke" / f"{SLUG}.ipynb").read_text()
