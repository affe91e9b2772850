import math
from typing import Annotated, Literal

import pandas as pd
import pytest
from pydantic import Field

from mmrepro.evidence.record import DataUse
from mmrepro.execution import sweep_table
from mmrepro.execution.sweep_table import changing, summarise, tidy
from mmrepro.papers.settings import ChapterSettings
from tests.conftest import SLUG
from tests.evidence.factory import metrics, record


class Odd(ChapterSettings):
    """Settings of every type that a chapter may have, two with names of columns."""

    system: str = "a"
    value: int = 3
    size: Annotated[int, Field(ge=1)] | None = None
    rate: float = 1
    either: int | float = 1
    flag: bool = False
    choice: Literal["x", "y"] = "x"
    nested: dict[str, tuple[int, ...]] = Field(default={})
    mixed: int | str | None = None


@pytest.fixture
def odd(monkeypatch):
    monkeypatch.setattr(sweep_table, "settings_class", lambda paper: Odd)


def run(seed=0, rows=None, **given):
    settings = Odd(seeds=(seed,), **given).model_dump(mode="json")
    rows = rows if rows is not None else metrics(a=[1.5])
    return settings, record(claims=[], rows=rows, settings=settings, seeds=[seed], wall_s=7.5)


TYPES = {
    "size": "Int64",
    "seed": "int64",
    "dataset": "string",
    "system": "string",
    "metric": "string",
    "metric_seed": "int64",
    "value": "float64",
    "tier": "string",
    "profile": "string",
    "device": "string",
    "threads": "Int64",
    "datasets": "string",
    "time_budget_s": "Float64",
    "setting.system": "string",
    "setting.value": "Int64",
    "rate": "Float64",
    "either": "Float64",
    "flag": "boolean",
    "choice": "string",
    "nested": "string",
    "mixed": "string",
    "run_key": "string",
    "digest": "string",
    "wall_s": "float64",
}


@pytest.mark.parametrize("found", [[], [run(size=None)], [run(size=4), run(1, mixed="w", size=None)]])
def test_columns_and_types_are_those_of_the_settings_whatever_the_values(odd, found):
    frame = tidy(SLUG, ["size"], found)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == TYPES
    assert list(frame) == list(TYPES)


def test_a_row_tells_settings_seed_number_and_where_it_comes_from(odd):
    asked, made = run(5, size=4, system="mine", nested={"k": (1, 2)}, mixed=3, rate=0.25)
    (row,) = tidy(SLUG, ["size", "system"], [(asked, made)]).to_dict("records")
    assert list(row)[:3] == ["size", "setting.system", "seed"]
    expected = {
        "size": 4,
        "setting.system": "mine",
        "seed": 5,
        "metric_seed": 0,
        "dataset": "numbers",
        "system": "a",
        "metric": "accuracy",
        "value": 1.5,
        "tier": "paper",
        "profile": "cpu",
        "nested": '{"k":[1,2]}',
        "mixed": "3",
        "rate": 0.25,
        "run_key": "k" * 64,
        "digest": made.digest,
        "wall_s": 7.5,
    }
    assert {key: row[key] for key in expected} == expected


def test_a_number_on_no_data_has_no_tier(odd):
    frame = tidy(SLUG, ["size"], [run(rows=metrics(dataset=None, a=[1]))])
    assert frame[["dataset", "tier"]].isna().all(axis=None)


def test_tiers_are_those_of_each_data_set(odd):
    asked, _ = run()
    uses = [
        DataUse(name=name, title=name, sha256="0" * 64, tier=tier, licence="MIT")
        for name, tier in (("one", "stand-in"), ("two", "synthetic"))
    ]
    rows = metrics(dataset="one", a=[1]) + metrics(dataset="two", a=[2])
    frame = tidy(SLUG, ["size"], [(asked, record(claims=[], rows=rows, data=uses))])
    assert frame["tier"].tolist() == ["stand-in", "synthetic"]


def test_parquet_keeps_the_types(odd, tmp_path):
    pytest.importorskip("pyarrow")
    frame = tidy(SLUG, ["size"], [run(size=4), run(1, size=None)])
    frame.to_parquet(tmp_path / "table.parquet", index=False)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), frame)


# Student's t for two degrees of freedom, 0.975.
T2 = 4.302652729911275


class TestTheSummary:
    @pytest.fixture
    def frame(self, odd):
        found = [
            run(seed, metrics(a=[value]) + metrics(metric="loss", dataset=None, a=[9.0]), size=size)
            for size, values in ((4, (1.0, 2.0, 6.0)), (None, (5.0,)))
            for seed, value in enumerate(values)
        ]
        return tidy(SLUG, ["size"], found)

    def test_is_the_mean_over_seeds_with_its_t_interval(self, frame):
        several, single = summarise(frame, ["size"], ["accuracy"]).to_dict("records")
        half = T2 * math.sqrt(7.0) / math.sqrt(3)  # the variance of 1, 2 and 6 is 7
        assert (several["size"], several["mean"], several["seeds"]) == (4, 3.0, 3)
        assert (several["low"], several["high"]) == pytest.approx((3 - half, 3 + half))
        assert pd.isna(single["size"])
        assert (single["mean"], single["seeds"]) == (5.0, 1)
        assert math.isnan(single["low"])

    def test_keeps_numbers_on_no_data_and_the_types_of_settings(self, frame):
        summary = summarise(frame, ["size"], ["loss", "accuracy"])
        assert len(summary) == 4
        assert summary["size"].dtype == "Int64"
        assert summary.loc[summary["metric"] == "loss", "dataset"].isna().all()

    def test_counts_a_seed_once_when_it_gave_several_numbers(self, odd):
        rows = metrics(a=[1.0, 3.0])  # of seeds 0 and 1 of the chapter's own
        frame = tidy(SLUG, ["size"], [run(0, rows, size=4), run(1, metrics(a=[4.0]), size=4)])
        (row,) = summarise(frame, ["size"], ["accuracy"]).to_dict("records")
        assert (row["mean"], row["seeds"]) == (3.0, 2)

    def test_knows_which_numbers_change(self, frame):
        summary = summarise(frame, ["size"], ["accuracy", "loss"])
        assert changing(summary).tolist() == (summary["metric"] == "accuracy").tolist()
