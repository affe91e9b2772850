"""The benchmark of a training step runs at tiny sizes, and its two structures are one function."""

import piip_step as bench
import torch
from click.testing import CliRunner

from mmrepro.papers.piip.cost import counted_macs


def test_both_structures_compute_the_same():
    ours = bench.build("tsb", [64, 48, 32], None).eval()
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(ours(images), bench.released_structure(ours)(images), atol=1e-4)


def test_the_single_network_has_at_least_the_compute():
    macs = counted_macs(bench.build("tb", [64, 32], None), torch.rand(1, 3, 64, 64))
    single = bench.single_of_equal_compute(macs, 48)
    assert 1 <= counted_macs(single, torch.rand(1, 3, 48, 48)) / macs < 3


def test_every_goal_is_told():
    done = CliRunner().invoke(
        bench.main, ["--networks", "tb", "--sizes", "64/32", "--least", "0.01", "--single-size", "48"]
    )
    assert done.exit_code == 0, done.output
    assert [line[:2] for line in done.output.splitlines()[1:]] == ["G1", "G2", "G3", "G4", "G5"]
    merged, gradients = (float(each.split()[-1]) for each in done.output.splitlines()[-1].split(", "))
    assert merged < 0.02
    assert gradients < 0.3  # 5 % is the goal at full size; a few channels round more
