"""A claim: one sentence of a paper turned into a test."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["value", "order", "ratio", "count"]
Tier = Literal["paper", "closed-form", "stand-in", "synthetic"]
Verdict = Literal[
    "reproduced", "compatible", "direction only", "inconclusive", "not reproduced", "not testable"
]

# Only these may be shown as reproduced: other data can agree with a paper but not confirm it.
CONFIRMING_TIERS: frozenset[str] = frozenset({"paper", "closed-form"})


class Claim(BaseModel):
    """What a paper says, and what would count as seeing it again, declared before any run.

    Attributes
    ----------
    kind
        ``value``: a number within ``margin``; ``order``: the first system beats the second by more
        than ``margin``; ``ratio``: the first system's metric over the second's, as a value;
        ``count``: a fact on the data, exact within ``margin``.
    dataset
        The data set of the chapter whose tier the claim inherits; None for a closed form.
    systems
        One system for ``value`` and ``count``; for ``order`` and ``ratio`` the pair, in order.
    margin
        In the metric's unit. For ``order`` the least difference that counts.
    min_seeds
        Fewer seeds than this make any result indicative only.
    headline
        Whether the chapter's heading depends on it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[A-Z]+[0-9]+[a-z]?$")]
    kind: Kind
    sentence: str
    dataset: str | None = None
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
        if self.kind != "order" and self.paper_value is None:
            raise ValueError(f"paper_value is missing; kind {self.kind!r} compares with the paper's number")
        return self
