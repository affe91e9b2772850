import csv
import io
import json

import pandas as pd

from mmrepro.book.claims import COLUMNS, as_csv, as_json, claim_rows
from mmrepro.book.scoreboard import published_records, scoreboard_rows
from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.project import results_dir

PAPERS = [load_paper(slug) for slug in paper_slugs()]
RECORDS = published_records(PAPERS, results_dir())
CLAIMS = claim_rows(scoreboard_rows(PAPERS, RECORDS))


def test_every_claim_of_every_record_is_a_row_in_the_order_of_the_book():
    wanted = [(paper.slug, claim.id) for paper in PAPERS for claim in RECORDS[paper.slug].claims]
    assert sorted((row["chapter"], row["id"]) for row in CLAIMS) == sorted(wanted)
    numbers = [load_paper(row["chapter"]).number for row in CLAIMS]
    assert numbers == sorted(numbers)


def test_a_row_says_what_the_record_says():
    row = next(row for row in CLAIMS if row["value"] is not None and row["low"] is not None)
    result = next(each for each in RECORDS[row["chapter"]].claims if each.id == row["id"])
    assert (row["value"], (row["low"], row["high"])) == (result.value, result.interval)
    assert (row["verdict"], row["tier"], row["reason"]) == (result.verdict, result.tier, result.reason)
    assert row["sample"] == result.n_seeds
    assert row["systems"].split(" | ") == list(result.claim.systems)
    assert set(row) == set(COLUMNS)


def test_csv_and_json_hold_the_same():
    read = list(csv.DictReader(io.StringIO(as_csv(CLAIMS))))
    told = json.loads(as_json(CLAIMS))
    assert len(read) == len(told) == len(CLAIMS)
    for one, other in zip(read, told, strict=True):
        assert one == {name: "" if value is None else str(value) for name, value in other.items()}


def test_a_data_frame_reads_the_numbers_as_numbers():
    frame = pd.read_csv(io.StringIO(as_csv(CLAIMS)))
    assert frame["value"].dtype == float
    assert frame["sample"].dtype == int
    assert frame["headline"].dtype == bool


def test_without_records_there_is_only_a_header():
    empty = claim_rows(scoreboard_rows(PAPERS, {}))
    assert as_csv(empty).splitlines() == [",".join(COLUMNS)]
    assert json.loads(as_json(empty)) == []
