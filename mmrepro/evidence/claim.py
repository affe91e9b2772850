"""A claim: one sentence of a paper turned into a test."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["value", "order", "equal", "ratio", "count"]
Tier = Literal["paper", "closed-form", "stand-in", "synthetic"]
Verdict = Literal[
    "reproduced", "compatible", "direction only", "inconclusive", "not reproduced", "not testable"
]

# From the strongest down.
TIERS: tuple[Tier, ...] = ("paper", "closed-form", "stand-in", "synthetic")
# Only these may be shown as reproduced: other data can agree with a paper but not confirm it.
CONFIRMING_TIERS: frozenset[str] = frozenset({"paper", "closed-form"})


class Claim(BaseModel):
    """What a paper says, and what would count as seeing it again, declared before any run.

    Attributes
    ----------
    kind
        ``value``: a number within ``margin``; ``order``: the first system beats the second by more
        than ``margin``; ``equal``: a difference is none, or too small to count; ``ratio``: the first
        system's metric over the second's, as a value; ``count``: a fact on the data, exact within
        ``margin``.
    datasets
        Data sets of the chapter that can test it, best first; a run uses the first that it has, and
        the claim inherits its tier. Empty for a closed form.
    tier_at_most
        Lowers the tier, where the data are the paper's but not used as the paper does, or where a claim
        without data sets rests on generated clips rather than on arithmetic.
    systems
        One system for ``value``, ``equal`` and ``count``; for ``order`` and ``ratio`` the pair, in order.
    margin
        In the metric's unit. For ``order`` the least difference that counts, for ``equal`` the largest that
        does not.
    min_seeds
        Fewer seeds than this make any result indicative only.
    headline
        Whether the chapter's heading depends on it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    id: Annotated[str, Field(pattern=r"^[A-Z]+[0-9]+[a-z]?$")]
    kind: Kind
    sentence: str
    datasets: tuple[str, ...] = ()
    tier_at_most: Tier | None = None
    metric: str
    systems: tuple[str, ...]
    paper_value: float | None = None
    unit: str = ""
    source: str
    margin: Annotated[float, Field(ge=0)] = 0.0
    min_seeds: Annotated[int, Field(ge=1)] = 5
    headline: bool = False

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Claim:
        wanted = 2 if self.kind in ("order", "ratio") else 1
        if len(self.systems) != wanted:
            raise ValueError(f"systems must name {wanted} for kind {self.kind!r}, not {len(self.systems)}")
        if self.kind not in ("order", "equal") and self.paper_value is None:
            raise ValueError(f"paper_value is missing; kind {self.kind!r} compares with the paper's number")
        return self

    def dataset_in(self, used: Container[str]) -> str | None:
        """Name the data set that tests the claim in a run that used `used`; None for a closed form."""
        return next((name for name in self.datasets if name in used), None)

    def tier_in(self, tiers: Mapping[str, Tier]) -> Tier:
        """Return the claim's tier in a run, from data set name -> tier of what it used."""
        dataset = self.dataset_in(tiers)
        found: Tier = "synthetic" if self.datasets else "closed-form"
        if dataset is not None:
            found = tiers[dataset]
        return max(found, self.tier_at_most or found, key=TIERS.index)
