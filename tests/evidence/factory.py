"""Claims, metrics and records made for tests."""

from datetime import UTC, datetime

import numpy as np

from mmrepro.evidence.claim import Claim
from mmrepro.evidence.record import Code, DataUse, Environment, Metric, Stage, judge, seal


def claim(kind="order", **given):
    """A claim with everything that its kind needs, and what the test gives."""
    pair = kind in ("order", "ratio")
    common = {
        "id": "T1",
        "kind": kind,
        "sentence": "A beats B.",
        "datasets": ("numbers",),
        "metric": "accuracy",
        "systems": ("a", "b") if pair else ("a",),
        "paper_value": None if kind in ("order", "equal") else 50.0,
        "unit": "points",
        "source": "table 1",
    }
    return Claim(**{**common, **given})


def metrics(dataset="numbers", metric="accuracy", **systems):
    """Rows of `metric`: system -> one value a seed."""
    return [
        Metric(dataset=dataset, system=system, metric=metric, seed=seed, value=float(value))
        for system, values in systems.items()
        for seed, value in enumerate(values)
    ]


def paired(gap=2.0, spread=0.5, seeds=10, start=0):
    """Values of two systems, the first `gap` above the second on the average of the draw."""
    noise = np.random.default_rng(start).normal(0, spread, seeds)
    base = 50 + np.random.default_rng(start + 1).normal(0, 3, seeds)
    return {"a": base + gap + noise - noise.mean(), "b": base}


def content(claims=None, rows=None, tier="paper", estimates=None, **given):
    """Everything in a record but its digest."""
    claims = claims if claims is not None else [claim()]
    rows = rows if rows is not None else metrics(**paired())
    environment = Environment(
        python="3.11", platform="Linux", cpu="a CPU", cores=2, device="cpu", packages={"numpy": "2"}
    )
    tiers = {"numbers": tier}
    return {
        "slug": "mosei-fusion",
        "profile": "cpu",
        "settings": {"epochs": 3},
        "seeds": list(range(10)),
        "claims": judge(claims, rows, tiers, estimates or {}),
        "metrics": rows,
        "stages": [Stage(name="train", wall_s=1.5, cpu_s=1.0, peak_mb=100.0, gpu_mb=None)],
        "data": [DataUse(name="numbers", title="Numbers", sha256="0" * 64, tier=tier, licence="MIT")],
        "code": Code(commit="c" * 40, dirty=False, key="k" * 64),
        "lock": "1" * 64,
        "environment": environment,
        "started": datetime(2025, 1, 31, 12, tzinfo=UTC),
        "wall_s": 2.0,
        **given,
    }


def record(**given):
    """A sealed record."""
    return seal(content(**given))
