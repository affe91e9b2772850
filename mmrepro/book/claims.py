"""The scoreboard for programs: every claim of the committed records as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from mmrepro.book.scoreboard import ScoreboardRow
from mmrepro.evidence.record import ClaimResult

COLUMNS = (
    "chapter", "arxiv", "id", "kind", "headline", "sentence", "source", "metric", "systems", "unit",
    "paper_value", "value", "low", "high", "p_value", "sample", "basis", "dataset", "tier", "verdict",
    "reason", "profile", "run_key", "made",
)  # fmt: skip


def claim_rows(rows: Sequence[ScoreboardRow]) -> list[dict[str, Any]]:
    """Return one flat mapping a claim, in the order of the book; the keys are `COLUMNS`."""
    return [_flat(row, result) for row in rows if row.record for result in row.record.claims]


def _flat(row: ScoreboardRow, result: ClaimResult) -> dict[str, Any]:
    record = row.record
    assert record is not None
    low, high = result.interval or (None, None)
    return {
        "chapter": row.paper.slug,
        "arxiv": row.paper.arxiv,
        "metric": result.claim.metric,
        "systems": " | ".join(result.claim.systems),
        "low": low,
        "high": high,
        "sample": result.n_seeds,
        "basis": result.estimate.basis if result.estimate else None,
        "profile": record.profile,
        "run_key": record.code.key,
        "made": f"{record.started:%Y-%m-%d}",
        **{name: getattr(result, name) for name in COLUMNS if name in type(result).model_fields},
    }


def as_csv(claims: Sequence[dict[str, Any]]) -> str:
    """Write claims as CSV with a header; what is not known is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(claims)
    return text.getvalue()


def as_json(claims: Sequence[dict[str, Any]]) -> str:
    """Write claims as a JSON array of objects; what is not known is null."""
    ordered = [{name: claim[name] for name in COLUMNS} for claim in claims]
    return json.dumps(ordered, indent=1, ensure_ascii=False) + "\n"
