import re

import numpy as np
import pandas as pd
import pytest

from mmrepro.display.table import (
    badge,
    interval_frame,
    our_value,
    outcome_table,
    paper_value,
    scores_table,
    settings_table,
    table,
    verdict_table,
)
from mmrepro.evidence.verdict import Estimate
from tests.evidence.factory import claim, metrics, paired, record


def cells(shown):
    """The text of every cell, row by row."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", shown.data, re.DOTALL)
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]


def test_numbers_have_the_digits_that_were_asked_for_and_a_gap_is_a_dash():
    frame = pd.DataFrame({"system": ["a", "b", "c"], "value": [1.23456, np.nan, -0.5]})
    assert cells(table(frame, caption="c", digits=3))[1:] == [["a", "1.235"], ["b", "–"], ["c", "−0.500"]]


def test_settings_are_told_in_words():
    shown = settings_table(
        {
            "lr": 1e-3,
            "gates": True,
            "stain": False,
            "folder": None,
            "datasets": ["mosi", "mosei_audit"],
            "shapes": [[2, 3], [4, 5]],
            "judge": {"kind": "overlap", "address": None},
        },
        "smoke",
    )
    assert [row[1] for row in cells(shown)[1:]] == [
        "0.001",
        "yes",
        "no",
        "none",
        "mosi, mosei_audit",
        "(2, 3), (4, 5)",
        "kind: overlap; address: none",
    ]


def test_a_table_has_its_caption_inside_and_scrolls_when_it_is_wide():
    shown = table(pd.DataFrame({"x": [1]}), caption="a < b").data
    assert shown.startswith('<div class="mm-scroll"><table')
    assert "<caption>a &lt; b</caption><thead>" in shown


def test_names_of_columns_are_shown_as_words():
    frame = pd.DataFrame({"cluster_low": [1.0]})
    assert cells(table(frame, caption="c"))[0] == ["cluster low"]
    assert frame.columns.tolist() == ["cluster_low"]


@pytest.mark.hostile("markup in the cells of a table", "shown as text")
def test_what_is_in_the_data_cannot_become_markup():
    shown = table(pd.DataFrame({"<x>": ["<script>alert(1)</script>"]}), caption="c").data
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_long_text_is_not_cut():
    long = "word " * 60
    assert long.strip() in table(pd.DataFrame({"x": [long]}), caption="c").data


def result(kind="order", **given):
    rows = given.pop("rows", None)
    return record(claims=[claim(kind, **given)], rows=rows).claims[0]


def test_an_interval_over_clusters_is_told_too():
    known = Estimate(value=2.0, interval=(1.5, 2.5), cluster_interval=(-0.25, 4.0), p_value=0.01, n_seeds=10)
    found = record(claims=[claim()], estimates={"T1": known}).claims[0]
    assert found.verdict == "inconclusive"
    assert our_value(found) == "2.00 [1.50, 2.50] points; over clusters [−0.25, 4.00]"


def test_no_zero_has_a_sign():
    assert cells(table(pd.DataFrame({"x": [-0.001, -0.0, -0.006]}), caption="c"))[1:] == [
        ["0.00"],
        ["0.00"],
        ["−0.01"],
    ]


@pytest.mark.parametrize(
    ("found", "paper", "ours"),
    [
        (lambda: result(rows=metrics(a=[3, 4], b=[1, 2])), "not stated", "2.00 [2.00, 2.00] points"),
        (
            lambda: result("value", paper_value=0.106, rows=metrics(a=[0.10612])),
            "0.106 points",
            "0.106 points",
        ),
        (lambda: result("value", paper_value=1, rows=metrics(a=[2.5])), "1 point", "2.50 points"),
        (lambda: result("count", paper_value=3, unit="of 3", rows=metrics(a=[2])), "3 of 3", "2 of 3"),
        (lambda: result("value", unit="", rows=metrics(a=[-1.5])), "50", "−1.50"),
        (lambda: result("value", paper_value=-0.5, unit="m", rows=metrics(a=[-0.25])), "−0.5 m", "−0.25 m"),
        (lambda: result("value", unit="m", rows=metrics(a=[0.00258])), "50 m", "0.0026 m"),
        (lambda: result("value", unit="", rows=metrics(a=[-3.21e-15])), "50", "−3.2e−15"),
        (
            lambda: result(rows=metrics(a=[0, 0], b=[4e-4, 2e-4])),
            "not stated",
            "−0.0003 [−0.0016, 0.0010] points",
        ),
        (
            lambda: result(rows=metrics(a=[2.9999, 3.0001], b=[3, 3])),
            "not stated",
            "0.0000 [−0.0013, 0.0013] points",
        ),
        (
            lambda: result("value", unit="F1-points", rows=metrics(a=[-1.5])),
            "50 F1-points",
            "−1.50 F1-points",
        ),
        (lambda: result(rows=[]), "not stated", "–"),
    ],
)
def test_numbers_are_spelt_as_precisely_as_the_paper_does(found, paper, ours):
    assert (paper_value(found()), our_value(found())) == (paper, ours)


def test_a_badge_is_coloured_by_its_verdict():
    assert badge("not reproduced", "a < b") == '<span class="mm-verdict mm-not-reproduced">a &lt; b</span>'


@pytest.fixture
def run():
    return record(claims=[claim(sentence="A < B & C.", source="table <1>")], tier="stand-in")


def test_every_claim_stands_beside_its_committed_verdict(run):
    committed = record(claims=[claim()], rows=metrics(**paired(gap=-2.0)))
    shown = verdict_table(run, committed, stale=False)
    ((said, paper, ours, theirs),) = cells(shown)[1:]
    assert said == "<b>T1</b> A &lt; B &amp; C."
    assert paper == "not stated<br><small>table &lt;1&gt;</small>"
    assert "mm-direction-only" in ours
    assert "direction only (stand-in data)" in ours
    assert "mm-not-reproduced" in theirs
    assert "STALE" not in shown.data


def test_a_stale_record_is_marked(run):
    assert "— STALE" in verdict_table(run, record(), stale=True).data
    assert "STALE: the sources have changed" in outcome_table([claim()], record(), stale=True).data


def test_without_a_committed_record_the_column_says_so(run):
    shown = verdict_table(run, None, stale=False)
    assert "No cpu record is committed yet." in shown.data
    assert cells(shown)[1][-1] == "–"
    assert cells(outcome_table([claim()], None, stale=False))[1][-1] == "no committed record yet"


def test_a_claim_that_is_newer_than_the_record_has_no_verdict_yet():
    shown = outcome_table([claim(), claim(id="T2")], record(), stale=False)
    assert [row[-1] for row in cells(shown)[2:]] == ["no committed record yet"]
    assert "mm-reproduced" in cells(shown)[1][-1]


def test_the_provenance_names_run_and_record(run):
    text = verdict_table(run, record(), stale=False).data
    assert "profile cpu, 10 seeds, key kkkkkkkkkkkk" in text
    assert "Committed: 2025-01-31, 10 seeds, a CPU, key kkkkkkkkkkkk" in text


def test_scores_stand_beside_the_committed_ones_with_their_spread():
    ours = pd.DataFrame([row.model_dump() for row in metrics(a=[1, 3], b=[5])])
    theirs = pd.DataFrame([row.model_dump() for row in metrics(a=[2, 2])])
    shown = scores_table(ours, theirs, ["accuracy"], "Scores")
    assert cells(shown)[1:] == [
        [
            "a",
            "2.00\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}1.41",
            "2.00\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.00",
        ],
        ["b", "5.00", "–"],
    ]
    assert "2 seeds in this run" in shown.data
    assert cells(scores_table(ours, None, ["accuracy"], "Scores"))[1] == [
        "a",
        "2.00\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}1.41",
        "–",
    ]


def test_intervals_are_tabulated_for_the_orders_that_have_them():
    made = record(claims=[claim(), claim("value", id="T2"), claim(id="T3", systems=("x", "y"))])
    frame = interval_frame(made.claims)
    assert frame["claim"].tolist() == ["T1: a − b"]
    low, high = made.claims[0].interval
    value = made.claims[0].value
    assert frame.iloc[0, 1:].tolist() == [value, low, high, value, value]
    assert interval_frame([]).columns.tolist() == frame.columns.tolist()
