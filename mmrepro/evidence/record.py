"""The run record: the one source of every number in the book."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mmrepro.errors import MMReproError
from mmrepro.evidence.claim import Claim, Kind, Tier, Verdict
from mmrepro.evidence.verdict import Estimate, adjusted_p, decide, estimate
from mmrepro.files import sha256_bytes, write_atomic
from mmrepro.project import results_dir

if TYPE_CHECKING:
    import pandas as pd

# What a run must repeat to the digit; times, machine and date are told but may differ.
_REPEATABLE = ("slug", "profile", "settings", "seeds", "claims", "metrics", "data")


class _Part(BaseModel):
    # JSON has no NaN: a record with one could be written but never read.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ClaimResult(_Part):
    """A claim with what the run found; `estimate` holds the numbers that decide the verdict."""

    id: str
    kind: Kind
    sentence: str
    source: str
    unit: str
    headline: bool
    paper_value: float | None
    value: float | None
    interval: tuple[float, float] | None
    p_value: float | None = Field(description="Holm-adjusted over the chapter's order claims")
    n_seeds: int
    dataset: str | None
    tier: Tier
    verdict: Verdict
    reason: str
    claim: Claim
    estimate: Estimate | None


class Metric(_Part):
    """One number of one system, one seed."""

    dataset: str | None
    system: str
    metric: str
    seed: int
    value: float


class Stage(_Part):
    """What one stage of the chapter cost."""

    name: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    gpu_mb: float | None
    gpu_j: float | None = Field(None, description="Joules of all visible GPUs; null where not measured")


class DataUse(_Part):
    """A data set as the run used it."""

    name: str
    title: str
    sha256: str
    tier: Tier
    licence: str


class Code(_Part):
    """Which code ran: the commit, and the key over everything that can change the result."""

    commit: str | None
    dirty: bool
    key: str


class Environment(_Part):
    """Where it ran."""

    python: str
    platform: str
    cpu: str
    cores: int
    device: str
    packages: dict[str, str]


class RunRecord(_Part):
    """Everything that one run of one chapter found and what it took."""

    schema_version: Literal[1] = 1
    slug: str
    profile: Literal["smoke", "cpu", "gpu"]
    settings: dict[str, Any]
    seeds: list[int]
    claims: list[ClaimResult]
    metrics: list[Metric]
    stages: list[Stage]
    data: list[DataUse]
    code: Code
    lock: str = Field(description="SHA-256 of requirements.lock")
    environment: Environment
    started: datetime
    wall_s: float
    resumed: bool = Field(
        False, description="Went on from what a killed run had finished; seconds are of the rest"
    )
    digest: str = Field(description="SHA-256 of the parts that a repeated run must give again")

    def metrics_frame(self) -> pd.DataFrame:
        """Return the metrics as a tidy frame: dataset, system, metric, seed, value."""
        return metrics_frame(self.metrics)


def metrics_frame(metrics: list[Metric]) -> pd.DataFrame:
    """Return `metrics` as a tidy frame, with its columns even when there are none."""
    import pandas as pd

    columns = ["dataset", "system", "metric", "seed", "value"]
    return pd.DataFrame([row.model_dump() for row in metrics], columns=columns)


def digest_of(content: dict[str, Any]) -> str:
    """Hash the repeatable parts of a record given as JSON content."""
    repeatable = {key: content[key] for key in _REPEATABLE}
    return sha256_bytes(json.dumps(repeatable, sort_keys=True, separators=(",", ":")).encode())


def judge(
    claims: list[Claim],
    metrics: list[Metric],
    tiers: dict[str, Tier],
    estimates: dict[str, Estimate],
    reasons: dict[str, str] | None = None,
) -> list[ClaimResult]:
    """Decide every claim of a chapter from its metrics.

    Parameters
    ----------
    tiers
        Data set name -> the tier of what the run really used.
    estimates
        Claim id -> an estimate made by the chapter, where the uncertainty is not one of seeds.
    reasons
        Claim id -> why it could not be tested.
    """
    frame = metrics_frame(metrics)
    found = {
        claim.id: estimates.get(claim.id) or estimate(claim, frame, claim.dataset_in(tiers))
        for claim in claims
    }
    adjusted = adjusted_p(found)
    return [
        _result(claim, found[claim.id], tiers, adjusted.get(claim.id), (reasons or {}).get(claim.id))
        for claim in claims
    ]


def _result(
    claim: Claim, found: Estimate | None, tiers: dict[str, Tier], p_value: float | None, why: str | None
) -> ClaimResult:
    tier = claim.tier_in(tiers)
    verdict, reason = decide(claim, found, tier, p_value)
    return ClaimResult(
        **claim.model_dump(include={"id", "kind", "sentence", "source", "unit", "headline", "paper_value"}),
        value=found.value if found else None,
        interval=found.interval if found else None,
        p_value=p_value,
        n_seeds=found.n_seeds if found else 0,
        dataset=claim.dataset_in(tiers),
        tier=tier,
        verdict=verdict,
        reason=why if why and found is None else reason,
        claim=claim,
        estimate=found,
    )


def seal(content: dict[str, Any]) -> RunRecord:
    """Make a record of `content`, which lacks only its digest."""
    draft = RunRecord.model_validate({**content, "digest": ""})
    return draft.model_copy(update={"digest": digest_of(draft.model_dump(mode="json"))})


def write_record(record: RunRecord, path: Path) -> None:
    """Write `record` to `path` as JSON, atomically."""
    write_atomic(path, record.model_dump_json(indent=1) + "\n")


def read_record(path: Path) -> RunRecord:
    """Read a record and check that nobody changed a number in it.

    Raises
    ------
    MMReproError
        When the file is not a record, its digest does not fit, or a verdict in it is not what its
        own numbers give.
    """
    try:
        record = RunRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise MMReproError(f"{path} is not a run record: {where}: {first['msg']}.") from None
    if record.digest != digest_of(record.model_dump(mode="json")):
        raise MMReproError(
            f"{path} was changed after the run (its digest does not fit); run the chapter again."
        )
    wrong = _misjudged(record)
    if wrong:
        raise MMReproError(
            f"{path}: the verdict of {', '.join(wrong)} is not what its numbers give; run the chapter again."
        )
    return record


def committed_record(slug: str) -> RunRecord | None:
    """Return the committed `cpu` record of a chapter, or None when there is none yet."""
    path = results_dir() / "cpu" / f"{slug}.json"
    return read_record(path) if path.is_file() else None


def _misjudged(record: RunRecord) -> list[str]:
    """Name the claims that the record's own metrics and data do not give again.

    Every claim is judged anew, for the p-values are adjusted over all of them. Estimates and intervals
    over test items have no metrics in the record and are taken as they stand.
    """
    tiers = {used.name: used.tier for used in record.data}
    frame = record.metrics_frame()
    given: dict[str, Estimate] = {}
    for result in record.claims:
        if result.estimate is not None and result.estimate.basis == "items":
            given[result.id] = result.estimate
        elif result.estimate is not None and result.estimate.cluster_interval is not None:
            over_seeds = estimate(result.claim, frame, result.claim.dataset_in(tiers))
            if over_seeds is not None:
                kept = {"cluster_interval": result.estimate.cluster_interval}
                given[result.id] = over_seeds.model_copy(update=kept)
    reasons = {result.id: result.reason for result in record.claims if result.estimate is None}
    again = judge([result.claim for result in record.claims], record.metrics, tiers, given, reasons)
    pairs = zip(record.claims, again, strict=True)
    return [found.id for found, made in pairs if not _same(found.model_dump(), made.model_dump())]


def _same(one: Any, other: Any) -> bool:
    """Compare to nine digits: the last ones may differ between machines."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def record_schema() -> str:
    """Return the JSON schema of a run record, as committed beside the records."""
    return json.dumps(RunRecord.model_json_schema(), indent=1, sort_keys=True) + "\n"
