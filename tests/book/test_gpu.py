import copy
import json
import re
from base64 import b64decode
from types import SimpleNamespace

import pytest

from mmrepro.book.gpu import gpu_parts
from mmrepro.errors import MMReproError

PAPERS = [
    SimpleNamespace(slug="one", number=1, short_title="First"),
    SimpleNamespace(slug="two", number=2, short_title="Second"),
    SimpleNamespace(slug="three", number=3, short_title="Third"),
]


def step(switches, step_s, speed_up, share, **more):
    told = {"with": switches, "step_s": step_s, "speed_up": speed_up, "of_ceiling": share}
    rates = {"samples_per_s": 64 / step_s, "flop_per_s": 2e12, "peak_bytes": 3 * 2**30}
    compared = {"loss_difference": 2e-4, "norm_difference": 3e-3, "worst_cosine": 0.998} if switches else {}
    return told | rates | compared | more


def made_up():
    """A specimen: no device has these numbers."""
    size = {"model": "Net", "parameters": 1_500_000, "flops": 10**9, "batch": 64}
    first = size | {"slug": "one", "batch_of_profile": 128}
    first["steps"] = [
        step([], 0.01, 1.0, 0.05),
        step(["bf16"], 0.005, 2.0, 0.04),
        {"with": ["compile"], "left_out": "The time of this chapter was spent."},
        step(["bf16", "fused AdamW"], 0.004, 2.5, 0.06),
    ]
    second = size | {"slug": "two", "batch_of_profile": 64}
    second["steps"] = [step([], 0.02, 1.0, 0.1), step(["checkpointing"], 0.025, 0.8, 0.08)]
    return {
        "made": "2025-02-01",
        "tiny": False,
        "device": "Specimen 1",
        "kind": "cuda",
        "driver": "1.2.3",
        "torch": "2.9",
        "seconds": 300.4,
        "ceiling": {"float32": 5e13, "bfloat16": 7e14},
        "chapters": [first, second, {"slug": "three", "left_out": "It trains trees."}],
        "goals": {"G1": 0.4, "G2": 0.2, "G3": 1.5, "G4": 1.2, "G5_merged": 0.01, "G5_gates": 0.04},
    }


def page(folder, *measured):
    for number, content in enumerate(measured):
        (folder / f"{number}.json").write_text(json.dumps(content))
    return gpu_parts(folder, PAPERS)["gpu-steps"]


def test_without_measurements_the_page_says_so_and_how_to_make_them(tmp_path):
    expected = (
        "No GPU has been measured yet: `python benchmarks/gpu.py` does it and writes "
        "`results/gpu/<device>.json`."
    )
    assert page(tmp_path) == page(tmp_path / "none") == expected


def test_the_plain_step_is_told_with_its_share_of_the_product(tmp_path):
    told = page(tmp_path, made_up())
    assert "## Specimen 1" in told
    assert "Measured on 2025-02-01: torch 2.9, driver 1.2.3, in 300 s." in told
    assert "reached 50.0 TFLOP/s in float32 and 700.0 in bf16" in told
    assert "| 1. First | `Net` | 1.50 | 64 of 128 | 10.00 | 6,400 | 2.000 | 5.0 | 3.00 |" in told
    assert "| 2. Second | `Net` | 1.50 | 64 | 20.00 | 3,200 | 2.000 | 10.0 | 3.00 |" in told


def test_every_variant_has_a_column_and_what_does_not_apply_a_dash(tmp_path):
    told = page(tmp_path, made_up())
    assert "| Chapter | bf16 | compile | checkpointing | all together |" in told
    assert "| 1. First | 2.00 × (4.0 %), 3.00 GiB | left out | – | 2.50 × (6.0 %), 3.00 GiB |" in told
    assert "| 2. Second | – | – | 0.80 × (8.0 %), 3.00 GiB | – |" in told
    assert "| 1. First | bf16 | 2.0e-04 | 3.0e-03 | 0.99800 |" in told


def test_what_is_missing_is_told_with_its_reason(tmp_path):
    told = page(tmp_path, made_up())
    assert "- 1. First, compile: The time of this chapter was spent." in told
    assert "- 3. Third: It trains trees." in told
    stopped = made_up() | {"goals": {"left_out": "Stopped."}}
    assert "Left out: Stopped." in page(tmp_path, stopped)


def test_goals_stand_beside_what_was_measured(tmp_path):
    told = page(tmp_path, made_up())
    assert "| Step, ours over the structure of the released code | 0.400 | 0.5 or less |" in told
    assert told.count(" or less |") == 5


def test_the_figure_is_a_picture_with_words(tmp_path):
    told = page(tmp_path, made_up())
    picture = re.search(r":::\{figure\} data:image/svg\+xml;base64,(\S+)\n:alt: (.+)\n", told)
    assert b64decode(picture[1]).startswith(b"<?xml")
    assert picture[2].endswith("the longest is 2.50 times, in 1. First, with all together.")
    assert told == page(tmp_path, made_up())


def test_each_device_has_a_section_and_records_of_chapters_are_passed_over(tmp_path):
    other = made_up() | {"device": "Specimen 2"}
    told = page(tmp_path, made_up(), other, {"slug": "one", "profile": "gpu"})
    assert re.findall(r"^## (.+)$", told, re.MULTILINE) == ["Specimen 1", "Specimen 2"]


def test_a_device_on_which_nothing_could_be_measured_has_no_figure(tmp_path):
    broken = copy.deepcopy(made_up())
    broken["chapters"] = [{"slug": "one", "left_out": "Its process died (exit code -9)."}]
    told = page(tmp_path, broken)
    assert "{figure}" not in told
    assert "- 1. First: Its process died (exit code -9)." in told


@pytest.mark.parametrize(("change", "how"), [({"tiny": True}, "with --tiny"), ({"kind": "cpu"}, "on a CPU")])
def test_what_is_of_no_gpu_stops_the_build(tmp_path, change, how):
    with pytest.raises(MMReproError, match=f"was measured {how} and a page of GPUs cannot show it"):
        page(tmp_path, made_up() | change)
