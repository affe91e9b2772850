"""A false number, planted in a record or another measurement, does not reach a page unseen."""

import json

import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.comparison import differences
from mmrepro.evidence.record import RunRecord, digest_of, judge, read_record, seal
from mmrepro.files import sha256_file
from mmrepro.papers.paper import load_paper, paper_slugs
from mmrepro.papers.settings import resolve_settings
from tests.book.specimen import PAPER, PROJECT, SLUG, handmade, record
from tests.truth.conftest import staged

RESULTS = {
    "benchmarks/engine.json": '"wall_s": ',
    "faults.json": '"seconds": ',
    f"cpu/{SLUG}.json": '"wall_s": 1',
}


def committed(place):
    return place.root / "results" / "cpu" / f"{SLUG}.json"


def forge(path, edit):
    """Change a record's JSON and give it the digest that fits."""
    content = json.loads(path.read_text())
    edit(content)
    content["digest"] = digest_of(content)
    path.write_text(json.dumps(content))


def judged_anew(content, **data):
    """Let a forged record's claims follow its metrics and its own idea of the claims and data."""
    found = RunRecord.model_validate({**content, **data})
    tiers = {used.name: used.tier for used in found.data}
    claims = judge([result.claim for result in found.claims], found.metrics, tiers, {})
    content["claims"] = [json.loads(claim.model_dump_json()) for claim in claims]


@pytest.mark.parametrize("name", RESULTS)
def test_a_number_changed_by_hand_in_any_result_stops_the_build(published, name):
    staged(published)
    path = published.root / "results" / name
    assert RESULTS[name] in path.read_text()
    path.write_text(path.read_text().replace(RESULTS[name], f"{RESULTS[name]}9", 1))
    with pytest.raises(MMReproError, match="is not what was measured"):
        staged(published)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_that_was_taken_away_stops_the_build(published, name):
    (published.root / "results" / name).unlink()
    with pytest.raises(MMReproError, match="is gone; restore it"):
        staged(published)


# The digest covers none of these, or was made anew: the checksums cover every byte.
WITH_A_DIGEST = {
    "seconds": lambda each: each.update(wall_s=1.0),
    "the machine": lambda each: each["environment"].update(cpu="A faster one"),
    "the key of today's sources": lambda each: each["code"].update(key="f" * 64),
    "the day": lambda each: each.update(started="2026-01-01T00:00:00Z"),
    "a metric that no claim asks for": lambda each: each["metrics"].append(
        {"dataset": "toy", "system": "early", "metric": "F1", "seed": 0, "value": 99.0}
    ),
}


@pytest.mark.parametrize("edit", WITH_A_DIGEST.values(), ids=WITH_A_DIGEST)
def test_a_record_with_a_fitting_digest_does_not_fit_its_checksum(published, edit):
    forge(committed(published), edit)
    read_record(committed(published))
    with pytest.raises(MMReproError, match="is not what was measured"):
        staged(published)


def wider_margin(each):
    each["claims"][0]["claim"]["margin"] = 9.0
    judged_anew(each)


def better_tier(each):
    each["data"][0]["tier"] = "closed-form"
    judged_anew(each)


def other_number(each):
    each["claims"][1]["claim"]["paper_value"] = 99.0
    judged_anew(each)


def without_the_negative(each):
    each["claims"].pop()


def other_data(each):
    each["data"][0]["sha256"] = "d" * 64


def more_seeds(each):
    each["settings"]["seeds"], each["seeds"] = [0, 1], list(range(100))


def verdict(each):
    each["claims"][0]["verdict"] = "compatible"


def metric(each):
    each["metrics"][0]["value"] = 99.0


CONSISTENT = {
    "a wider margin": (wider_margin, "tests C1 otherwise than paper.yml declares it"),
    "another number of the paper": (other_number, "tests C2 otherwise than paper.yml"),
    "a claim left out": (without_the_negative, "does not test the claims of paper.yml"),
    "a better tier": (better_tier, "uses toy otherwise than the data manifest declares it"),
    "other bytes of the data": (other_data, "uses toy otherwise than the data manifest declares it"),
    "more seeds": (more_seeds, "names other seeds than its settings"),
    "a verdict": (verdict, "the verdict of C1 is not what its numbers give"),
    "a metric": (metric, "the verdict of C1, C2 is not what its numbers give"),
}


@pytest.mark.parametrize("where", ["committed", "run"])
@pytest.mark.parametrize(("edit", "told"), CONSISTENT.values(), ids=CONSISTENT)
def test_a_record_whose_hashes_were_all_made_anew_departs_from_its_sources(published, where, edit, told):
    if where == "committed":
        forge(committed(published), edit)
        published.note_sums()
    else:
        files = published.keep_run(handmade())
        forge(files.record, edit)
        marker = json.loads(files.marker.read_text())
        marker["record_sha256"] = sha256_file(files.record)
        files.marker.write_text(json.dumps(marker))
    with pytest.raises(MMReproError, match=told):
        staged(published)


def test_a_record_older_than_its_sources_is_shown_as_stale(published):
    forge(committed(published), wider_margin)
    published.note_sums()
    page = (staged(published, is_stale=lambda made: True) / "scoreboard.md").read_text()
    assert "this record is stale" in page


def test_a_record_of_another_profile_is_not_published(published):
    committed(published).write_text(record("smoke", seeds=2).model_dump_json())
    published.note_sums()
    with pytest.raises(MMReproError, match="is the smoke record of toy-fusion; make the right one with"):
        staged(published)


def test_a_forgery_that_fits_everything_is_shown_by_the_next_run():
    """No checksum can tell it: whoever can change one file can change all. The scheduled re-run does."""
    true = record()
    better = [row.model_copy(update={"value": row.value + 5}) for row in true.metrics]
    claims = judge(PAPER.claims, better, {"toy": "paper"}, {})
    forged = seal({**dict(true), "metrics": better, "claims": claims})
    told = differences(true, forged, PAPER.tolerances)
    assert any("toy/accuracy/early is 71.68, committed 76.68" in problem for problem in told)
    assert any("verdict of C2: 'reproduced', committed" in problem for problem in told)


@pytest.mark.parametrize("slug", paper_slugs())
def test_a_committed_record_was_made_with_the_settings_that_its_profile_declares(slug):
    made = read_record(PROJECT / "results" / "cpu" / f"{slug}.json")
    declared = resolve_settings(load_paper(slug), "cpu").model_dump(mode="json")
    free = {"device", "time_budget_s"}  # where it ran, and how long it might
    assert {name for name in declared if declared[name] != made.settings.get(name)} <= free


@pytest.mark.parametrize("slug", paper_slugs())
def test_every_tolerance_is_of_a_metric_that_the_record_holds(slug):
    made = read_record(PROJECT / "results" / "cpu" / f"{slug}.json")
    assert load_paper(slug).tolerances.keys() <= {point.metric for point in made.metrics}


@pytest.mark.parametrize("slug", paper_slugs())
def test_no_margin_or_tolerance_hides_everything(slug):
    paper = load_paper(slug)
    limits = [*paper.tolerances.values(), *(claim.margin for claim in paper.claims)]
    values = [claim.paper_value for claim in paper.claims if claim.paper_value is not None]
    assert all(abs(number) < 1e12 for number in [*limits, *values])
