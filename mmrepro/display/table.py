"""Tables in the house style, with intervals, and the verdict table."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mmrepro.evidence.verdict import label, minus

if TYPE_CHECKING:
    import pandas as pd
    from IPython.display import HTML

    from mmrepro.evidence.claim import Claim, Verdict
    from mmrepro.evidence.record import ClaimResult, RunRecord


def table(frame: pd.DataFrame, *, caption: str, digits: int = 2, escape: bool = True) -> HTML:
    """Show `frame` with a caption; numbers with `digits` decimals, NaN as an en dash, names as words."""
    from IPython.display import HTML

    body = frame.rename(columns=lambda name: str(name).replace("_", " ")).to_html(
        index=False,
        border=0,
        classes="mm-table",
        float_format=partial(_spelt, digits=digits),
        na_rep="–",
        escape=escape,
        justify="left",
    )
    title = f"<caption>{html.escape(caption)}</caption>"
    return HTML(f'<div class="mm-scroll">{body.replace("<thead>", f"{title}<thead>", 1)}</div>')


def paper_value(result: ClaimResult) -> str:
    """Spell what the paper reports for a claim."""
    if result.paper_value is None:
        return "not stated"
    return _with_unit(minus(f"{result.paper_value:g}"), result.unit)


def our_value(result: ClaimResult) -> str:
    """Spell what our run measured for a claim, with its 95 % intervals.

    As precisely as the paper does, and with two digits of the largest number where all are small. Where there
    is an interval over clusters of test items the verdict needs both, so both are told.
    """
    if result.value is None:
        return "–"
    clusters = result.estimate.cluster_interval if result.estimate else None
    digits = _digits(result)
    found = _spelt(result.value, digits)
    if result.interval is not None:
        found += f" {_spelt_interval(result.interval, digits)}"
    found = _with_unit(found, result.unit)
    return found if clusters is None else f"{found}; over clusters {_spelt_interval(clusters, digits)}"


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {'point' if (number, unit) == ('1', 'points') else unit}".rstrip()


def _digits(result: ClaimResult) -> int:
    """Return how many decimals the numbers of a claim need."""
    value = float(result.value or 0)
    if result.interval is None and value.is_integer():
        return 0
    stated = "" if result.paper_value is None else f"{result.paper_value:g}"
    largest = max(map(abs, (value, *(result.interval or ()))))
    return max(2, len(stated.partition(".")[2]), 1 - math.floor(math.log10(largest)) if largest else 0)


def _spelt_interval(interval: tuple[float, float], digits: int) -> str:
    low, high = (_spelt(edge, digits) for edge in interval)
    return f"[{low}, {high}]"


def _spelt(number: float, digits: int) -> str:
    return minus(f"{number:.1e}" if digits > 6 else _rounded(number, digits))


def _rounded(number: float, digits: int) -> str:
    """Round without a sign before zero."""
    return f"{round(number, digits) + 0.0:.{digits}f}"


def badge(verdict: Verdict, words: str) -> str:
    """Show `words` in the colour of `verdict`."""
    return f'<span class="mm-verdict mm-{verdict.replace(" ", "-")}">{html.escape(words)}</span>'


def settings_table(settings: Mapping[str, Any], profile: str) -> HTML:
    """Show settings by name, in words rather than as Python spells them."""
    import pandas as pd

    shown = pd.DataFrame(
        {"setting": list(settings), "value": [_worded(value) for value in settings.values()]}
    )
    return table(shown, caption=f"Settings of this run, profile {profile}")


def _worded(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_worded(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(
            f"({_worded(part)})" if isinstance(part, list | dict) else _worded(part) for part in value
        )
    return (
        {None: "none", True: "yes", False: "no"}[value]
        if value is None or isinstance(value, bool)
        else str(value)
    )


def scores_table(
    run: pd.DataFrame, committed: pd.DataFrame | None, metrics: Sequence[str], caption: str
) -> HTML:
    """Show mean and standard deviation over seeds by system, this run beside the committed record.

    Parameters
    ----------
    run, committed
        Tidy metrics of one data set: system, metric, seed, value.
    metrics
        The columns to show, in order.
    """
    import pandas as pd

    columns = {}
    for name, frame in (("this run", run), ("committed cpu", committed)):
        for metric in metrics:
            rows = frame[frame["metric"] == metric] if frame is not None else run[:0]
            columns[f"{metric}, {name}"] = rows.groupby("system")["value"].agg(_mean_and_spread)
    shown = pd.DataFrame(columns).reindex(run["system"].unique()).dropna(how="all")
    seeds = f"mean ± standard deviation over seeds; {_seeds(run['seed'].nunique())} in this run"
    return table(shown.rename_axis("System").reset_index(), caption=f"{caption} ({seeds})")


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def _mean_and_spread(values: pd.Series[float]) -> str:
    together = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"
    return f"{values.mean():.2f}{together}{values.std():.2f}" if len(values) > 1 else f"{values.mean():.2f}"


def interval_frame(results: Sequence[ClaimResult]) -> pd.DataFrame:
    """Tabulate the order claims that have intervals: claim, value, low, high, cluster_low, cluster_high."""
    import pandas as pd

    rows = []
    for result in results:
        if result.kind != "order" or result.interval is None or result.estimate is None:
            continue
        cluster = result.estimate.cluster_interval or (result.value, result.value)
        edges = dict(
            zip(("low", "high", "cluster_low", "cluster_high"), (*result.interval, *cluster), strict=True)
        )
        rows.append(
            {"claim": f"{result.id}: {' − '.join(result.claim.systems)}", "value": result.value, **edges}
        )
    return pd.DataFrame(rows, columns=["claim", "value", "low", "high", "cluster_low", "cluster_high"])


def outcome_table(claims: Sequence[Claim], committed: RunRecord | None, stale: bool) -> HTML:
    """Show every claim with the committed verdict, or that there is none yet."""
    import pandas as pd

    found = {result.id: result for result in committed.claims} if committed else {}
    rows = [
        {
            "Claim": f"<b>{claim.id}</b> {html.escape(claim.sentence)}",
            "Paper": html.escape(paper_value(found[claim.id])) if claim.id in found else "",
            "Ours": html.escape(our_value(found[claim.id])) if claim.id in found else "",
            "What came out": _verdict(found[claim.id]) if claim.id in found else "no committed record yet",
        }
        for claim in claims
    ]
    caption = "What came out: the committed cpu record" + (
        ", STALE: the sources have changed since" if stale else ""
    )
    return table(pd.DataFrame(rows), caption=caption, escape=False)


def verdict_table(record: RunRecord, committed: RunRecord | None, stale: bool) -> HTML:
    """Show every claim with its verdict in this run, beside the committed `cpu` record.

    Parameters
    ----------
    committed
        The record in ``results/cpu``, or None when there is none yet.
    stale
        Whether the sources have changed since `committed`.
    """
    import pandas as pd

    published = {result.id: result for result in committed.claims} if committed else {}
    rows = [
        {
            "Claim": f"<b>{result.id}</b> {html.escape(result.sentence)}",
            "Paper": _paper(result),
            f"This run ({record.profile})": _found(result),
            "Committed cpu record": _found(published[result.id]) if result.id in published else "–",
        }
        for result in record.claims
    ]
    return table(pd.DataFrame(rows), caption=_provenance(record, committed, stale), escape=False)


def _provenance(record: RunRecord, committed: RunRecord | None, stale: bool) -> str:
    run = f"profile {record.profile}, {_seeds(len(record.seeds))}, key {record.code.key[:12]}"
    text = f"Verdicts. This run: {run}."
    if committed is None:
        return f"{text} No cpu record is committed yet."
    return (
        f"{text} Committed: {committed.started:%Y-%m-%d}, {_seeds(len(committed.seeds))}, "
        f"{committed.environment.cpu}, key {committed.code.key[:12]}{' — STALE' if stale else ''}."
    )


def _paper(result: ClaimResult) -> str:
    return f"{html.escape(paper_value(result))}<br><small>{html.escape(result.source)}</small>"


def _found(result: ClaimResult) -> str:
    """Give verdict, number and reason of one claim in one cell."""
    reason = f"<small>{html.escape(result.reason)}</small>"
    return f"{_verdict(result)}<br>{html.escape(our_value(result))}<br>{reason}"


def _verdict(result: ClaimResult) -> str:
    return badge(result.verdict, label(result.verdict, result.tier))
