"""What there is: chapters, claims and the verdicts committed so far."""

from __future__ import annotations

from collections import Counter

import click

from mmrepro.evidence.verdict import heading_mark, label
from mmrepro.papers.paper import load_paper, paper_slugs


@click.command("list")
def list_chapters() -> None:
    """List the chapters with the verdicts of their committed `cpu` records.

    \b
    Example:
      mmrepro list
    """
    from rich.console import Console
    from rich.table import Table

    from mmrepro.evidence.record import committed_record

    shown = Table("", "Chapter", "Paper", "Claims", "Verdicts")
    for slug in paper_slugs():
        paper, record = load_paper(slug), committed_record(slug)
        verdicts = Counter(label(result.verdict, result.tier) for result in record.claims) if record else {}
        mark = heading_mark([(r.verdict, r.tier) for r in record.claims if r.headline]) if record else "–"
        told = ", ".join(f"{count} {name}" for name, count in verdicts.items()) or "no committed record yet"
        shown.add_row(mark, slug, f"arXiv {paper.arxiv}", str(len(paper.claims)), told)
    Console(markup=False, emoji=False).print(shown)


@click.command()
@click.argument("slug")
def claims(slug: str) -> None:
    """Show every claim of chapter SLUG: the paper's number, ours, and the verdict.

    \b
    Example:
      mmrepro claims mosei-fusion
    """
    from rich.console import Console
    from rich.table import Table

    from mmrepro.display.table import our_value, paper_value
    from mmrepro.evidence.record import committed_record

    paper, record = load_paper(slug), committed_record(slug)
    found = {result.id: result for result in record.claims} if record else {}
    shown = Table("Id", "Claim", "Paper", "Found", "Verdict", title=f"{paper.title} (arXiv {paper.arxiv})")
    for claim in paper.claims:
        result = found.get(claim.id)
        if result is None:
            stated = "not stated" if claim.paper_value is None else f"{claim.paper_value:g} {claim.unit}"
            shown.add_row(claim.id, claim.sentence, stated, "–", "no committed record yet")
            continue
        verdict = label(result.verdict, result.tier)
        shown.add_row(claim.id, claim.sentence, paper_value(result), our_value(result), verdict)
    Console(markup=False, emoji=False).print(shown)
