"""The benchmark of training steps: variants, the shares of time, and where results may go."""

import json
import math
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import gpu
import pytest
import torch
from click.testing import CliRunner
from measure import CHECKPOINTED, COMPILED, FUSED, Case
from torch import nn
from variants import Variants

from mmrepro.project import results_dir
from tests.conftest import HERE

CPU = torch.device("cpu")
MOST = {"float32": 1e9, "bfloat16": 2e9}


def squares(net, batch, most=math.inf):
    if len(batch[0]) > most:
        raise torch.OutOfMemoryError("CUDA out of memory.")
    return net(batch[0]).square().mean()


def unable(model):
    raise RuntimeError("no compiler\nand more")


def variants(compiled=unable, most=math.inf):
    torch.manual_seed(0)
    case = Case(nn.Linear(4, 2), (torch.randn(8, 4),), partial(squares, most=most), compiled)
    return Variants(case, CPU, 8, 0.001, MOST)


def test_the_plain_step_comes_first_and_is_its_own_measure():
    found = variants()
    first = next(found.rows(True, math.inf))
    assert first["with"] == []
    assert first["speed_up"] == 1
    assert found.flops == 2 * (2 * 8 * 4 * 2)  # forward, and the gradient of the weight
    assert first["of_ceiling"] == pytest.approx(found.flops / first["step_s"] / 1e9)
    assert first["samples_per_s"] == pytest.approx(8 / first["step_s"])


def test_a_variant_that_fails_is_told_and_left_out_of_all_together():
    rows = {tuple(row["with"]): row for row in variants().rows(True, math.inf)}
    assert rows[COMPILED,]["left_out"] == "RuntimeError: no compiler"
    assert list(rows)[-1] == ("bf16", FUSED)
    assert rows[FUSED,]["loss_difference"] == 0
    assert rows["bf16",]["worst_cosine"] > 0.99
    assert (CHECKPOINTED,) not in rows  # a linear layer has no switch for it


def test_compiling_can_be_left_out():
    rows = {tuple(row["with"]): row for row in variants().rows(False, math.inf)}
    assert "--compile" in rows[COMPILED,]["left_out"]


def test_a_batch_that_does_not_fit_is_halved():
    found = variants(most=3)
    assert found.count == 2
    with pytest.raises(gpu.MMReproError, match="does not hold the plain step of one example"):
        variants(most=0)


def test_what_is_late_is_left_out():
    plain, *rest = variants().rows(True, time.monotonic())
    assert "step_s" in plain
    assert {row["left_out"] for row in rest} == {"The time of this chapter was spent."}


def test_time_is_shared_out_evenly_and_what_is_not_used_goes_to_the_rest():
    clock = gpu.Clock(100.0, 4)
    first, second = clock.share(), clock.share()
    assert first == pytest.approx(25, abs=0.1)
    assert second == pytest.approx(100 / 3, abs=0.1)  # nothing was used
    assert clock.limit(second) == pytest.approx(200 / 3, abs=0.1)
    assert clock.limit(90.0) == pytest.approx(100, abs=0.1)  # never more than is left


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "NVIDIA-H100-80GB-HBM3.json"),
        ({"tiny": True}, None),
        ({"kind": "cpu"}, None),
        ({"goals": None}, None),
    ],
)
def test_only_a_whole_measurement_of_a_gpu_goes_to_the_results(change, name):
    found = {"device": "NVIDIA H100 80GB HBM3", "kind": "cuda", "tiny": False, "goals": {}} | change
    kept = {key: value for key, value in found.items() if value is not None}
    assert gpu.destination(kept, None) == (name and results_dir() / "gpu" / name)
    assert gpu.destination(kept, Path("asked.json")) == Path("asked.json")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_full_sizes_are_refused_on_a_cpu():
    done = CliRunner().invoke(gpu.main, ["--chapter", "mosei-fusion"])
    assert done.exit_code == 2
    assert "torch sees no CUDA GPU here; on a CPU only --tiny can be measured." in done.output


def test_the_command_measures_on_any_machine_and_keeps_its_results_to_itself(tmp_path):
    command = [sys.executable, str(HERE / "benchmarks" / "gpu.py"), "--tiny", "--no-compile"]
    command += ["--chapter", "mosei-fusion", "--chapter", "cg-mer"]
    before = sorted((HERE / "results").rglob("*"))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sorted((HERE / "results").rglob("*")) == before
    assert not list(tmp_path.iterdir())
    assert found["tiny"]
    assert not found["compiled"]
    assert min(found["ceiling"].values()) > 0
    first, second = found["chapters"]
    assert first["model"] == "AttentionFusion"
    assert [row["with"] for row in first["steps"]] == [
        [],
        ["bf16"],
        ["fused AdamW"],
        ["compile"],
        ["bf16", "fused AdamW"],
    ]
    assert min(row["step_s"] for row in first["steps"] if "step_s" in row) > 0
    assert "has no step for a GPU" in second["left_out"]
