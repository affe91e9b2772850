"""The page of training steps on GPUs: figures and tables from what `benchmarks/gpu.py` wrote down."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrepro.book.benchmark import unmeasured
from mmrepro.book.markup import scrolling, table
from mmrepro.errors import MMReproError
from mmrepro.papers.paper import Paper

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ALL, NONE = "all together", "–"
_Found = Mapping[str, Any]
_GOALS = (
    ("G1", "Step, ours over the structure of the released code", "0.5 or less"),
    ("G2", "Operations a second, share of the matrix product's", "0.18 to 0.25, or more"),
    ("G3", "Step, pyramid over one network of equal compute", "1.6 or less"),
    ("G4", "Memory kept for the backward pass, checkpointed, over that network's", "1.3 or less"),
    ("G5_merged", "bf16 against float32: error of the merged map", "0.02 or less"),
    ("G5_gates", "bf16 against float32: error of the gates' gradients", "0.05 or less"),
)


def gpu_parts(folder: Path, papers: Sequence[Paper]) -> dict[str, str]:
    """Return the generated part of the page: a section a device, or how to measure one.

    Parameters
    ----------
    folder
        Of the files, one a device; records of chapters, which lie there too, are passed over.
    """
    names = {paper.slug: f"{paper.number}. {paper.short_title}" for paper in papers}
    sections = [_section(found, names) for found in _measurements(folder)]
    none = unmeasured("No GPU", "benchmarks/gpu.py", "results/gpu/<device>.json")
    return {"gpu-steps": "\n\n".join(sections) or none}


def _measurements(folder: Path) -> list[_Found]:
    """Read what was measured.

    Raises
    ------
    MMReproError
        For a file that is of no GPU, or of sizes that are only good for trying.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if "ceiling" not in content:
            continue
        if content["kind"] != "cuda" or content["tiny"]:
            how = "with --tiny" if content["tiny"] else "on a CPU"
            raise MMReproError(
                f"{path} was measured {how} and a page of GPUs cannot show it; keep it elsewhere."
            )
        found.append(content)
    return found


def _section(found: _Found, names: Mapping[str, str]) -> str:
    chapters = [each | {"name": names.get(each["slug"], each["slug"])} for each in found["chapters"]]
    done = [each for each in chapters if each.get("steps")]
    parts = [f"## {found['device']}", _machine(found), "### The plain step", _plain(done)]
    if done:
        parts += [_figure(done, found["device"]), "### What each optimisation does", _faster(done)]
        parts += ["### What it does to the numbers", _numbers(done)]
    parts += ["### The pyramid's goals", _goals(found.get("goals", {})), _left_out(chapters)]
    return "\n\n".join(part for part in parts if part)


def _machine(found: _Found) -> str:
    full, half = (found["ceiling"][kind] / 1e12 for kind in ("float32", "bfloat16"))
    driver = f", driver {found['driver']}" if found["driver"] else ""
    return (
        f"Measured on {found['made']}: torch {found['torch']}{driver}, in {found['seconds']:.0f} s. "
        f"A product of two large matrices reached {full:.1f} TFLOP/s in float32 and {half:.1f} in bf16."
    )


def _plain(chapters: Sequence[_Found]) -> str:
    body = []
    for each in chapters:
        row, batch = each["steps"][0], str(each["batch"])
        if each["batch"] < each["batch_of_profile"]:
            batch += f" of {each['batch_of_profile']}"
        body.append(
            [
                each["name"],
                f"`{each['model']}`",
                f"{each['parameters'] / 1e6:.2f}",
                batch,
                f"{1000 * row['step_s']:.2f}",
                f"{row['samples_per_s']:,.0f}",
                f"{row['flop_per_s'] / 1e12:.3f}",
                f"{100 * row['of_ceiling']:.1f}",
                _memory(row),
            ]
        )
    header = ["Chapter", "Model", "Parameters (M)", "Batch", "Step (ms)", "Examples/s", "TFLOP/s"]
    return scrolling(table([*header, "% of the product", "Peak (GiB)"], body), "mm-bench")


def _memory(row: _Found) -> str:
    return NONE if row["peak_bytes"] is None else f"{row['peak_bytes'] / 2**30:.2f}"


