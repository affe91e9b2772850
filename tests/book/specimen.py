"""A checkout in miniature: one made-up paper, its run and record, and the project's own pages."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmrepro.evidence.record import Metric, RunRecord, judge, seal, write_record
from mmrepro.evidence.sums import SUMS
from mmrepro.execution.run import RunFiles
from mmrepro.files import sha256_file
from mmrepro.papers.paper import Paper

PROJECT = Path(__file__).resolve().parents[2]
SLUG = "toy-fusion"

PAPER = Paper.model_validate(
    {
        "slug": SLUG,
        "number": 1,
        "arxiv": "2501.00001",
        "title": "Toy Fusion: Two Signals Are Better Than One",
        "short_title": "Toy Fusion",
        "authors": ["A. Author", "B. Author"],
        "published": "2025-01-01",
        "year": 2025,
        "summary": "Two made-up signals are joined early or late.",
        "reported": [
            {"system": "early", "metric": "accuracy", "value": 71.87, "unit": "%", "source": "Table 1"}
        ],
        "claims": [
            {
                "id": "C1",
                "kind": "order",
                "sentence": "Early fusion beats late fusion.",
                "datasets": ["toy"],
                "metric": "accuracy",
                "systems": ["early", "late"],
                "paper_value": 5.64,
                "unit": "points",
                "source": "Table 1",
                "margin": 1.0,
                "headline": True,
            },
            {
                "id": "C2",
                "kind": "value",
                "sentence": "Early fusion reaches 71.87 %.",
                "datasets": ["toy"],
                "metric": "accuracy",
                "systems": ["early"],
                "paper_value": 71.87,
                "unit": "%",
                "source": "Table 1",
                "margin": 2.0,
            },
            {
                "id": "C3",
                "kind": "count",
                "sentence": "The model has 12 parameters | no more.",
                "metric": "parameters",
                "systems": ["early"],
                "paper_value": 12,
                "source": "Section 3.1",
            },
        ],
        "profiles": {"smoke": {}, "cpu": {}, "gpu": {}},
    }
)

IMPORTS = """\
import ipywidgets
import matplotlib.pyplot as plt
import pandas
import plotly.graph_objects as go
from mmrepro.display.figure import show
from mmrepro.display.style import INK, use_house_style
from mmrepro.display.table import table
use_house_style()"""
STILL = """\
figure, axes = plt.subplots()
axes.plot([1, 2, 3], [66, 70, 72])
axes.set(xlabel="epoch", ylabel="accuracy (%)")
show(
    figure,
    alt="Line: accuracy rises over three epochs.",
    caption="Accuracy $a$ rises.",
)"""
PLOT = """\
epochs = [1, 2, 3]
plot = go.Figure(go.Scatter(x=epochs, y=[0.6, 0.7, 0.75], name="early <fusion>"))
plot.add_scatter(x=epochs, y=[0.5, 0.6, 0.65], name="reported", line={"color": INK})
button = {"label": "lines", "method": "restyle", "args": ["mode", "lines"]}
plot.update_layout(xaxis_title="epoch", yaxis_title="loss")
plot.update_layout(updatemenus=[{"buttons": [button]}])
show(plot, alt="Line: loss by epoch.", caption="Hover to read each epoch.")"""
TABLE = """\
accuracy = {"System": ["early", "late"], "Accuracy (%)": [71.6, 66.1]}
scores = pandas.DataFrame(accuracy)
table(scores, caption="Two systems.")"""
WIDGET = 'ipywidgets.IntSlider(value=3, min=1, max=9, description="seeds")'

CELLS = [
    new_markdown_cell(
        "# Toy Fusion\n\nTwo signals $x$ and $y$, joined as\n\n$$z = \\tanh(W x + \\cancel{U} y).$$\n\n"
        "\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}",
        id="banner",
    ),
    new_code_cell(IMPORTS, id="imports", metadata={"papermill": {"duration": 1.0}, "tags": ["hide-input"]}),
    new_markdown_cell("## Figures", id="figures"),
    new_code_cell(STILL, id="still", metadata={"tags": ["cover"]}),
    new_code_cell(PLOT, id="plot"),
    new_code_cell(PLOT, id="again"),
    new_markdown_cell(
        "## A table and a widget\n\nWider than a phone: $s_t = V\\,\\mathrm{LayerNorm}(h_t "
        "+ v^{\\mathrm{hashtag}}_t + v^{\\mathrm{caption}}_t)$.",
        id="rest",
    ),
    new_code_cell(TABLE, id="table"),
    new_code_cell(WIDGET, id="widget"),
]


def executed(cells: list[Any]) -> Any:
    """Run `cells` in a kernel, as the engine would, and keep the widgets' state."""
    notebook = new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    NotebookClient(notebook, timeout=120, store_widget_state=True).execute()
    notebook.metadata["papermill"] = {"input_path": "/somewhere/on/a/machine.ipynb"}
    return notebook


