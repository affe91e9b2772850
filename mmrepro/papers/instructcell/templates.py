"""The official instruction templates: reading, checking, counting, filling in."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from mmrepro.errors import MMReproError

Task = Literal["annotation", "generation", "drug response"]
TASKS: tuple[Task, ...] = ("annotation", "generation", "drug response")
SPLITS = ("train", "valid", "test")
_NAMES: dict[Task, str] = {
    "annotation": "cell type annotation",
    "generation": "conditional pseudo cell generation",
    "drug response": "drug sensitivity prediction",
}
# What an instruction of each task cannot do without.
_NEEDED: dict[Task, str] = {"annotation": "input", "generation": "cell_type", "drug response": "input"}
_HOLE = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Template:
    """One way to ask: an instruction with holes such as ``{input}``, and a response with ``{output}``."""

    instruction: str
    response: str

    @property
    def words(self) -> int:
        """Length of the instruction."""
        return len(self.instruction.split())

    @property
    def offers(self) -> bool:
        """Whether it lists the possible answers."""
        return "{choices}" in self.instruction

    def fill(self, values: Mapping[str, str]) -> str:
        """Put `values` into the holes of the instruction.

        Raises
        ------
        MMReproError
            When a hole has no value.
        """
        lacking = [name for name in _HOLE.findall(self.instruction) if name not in values]
        if lacking:
            raise MMReproError(f"The instruction asks for {{{lacking[0]}}}, which this cell does not tell.")
        return _HOLE.sub(lambda hole: values[hole[1]], self.instruction)


Templates = dict[Task, dict[str, list[Template]]]


def read_templates(path: Path) -> Templates:
    """Read the official templates with their official splits, as task -> split -> templates.

    Raises
    ------
    MMReproError
        When a task or split is missing, or a template lacks the hole that it needs.
    """
    try:
        content = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise MMReproError(f"{path.name} is not readable gzipped JSON ({error}).") from None
    found: Templates = {}
    for task, name in _NAMES.items():
        found[task] = {}
        for split in SPLITS:
            rows = content.get(name, {}).get(split)
            if not rows:
                raise MMReproError(f"{path.name} has no templates for {name}, split {split}.")
            found[task][split] = [
                _checked(Template(**row), task, f"{name}, {split}, number {number}")
                for number, row in enumerate(rows, start=1)
            ]
    return found


def _checked(template: Template, task: Task, place: str) -> Template:
    if f"{{{_NEEDED[task]}}}" not in template.instruction:
        raise MMReproError(f"Template of {place}: the instruction has no {{{_NEEDED[task]}}}.")
    if "{output}" not in template.response:
        raise MMReproError(f"Template of {place}: the response has no {{output}}.")
    return template


def counts(templates: Templates) -> pd.DataFrame:
    """Count templates by task and split, with the longest instruction and the share that lists options."""
    rows = []
    for task, splits in templates.items():
        every = [each for split in SPLITS for each in splits[split]]
        sizes = {split: len(splits[split]) for split in SPLITS}
        rows.append(
            {
                "task": task,
                **sizes,
                "all": len(every),
                "longest (words)": max(each.words for each in every),
                "with options (%)": 100 * float(np.mean([each.offers for each in every])),
            }
        )
    return pd.DataFrame(rows)


def names_type_first(templates: Templates) -> float:
    """Return the share (%) of generation responses that name the type before the cell."""
    every = [each.response for split in SPLITS for each in templates["generation"][split]]
    named = ["{cell_type}" in text[: text.index("{output}")] for text in every]
    return 100 * float(np.mean(named))


def overlap(templates: Sequence[Template], sample: int, seed: int = 0) -> np.ndarray:
    """Return each drawn instruction's largest ROUGE-L to any earlier drawn one, shape (sample - 1,).

    The paper rewrites an instruction above 0.75. All pairs would take hours, so some are drawn.
    """
    from rouge_score import rouge_scorer

    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(templates))[:sample]
    texts = [templates[row].instruction for row in sorted(rows)]
    scorer = rouge_scorer.RougeScorer(["rougeL"])
    largest = [
        max(scorer.score(earlier, text)["rougeL"].fmeasure for earlier in texts[:place])
        for place, text in enumerate(texts)
        if place
    ]
    return np.asarray(largest)


def chosen(
    templates: Templates, max_words: int, share: float = 1.0, seed: int = 0
) -> dict[Task, dict[str, list[Template]]]:
    """Keep instructions of at most `max_words`, and a `share` of those for training.

    Raises
    ------
    MMReproError
        When nothing is left of a task and split.
    """
    rng = np.random.default_rng(seed)
    kept: Templates = {}
    for task, splits in templates.items():
        kept[task] = {split: [each for each in splits[split] if each.words <= max_words] for split in SPLITS}
        for split, rows in kept[task].items():
            if not rows:
                raise MMReproError(
                    f"No {split} template of {task} has at most {max_words} words; raise max_words."
                )
        count = max(1, round(share * len(kept[task]["train"])))
        drawn = sorted(rng.permutation(len(kept[task]["train"]))[:count])
        kept[task]["train"] = [kept[task]["train"][row] for row in drawn]
    return kept
