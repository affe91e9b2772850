"""The banner of a chapter: what runs here, on whose data, and how far its verdicts can reach."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mmrepro.evidence.claim import CONFIRMING_TIERS

if TYPE_CHECKING:
    from mmrepro.data.store import LocalData
    from mmrepro.papers.paper import Paper
    from mmrepro.papers.settings import ChapterSettings


def banner(
    paper: Paper,
    profile: str,
    settings: ChapterSettings,
    data: Mapping[str, LocalData],
    commit: tuple[str | None, bool],
) -> str:
    """Return the banner as HTML."""
    head, dirty = commit
    code = f"{head[:10]}{' with uncommitted changes' if dirty else ''}" if head else "not in a git checkout"
    seeds = f"{len(settings.seeds)} ({settings.seeds[0]} to {settings.seeds[-1]})"
    facts = {
        "Paper": f'<a href="{paper.url}">arXiv {paper.arxiv}</a>, {html.escape(", ".join(paper.authors))}',
        "Profile": f"{profile}, budget {settings.time_budget_s:g} s, seeds {seeds}",
        "Code": code,
        "Data": "<br>".join(_data_line(used) for used in data.values()),
    }
    rows = "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in facts.items())
    return f'<div class="mm-scroll"><table class="mm-table mm-banner">{rows}</table></div>'


def _data_line(used: LocalData) -> str:
    text = f"<b>{html.escape(used.title)}</b>: tier <b>{used.tier}</b>, licence {html.escape(used.licence)}"
    if used.tier == "synthetic":
        return f"{text}. <b>Generated sample, not the paper's data:</b> it only shows that the code works"
    return text if used.tier in CONFIRMING_TIERS else f"{text}; not the paper's data"