def record(profile: str = "cpu", seeds: int = 5, key: str = "0123456789abcdef" * 4) -> RunRecord:
    """Make a record of the toy paper, with real verdicts from made-up metrics."""
    scores = {"early": 71.6, "late": 66.1}
    metrics = [
        Metric(dataset="toy", system=system, metric="accuracy", seed=seed, value=score + 0.1 * (seed % 3))
        for system, score in scores.items()
        for seed in range(seeds)
    ]
    content: dict[str, Any] = {
        "slug": SLUG,
        "profile": profile,
        "settings": {},
        "seeds": list(range(seeds)),
        "claims": judge(PAPER.claims, metrics, {"toy": "paper"}, {}),
        "metrics": metrics,
        "stages": [],
        "data": [{"name": "toy", "title": "Toy", "sha256": "c" * 64, "tier": "paper", "licence": "CC0-1.0"}],
        "code": {"commit": "a" * 40, "dirty": False, "key": key},
        "lock": "b" * 64,
        "environment": {
            "python": "3.11.7",
            "platform": "Linux",
            "cpu": "A processor",
            "cores": 2,
            "device": "cpu",
            "packages": {"torch": "2.7.0", "numpy": "2.1.0"},
        },
        "started": datetime(2025, 3, 1, 12, 0, tzinfo=UTC),
        "wall_s": 12.3,
    }
    return seal(content)


@dataclass
class Checkout:
    """A folder laid out as the project, with one chapter."""

    root: Path

    @property
    def runs(self) -> Path:
        return self.root / "_build" / "runs"

    def keep_run(self, notebook: Any, profile: str = "cpu") -> RunFiles:
        """Leave a complete run, as the engine would."""
        files = RunFiles.of(SLUG, profile, self.runs)
        files.notebook.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, files.notebook)
        write_record(record(profile, seeds=5 if profile == "cpu" else 2), files.record)
        files.complete()
        return files

    def commit_record(self) -> None:
        """Leave a committed `cpu` record, its checksum beside it."""
        path = self.root / "results" / "cpu" / f"{SLUG}.json"
        write_record(record(), path)
        self.note_sums()

    def note_sums(self) -> None:
        """Write the checksums of all results as they are now."""
        results = self.root / "results"
        lines = [
            f"{sha256_file(path)}  {path.relative_to(results).as_posix()}\n"
            for path in results.rglob("*.json")
        ]
        (results / SUMS).write_text("".join(lines))


LESSONS = f"""
- title: Early is not late
  text: Order matters.
  tests:
    {SLUG}: {{holds: [C1], fails: [C2, C3]}}
"""


def checkout(root: Path) -> Checkout:
    """Lay out the project's pages and configuration in `root`, with the toy chapter and a lesson on it."""
    shutil.copytree(PROJECT / "book", root / "book")
    (root / "book" / "lessons.yml").write_text(LESSONS)
    shutil.copy2(PROJECT / "_config.yml", root)
    contents = (PROJECT / "_toc.yml").read_text()
    chapter = Path(PAPER.notebook_name).stem
    lines = [
        line.replace("01_mosei_fusion", chapter)
        for line in contents.splitlines()
        if "01_mosei_fusion" in line or not re.search(r"- file: \d\d_", line)
    ]
    (root / "_toc.yml").write_text("\n".join(lines) + "\n")
    cached = PROJECT / "_build" / "assets"
    if cached.is_dir():
        shutil.copytree(cached, root / "_build" / "assets")
    return Checkout(root)


def handmade() -> Any:
    """Give a notebook as if executed, without a kernel."""
    words = {"mmrepro": {"alt": "A line.", "caption": "A line rises."}}
    svg = {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain": "<figure>"}
    plot = {"application/vnd.plotly.v1+json": {"data": [], "layout": {}}, "text/plain": "<figure>"}
    return new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python", "pygments_lexer": "ipython3"},
            "papermill": {"a": 1},
        },
        cells=[
            new_markdown_cell("# Toy Fusion\n\nText.", id="banner"),
            new_code_cell("still()", id="still", execution_count=1, outputs=[_shown(svg, words)]),
            new_code_cell("plot()", id="plot", execution_count=2, outputs=[_shown(plot, words)]),
            new_code_cell("", id="empty"),
        ],
    )


def _shown(data: dict[str, Any], metadata: dict[str, Any]) -> Any:
    return new_output("display_data", data=data, metadata=metadata)
