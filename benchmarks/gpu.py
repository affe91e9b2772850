"""Training steps of all chapters on one GPU, with and without what makes them faster, in under 8 minutes.

    python benchmarks/gpu.py               # sizes of profile gpu; writes results/gpu/<device>.json
    python benchmarks/gpu.py --tiny        # profile smoke, one example a batch, on any machine; only prints

For each chapter: one step of its principal model on random inputs, plain (float32, PyTorch's AdamW, nothing
recomputed, nothing compiled), then with each optimisation alone, then with all of them. Operations are those
of the plain step, held against matrix products that are timed in the same run. Dropout is off, so that losses
and gradients can be compared. The goals of `benchmarks/piip_step.py` come last. Each chapter runs in a
process of its own and may use an even share of the time that is left: one that fails, or does not end, says
so and takes no other with it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
import piip_step
import torch
import transformers
from isolated import Row, isolated
from measure import ceiling
from steps import CASES
from variants import Variants

from mmrepro.errors import MMReproError
from mmrepro.evidence.sums import write_measured
from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import resolve_settings
from mmrepro.project import results_dir

KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_TINY = 1  # examples of a batch that are kept with --tiny
_GRACE = 2.0  # times its share that a process may take before it is stopped


def prepared_device() -> torch.device:
    """Choose the device: with true float32, and with one thread where it is the CPU; libraries keep quiet."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.backends.cudnn.allow_tf32 = False
    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(1)
    return torch.device("cpu")


def machine(tiny: bool) -> Iterator[Row]:
    """Describe the machine and measure what its matrix products reach."""
    device = prepared_device()
    if device.type == "cpu" and not tiny:
        raise MMReproError("torch sees no CUDA GPU here; on a CPU only --tiny can be measured.")
    side, least = (256, 0.01) if tiny else (8192, 0.5)
    yield {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU",
        "kind": device.type,
        "driver": driver() if device.type == "cuda" else None,
        "torch": torch.__version__,
        "ceiling": {name: ceiling(device, kind, side, least) for name, kind in KINDS.items()},
    }


def driver() -> str | None:
    """Read the version of NVIDIA's kernel module; None where it does not tell."""
    path = Path("/proc/driver/nvidia/version")
    found = re.search(r"Kernel Module.*?\s(\d[\d.]+)\s", path.read_text()) if path.is_file() else None
    return found[1] if found else None


def chapter(slug: str, tiny: bool, compiling: bool, most: dict[str, float], until: float) -> Iterator[Row]:
    """Measure a chapter: first what it is, then a row for every variant of its step."""
    device = prepared_device()
    settings = resolve_settings(load_paper(slug), "smoke" if tiny else "gpu")
    torch.manual_seed(0)
    case = CASES[slug](settings, device)
    whole = len(case.batch[0])
    measured = Variants(case, device, min(whole, _TINY) if tiny else whole, 0.01 if tiny else 1.0, most)
    yield {
        "model": type(case.model).__name__,
        "parameters": sum(each.numel() for each in case.model.parameters()),
        "batch_of_profile": whole,
        "batch": measured.count,
        "flops": measured.flops,
    }
    yield from measured.rows(compiling, until)


def goals(tiny: bool) -> Iterator[Row]:
    """Measure goals G1 to G5 of the pyramid."""
    prepared_device()
    asked = piip_step.TINY if tiny else piip_step.FULL
    yield piip_step.goals(asked)


class Clock:
    """The seconds of a run, shared out evenly over the parts that are still to come."""

    def __init__(self, budget: float, parts: int) -> None:
        self.began, self.ends, self.parts = time.monotonic(), time.monotonic() + budget, parts

    def share(self) -> float:
        """Return the seconds of the next part."""
        left, self.parts = max(0.0, self.ends - time.monotonic()), self.parts - 1
        return left / (self.parts + 1)

    def limit(self, share: float) -> float:
        """Return the seconds after which a part with that share is stopped."""
        return min(_GRACE * share, max(0.0, self.ends - time.monotonic()))


def collected(rows: Iterator[Row]) -> Row:
    """Join what was told of a part: variants as `steps`, all else as it is."""
    found: Row = {}
    for row in rows:
        if "with" in row:
            found.setdefault("steps", []).append(row)
            told = f"{row['step_s']:.4g} s" if "step_s" in row else row["left_out"]
            click.echo(f"  {' + '.join(row['with']) or 'plain'}: {told}", err=True)
        else:
            found |= row
    if "left_out" in found:
        click.echo(f"  {found['left_out']}", err=True)
    return found


def run(tiny: bool, slugs: Sequence[str], budget: float, compiling: bool | None) -> Row:
    """Measure everything that is asked for."""
    whole = set(slugs) == set(CASES)
    clock = Clock(budget, len(slugs) + 1 + whole)
    first = collected(isolated(machine, tiny, within=clock.limit(clock.share())))
    if "left_out" in first:
        raise MMReproError(first["left_out"])
    compiling = first["kind"] == "cuda" if compiling is None else compiling
    chapters = []
    for slug in slugs:
        click.echo(slug, err=True)
        share = clock.share()
        given = (slug, tiny, compiling, first["ceiling"], time.monotonic() + share)
        chapters.append({"slug": slug} | collected(isolated(chapter, *given, within=clock.limit(share))))
    found: Row = {"made": datetime.now(UTC).date().isoformat(), "tiny": tiny, "compiled": compiling, **first}
    found["chapters"] = chapters
    if whole:
        click.echo("piip_step", err=True)
        found["goals"] = collected(isolated(goals, tiny, within=clock.limit(clock.share())))
    return found | {"budget_s": budget, "seconds": round(time.monotonic() - clock.began, 1)}


def destination(found: Row, output: Path | None) -> Path | None:
    """Say where results belong: what is no whole measurement of a GPU only where it is told to."""
    whole = "goals" in found and found["kind"] == "cuda" and not found["tiny"]
    name = re.sub(r"[^A-Za-z0-9]+", "-", found["device"]).strip("-")
    return output or (results_dir() / "gpu" / f"{name}.json" if whole else None)


@click.command(help=__doc__)
@click.option("--tiny", is_flag=True, help="Sizes of profile smoke, one example a batch.")
@click.option(
    "--chapter", "slugs", multiple=True, type=click.Choice(list(CASES)), help="Only this; may be repeated."
)
@click.option("--seconds", "budget", default=480.0, show_default=True, help="Time for everything.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file for the results.")
@click.option("--compile/--no-compile", "compiling", default=None, help="By default only on a GPU.")
def main(
    tiny: bool, slugs: tuple[str, ...], budget: float, output: Path | None, compiling: bool | None
) -> None:
    try:
        found = run(tiny, slugs or tuple(CASES), budget, compiling)
    except MMReproError as error:
        raise click.UsageError(str(error)) from None
    text = json.dumps(found, indent=1) + "\n"
    path = destination(found, output)
    if path is not None:
        write_measured(path, text)
        click.echo(f"Written to {path}", err=True)
    click.echo(text, nl=False)


if __name__ == "__main__":
    main()