def _variants(chapter: _Found) -> dict[str, _Found]:
    """Name the variants of a chapter's step, in the order in which they were measured."""
    return {ALL if len(row["with"]) > 1 else row["with"][0]: row for row in chapter["steps"][1:]}


def _columns(chapters: Sequence[_Found]) -> list[str]:
    """Name every variant of any chapter, all together last."""
    known = dict.fromkeys(name for each in chapters for name in _variants(each))
    return sorted(known, key=ALL.__eq__)


def _faster(chapters: Sequence[_Found]) -> str:
    def cell(row: _Found | None) -> str:
        if row is None or "step_s" not in row:
            return NONE if row is None else "left out"
        return f"{row['speed_up']:.2f} × ({100 * row['of_ceiling']:.1f} %), {_memory(row)} GiB"

    columns = _columns(chapters)
    body = [[each["name"], *(cell(_variants(each).get(name)) for name in columns)] for each in chapters]
    return scrolling(table(["Chapter", *columns], body), "mm-bench")


def _numbers(chapters: Sequence[_Found]) -> str:
    body = [
        [
            each["name"],
            name,
            f"{row['loss_difference']:.1e}",
            f"{row['norm_difference']:.1e}",
            f"{row['worst_cosine']:.5f}",
        ]
        for each in chapters
        for name, row in _variants(each).items()
        if "step_s" in row
    ]
    header = ["Chapter", "With", "Loss, relative", "Gradient's norm, relative", "Worst cosine"]
    return scrolling(table(header, body), "mm-bench")


def _goals(found: _Found) -> str:
    if "left_out" in found:
        return f"Left out: {found['left_out']}"
    body = [[what, f"{found[name]:.3f}", wanted] for name, what, wanted in _GOALS if name in found]
    return table(["Ratio", "Measured", "Goal, for an H100"], body) if body else ""


def _left_out(chapters: Sequence[_Found]) -> str:
    """List what was not measured, with the reason."""
    told = []
    for each in chapters:
        told += [f"{each['name']}: {each['left_out']}"] if "left_out" in each else []
        for row in each.get("steps", []):
            if "left_out" in row:
                told.append(f"{each['name']}, {' + '.join(row['with'])}: {row['left_out']}")
    return "\n".join(["### Not measured", "", *(f"- {line}" for line in told)]) if told else ""


def _figure(chapters: Sequence[_Found], device: str) -> str:
    """Draw how much faster each variant is; a picture inside the page, so that it needs no file."""
    from mmrepro.display.figure import as_svg

    picture = base64.b64encode(as_svg(_bars(chapters)).encode()).decode()
    best = max(
        ((row["speed_up"], each["name"], name) for each in chapters for name, row in _drawn(each)),
        default=(1.0, "none", "nothing"),
    )
    alt = (
        f"Bars of the speed-up over the plain step on {device}, a group of bars for each of {len(chapters)} "
        f"chapters; the longest is {best[0]:.2f} times, in {best[1]}, with {best[2]}."
    )
    caption = "How many times faster a step is than the plain one. Left of the line it is slower."
    lines = [f":::{{figure}} data:image/svg+xml;base64,{picture}", f":alt: {alt}", ":figclass: mm-figure"]
    return "\n".join([*lines, "", caption, ":::"])


def _drawn(chapter: _Found) -> list[tuple[str, _Found]]:
    return [(name, row) for name, row in _variants(chapter).items() if "step_s" in row]


def _bars(chapters: Sequence[_Found]) -> Figure:
    import seaborn as sns
    from matplotlib.figure import Figure

    from mmrepro.display.style import INK, PALETTE, use_house_style

    use_house_style()
    rows = [(each["name"], name, row["speed_up"]) for each in chapters for name, row in _drawn(each)]
    figure = Figure(figsize=(7.2, 1.2 + 0.8 * len(chapters)))
    axes = figure.subplots()
    columns = [name for name in _columns(chapters) if name in {variant for _, variant, _ in rows}]
    if rows:
        names, variants, speeds = zip(*rows, strict=True)
        colours = list(PALETTE[: len(columns)])
        sns.barplot(x=speeds, y=names, hue=variants, hue_order=columns, palette=colours, ax=axes)
        sns.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), title=None, frameon=False)
    axes.axvline(1, color=INK, linewidth=1)
    axes.set(xlabel="times faster than the plain step", ylabel="")
    return figure
